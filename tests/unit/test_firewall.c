/* SPDX-License-Identifier: MIT */
/* The vault firewall: network-security.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault/domain/firewall.h"

#define SUBNET \
    "/subscriptions/s/resourcegroups/g/providers/microsoft.network/virtualnetworks/v/subnets/one"

static struct vault make(const char *properties, bool on, bool bypass, bool closed)
{
    struct vault v = {.firewall_on = on, .bypass_trusted = bypass, .public_disabled = closed};

    v.properties = json_loads(properties, 0, NULL);
    assert_non_null(v.properties);
    return v;
}

static const char RULES[] =
    "{\"networkAcls\":{\"ipRules\":[{\"value\":\"124.56.78.91/32\"},{\"value\":\"2.3.4.0/24\"}],"
    "\"virtualNetworkRules\":[{\"id\":\"" SUBNET "\"}]}}";

static void addresses_and_ranges_are_read(void **state)
{
    static const struct {
        const char *text;
        uint32_t first, last;
    } good[] = {
        {"124.56.78.91",    0x7C384E5B, 0x7C384E5B},
        {"124.56.78.91/32", 0x7C384E5B, 0x7C384E5B},
        {"124.56.78.0/24",  0x7C384E00, 0x7C384EFF},
        {"124.56.78.9/24",  0x7C384E00, 0x7C384EFF},
        {"0.0.0.0/0",       0x00000000, 0xFFFFFFFF},
    };
    static const char *const bad[] = {"",
                                      "x",
                                      "1.2.3",
                                      "1.2.3.4/33",
                                      "1.2.3.4/",
                                      "1.2.3.4/-1",
                                      "1.2.3.4/x",
                                      "1.2.3.4-5",
                                      "::1",
                                      "1.2.3.256",
                                      "1.2.3.4/8 ",
                                      "1.2.3.4/032",
                                      "1.2.3.4.5.6.7.8.9.0"};
    struct ip_range r;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(ip_range_parse(good[i].text, &r));
        assert_int_equal(r.first, good[i].first);
        assert_int_equal(r.last, good[i].last);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ip_range_parse(bad[i], &r));
    }
}

static void private_ranges_are_forbidden_wherever_they_touch(void **state)
{
    static const char *const forbidden[] = {"10.0.0.0/8",     "10.1.2.3",       "172.16.0.1",
                                            "172.31.255.255", "192.168.1.0/24", "192.0.0.0/8",
                                            "0.0.0.0/0"};
    static const char *const good[] = {"9.255.255.255", "11.0.0.0/8", "172.15.0.0/16", "172.32.0.1",
                                       "192.167.0.0/16"};
    struct ip_range r;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
        assert_true(ip_range_parse(forbidden[i], &r));
        assert_non_null(ip_range_forbidden(&r));
    }
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(ip_range_parse(good[i], &r));
        assert_null(ip_range_forbidden(&r));
    }
}

static void callers_are_judged_by_address_subnet_and_trust(void **state)
{
    static const struct {
        bool on, bypass, closed;
        struct firewall_caller from;
        enum firewall_verdict verdict;
    } rows[] = {
        {false, true,  false, {"9.9.9.9", "", false},         FIREWALL_LETS     },
        {true,  true,  false, {"9.9.9.9", "", false},         FIREWALL_REFUSES  },
        {true,  true,  false, {"124.56.78.91", "", false},    FIREWALL_LETS     },
        {true,  true,  false, {"2.3.4.200", "", false},       FIREWALL_LETS     },
        {true,  true,  false, {"2.3.5.0", "", false},         FIREWALL_REFUSES  },
        {true,  true,  false, {"::1", "", false},             FIREWALL_REFUSES  },
        {true,  true,  false, {"9.9.9.9", SUBNET, false},     FIREWALL_LETS     },
        {true,  true,  false, {"9.9.9.9", SUBNET "2", false}, FIREWALL_REFUSES  },
        {true,  true,  false, {"9.9.9.9", "", true},          FIREWALL_LETS     },
        {true,  false, false, {"9.9.9.9", "", true},          FIREWALL_REFUSES  },
 /* Disabled overrides the rules, the bypass still works */
        {true,  true,  true,  {"124.56.78.91", "", false},    FIREWALL_IS_CLOSED},
        {true,  true,  true,  {"9.9.9.9", SUBNET, false},     FIREWALL_IS_CLOSED},
        {true,  true,  true,  {"9.9.9.9", "", true},          FIREWALL_LETS     },
        {true,  false, true,  {"9.9.9.9", "", true},          FIREWALL_IS_CLOSED},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct vault v = make(RULES, rows[i].on, rows[i].bypass, rows[i].closed);

        assert_int_equal(firewall_judge(&v, &rows[i].from), rows[i].verdict);
        json_decref(v.properties);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_ranges_are_read),
        cmocka_unit_test(private_ranges_are_forbidden_wherever_they_touch),
        cmocka_unit_test(callers_are_judged_by_address_subnet_and_trust),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
