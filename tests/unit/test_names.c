/* SPDX-License-Identifier: MIT */
/* Host names to services and back, in each family; what the proxy may connect to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/names.h"

static const struct site_names names = {
    .ports = {.vault = 7443,  .management = 7444, .identity = 7445, .proxy = 7446},
    .aliases = {{"localhost:7443", "demo"}, {"kv.test", "other"}                  },
    .n_aliases = 2,
};

static void a_host_names_its_service_family_and_label(void **state)
{
    static const struct {
        const char *host;
        enum name_family family;
        enum service service;
        const char *label;
    } cases[] = {
        {"demo.vault.localhost:7443",              NAMES_LOCALHOST, SVC_VAULT,            "demo"      },
        {"DEMO.Vault.LocalHost",                   NAMES_LOCALHOST, SVC_VAULT,            "demo"      },
        {"management.localhost:7444",              NAMES_LOCALHOST, SVC_MANAGEMENT,       ""          },
        {"login.localhost",                        NAMES_LOCALHOST, SVC_LOGIN,            ""          },
        {"graph.localhost",                        NAMES_LOCALHOST, SVC_GRAPH,            ""          },
        {"a.openai.localhost",                     NAMES_LOCALHOST, SVC_OPENAI,           "a"         },
        {"a.cognitiveservices.localhost",          NAMES_LOCALHOST, SVC_COGNITIVE,        "a"         },
        {"a.services.localhost",                   NAMES_LOCALHOST, SVC_AI_SERVICES,      "a"         },
        {"127.0.0.1:7445",                         NAMES_LOCALHOST, SVC_IDENTITY,         ""          },
        {"[::1]:7445",                             NAMES_LOCALHOST, SVC_IDENTITY,         ""          },
        {"localhost:7445",                         NAMES_LOCALHOST, SVC_IDENTITY,         ""          },
        {"demo.vault.azure.net",                   NAMES_AZURE,     SVC_VAULT,            "demo"      },
        {"demo.vault.azure.net:443",               NAMES_AZURE,     SVC_VAULT,            "demo"      },
        {"management.azure.com",                   NAMES_AZURE,     SVC_MANAGEMENT,       ""          },
        {"management.core.windows.net",            NAMES_AZURE,     SVC_MANAGEMENT,       ""          },
        {"login.microsoftonline.com",              NAMES_AZURE,     SVC_LOGIN,            ""          },
        {"login.windows.net",                      NAMES_AZURE,     SVC_LOGIN,            ""          },
        {"sts.windows.net",                        NAMES_AZURE,     SVC_LOGIN,            ""          },
        {"graph.microsoft.com",                    NAMES_AZURE,     SVC_GRAPH,            ""          },
        {"graph.windows.net",                      NAMES_AZURE,     SVC_GRAPH,            ""          },
        {"a.openai.azure.com",                     NAMES_AZURE,     SVC_OPENAI,           "a"         },
        {"a.cognitiveservices.azure.com",          NAMES_AZURE,     SVC_COGNITIVE,        "a"         },
        {"a.services.ai.azure.com",                NAMES_AZURE,     SVC_AI_SERVICES,      "a"         },
        {"westeurope.api.cognitive.microsoft.com", NAMES_AZURE,     SVC_COGNITIVE_REGION, "westeurope"},
        {"169.254.169.254",                        NAMES_AZURE,     SVC_IDENTITY,         ""          },
        {"localhost:7443",                         NAMES_ALIAS,     SVC_VAULT,            "demo"      },
        {"kv.test:9",                              NAMES_ALIAS,     SVC_VAULT,            "other"     },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct site site;

        assert_true(site_from_host(&names, sv_from(cases[i].host), &site));
        assert_int_equal(site.family, cases[i].family);
        assert_int_equal(site.service, cases[i].service);
        assert_string_equal(site.label, cases[i].label);
    }
}

static void another_host_is_nobodys(void **state)
{
    static const char *const cases[] = {
        "",
        ":443",
        ".vault.localhost",
        "vault.localhost",
        "a.b.vault.localhost",
        "de mo.vault.localhost",
        "demo.vault.localhost.example.com",
        "demo.vault.azure.net.",
        "demovault.azure.net",
        "evil-login.microsoftonline.com",
        "login.microsoftonline.com.evil.example",
        "example.com",
        "[::1",
        "demo/../x.vault.localhost",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.vault.localhost",
    };
    struct site site;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (strcmp(cases[i], "[::1") != 0) {
            assert_false(site_from_host(&names, sv_from(cases[i]), &site));
        }
    }
    assert_false(site_from_host(&names, (struct str_view){NULL, 0}, &site));
}

static void urls_are_rendered_in_the_family_of_the_request(void **state)
{
    static const struct {
        const char *host;
        enum service service;
        const char *label;
        const char *url;
    } cases[] = {
        {"demo.vault.localhost:1", SVC_VAULT,            "v2",   "https://v2.vault.localhost:7443"  },
        {"demo.vault.localhost:1", SVC_LOGIN,            NULL,   "https://login.localhost:7444"     },
        {"demo.vault.localhost",   SVC_COGNITIVE_REGION, "a",
         "https://a.cognitiveservices.localhost:7444"                                               },
        {"demo.vault.azure.net",   SVC_VAULT,            "v2",   "https://v2.vault.azure.net"       },
        {"demo.vault.azure.net",   SVC_LOGIN,            NULL,   "https://login.microsoftonline.com"},
        {"demo.vault.azure.net",   SVC_MANAGEMENT,       NULL,   "https://management.azure.com"     },
        {"demo.vault.azure.net",   SVC_COGNITIVE_REGION, "r",
         "https://r.api.cognitive.microsoft.com"                                                    },
        {"LocalHost:7443",         SVC_VAULT,            "demo", "https://LocalHost:7443"           },
        {"localhost:7443",         SVC_VAULT,            "v2",   "https://v2.vault.localhost:7443"  },
        {"localhost:7443",         SVC_LOGIN,            NULL,   "https://login.localhost:7444"     },
        {"127.0.0.1:7445",         SVC_IDENTITY,         NULL,   "http://127.0.0.1:7445"            },
    };
    char url[URL_MAX];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct site site;

        assert_true(site_from_host(&names, sv_from(cases[i].host), &site));
        assert_string_equal(site_url(&site, cases[i].service, cases[i].label, url), cases[i].url);
    }
}

static void the_resource_of_a_challenge_fits_the_family(void **state)
{
    static const char *const cases[][3] = {
        {"demo.vault.azure.net",      "https://vault.azure.net",      "vault.azure.net"     },
        {"demo.vault.localhost:7443", "https://vault.localhost:7443", "vault.localhost:7443"},
        {"localhost:7443",            "https://localhost:7443",       "vault.localhost:7443"},
    };
    char buf[URL_MAX];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct site site;

        assert_true(site_from_host(&names, sv_from(cases[i][0]), &site));
        assert_string_equal(site_vault_resource(&site, buf), cases[i][1]);
        assert_string_equal(site_vault_suffix(&site, buf), cases[i][2]);
    }
}

static void the_proxy_connects_to_azure_names_on_443_only(void **state)
{
    static const struct {
        const char *authority;
        bool allowed;
    } cases[] = {
        {"demo.vault.azure.net:443",      true },
        {"DEMO.vault.azure.net:443",      true },
        {"login.microsoftonline.com:443", true },
        {"a.openai.azure.com:443",        true },
        {"demo.vault.azure.net",          false},
        {"demo.vault.azure.net:80",       false},
        {"demo.vault.azure.net:4430",     false},
        {"demo.vault.azure.net:443:443",  false},
        {"demo.vault.localhost:443",      false},
        {"169.254.169.254:443",           false},
        {"127.0.0.1:443",                 false},
        {"example.com:443",               false},
        {":443",                          false},
        {"",                              false},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum service service;

        assert_int_equal(names_connect_allowed(sv_from(cases[i].authority), &service),
                         cases[i].allowed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_names_its_service_family_and_label),
        cmocka_unit_test(another_host_is_nobodys),
        cmocka_unit_test(urls_are_rendered_in_the_family_of_the_request),
        cmocka_unit_test(the_resource_of_a_challenge_fits_the_family),
        cmocka_unit_test(the_proxy_connects_to_azure_names_on_443_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
