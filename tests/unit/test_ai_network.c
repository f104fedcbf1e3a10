/* SPDX-License-Identifier: MIT */
/*
 * Who may call and which hosts a call may name (sec.vnet, sec.dlp; SEC25), and the data action of
 * each operation (rbac-roles/CognitiveServicesOpenAI*.json).
 */
#include "common/json.h"
#include "provider/domain/ai_action.h"
#include "provider/domain/ai_network.h"
#include "tests/support.h"

#define SUBNET \
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"
#define DENY                                                                                  \
    "{\"networkAcls\":{\"defaultAction\":\"Deny\",\"bypass\":\"AzureServices\",\"ipRules\":[" \
    "{\"value\":\"203.0.113.0/24\"},{\"value\":\"2001:db8::/33\"},{\"value\":\"9.9.9.9\"}],"  \
    "\"virtualNetworkRules\":[{\"id\":\"" SUBNET "\"}]}}"

static void only_allowed_networks_are_let_in(void **state)
{
    static const struct {
        const char *properties;
        struct ai_network_caller from;
        enum ai_network_verdict verdict;
    } cases[] = {
        {"{}",                                              {"1.2.3.4", "", false},          AI_NETWORK_LETS     },
        {"{\"networkAcls\":{\"defaultAction\":\"Allow\"}}",
         {"1.2.3.4", "", false},
         AI_NETWORK_LETS                                                                                         },
        {DENY,                                              {"203.0.113.255", "", false},    AI_NETWORK_LETS     },
        {DENY,                                              {"203.0.114.0", "", false},      AI_NETWORK_REFUSES  },
        {DENY,                                              {"9.9.9.9", "", false},          AI_NETWORK_LETS     },
        {DENY,                                              {"9.9.9.8", "", false},          AI_NETWORK_REFUSES  },
        {DENY,                                              {"2001:db8:7fff::1", "", false}, AI_NETWORK_LETS     },
        {DENY,                                              {"2001:db8:8000::1", "", false}, AI_NETWORK_REFUSES  },
        {DENY,                                              {"", "", false},                 AI_NETWORK_REFUSES  },
        {DENY,                                              {"nonsense", SUBNET, false},     AI_NETWORK_LETS     },
        {DENY,                                              {"10.0.0.1", SUBNET "b", false}, AI_NETWORK_REFUSES  },
        {DENY,                                              {"10.0.0.1", "", true},          AI_NETWORK_LETS     },
        {"{\"networkAcls\":{\"defaultAction\":\"Deny\"}}",
         {"10.0.0.1", "", true},
         AI_NETWORK_REFUSES                                                                                      },
        {"{\"publicNetworkAccess\":\"Disabled\"}",          {"9.9.9.9", "", false},          AI_NETWORK_IS_CLOSED},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_JSON *p = json_loads(cases[i].properties, 0, NULL);

        assert_int_equal(ai_network_judge(p, &cases[i].from), cases[i].verdict);
        assert_int_equal(ai_network_restricted(p), i >= 2);
    }
}

static void a_uri_has_one_host_or_none(void **state)
{
    static const struct {
        const char *uri, *host; /* NULL: none */
    } cases[] = {
        {"https://Example.COM/a?b#c",           "example.com"  },
        {"http://example.com:8080",             "example.com"  },
        {"https://example.com./x",              "example.com"  },
        {"https://[2001:db8::1]:443/x",         "[2001:db8::1]"},
        {"https://10.0.0.1",                    "10.0.0.1"     },
        {"https://good.com?@evil.com/",         "good.com"     },
        {"https://good.com#@evil.com/",         "good.com"     },
        {"https://good.com@evil.com/",          NULL           },
        {"https://good.com:80@evil.com/",       NULL           },
        {"https://good.com\\@evil.com/",        NULL           },
        {"https://good%2ecom/",                 NULL           },
        {"https://good.com:80x/",               NULL           },
        {"https://",                            NULL           },
        {"https:///path",                       NULL           },
        {"ftp://good.com/",                     NULL           },
        {"file:///etc/passwd",                  NULL           },
        {"//good.com/",                         NULL           },
        {" https://good.com/",                  NULL           },
        {"https://good.com\r\nHost: evil.com/", NULL           },
        {"",                                    NULL           },
    };
    char host[256];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ai_uri_host(cases[i].uri, host), cases[i].host != NULL);
        if (cases[i].host) {
            assert_string_equal(host, cases[i].host);
        }
    }
}

static void only_hosts_on_the_list_are_allowed(void **state)
{
    AUTO_JSON *list = json_loads("{\"restrictOutboundNetworkAccess\":true,"
                                 "\"allowedFqdnList\":[\"Good.com\",\"10.0.0.1\"]}",
                                 0, NULL);
    AUTO_JSON *none = json_loads("{\"restrictOutboundNetworkAccess\":true}", 0, NULL);
    AUTO_JSON *open = json_loads("{\"allowedFqdnList\":[\"good.com\"]}", 0, NULL);

    (void) state;
    assert_true(ai_outbound_allows(list, "good.com"));
    assert_true(ai_outbound_allows(list, "10.0.0.1"));
    assert_false(ai_outbound_allows(list, "sub.good.com"));
    assert_false(ai_outbound_allows(list, "good.com.evil.com"));
    assert_false(ai_outbound_allows(none, "good.com"));
    assert_true(ai_outbound_allows(open, "anything.example"));
}

static void each_operation_has_its_data_action(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        bool writes;
        const char *action; /* NULL: none */
    } cases[] = {
        {HTTP_M_GET,    "/openai/files",                                         false, "OpenAI/files/read"                   },
        {HTTP_M_GET,    "/openai/v1/files/{id}/content",                         false, "OpenAI/files/read"                   },
        {HTTP_M_POST,   "/openai/files",                                         true,  "OpenAI/files/write"                  },
        {HTTP_M_DELETE, "/openai/v1/files/{id}",                                 true,  "OpenAI/files/delete"                 },
        {HTTP_M_POST,   "/openai/deployments/{d}/chat/completions",              false,
         "OpenAI/deployments/chat/completions/action"                                                                         },
        {HTTP_M_POST,   "/openai/v1/chat/completions",                           false,
         "OpenAI/deployments/chat/completions/action"                                                                         },
        {HTTP_M_POST,   "/openai/v1/embeddings",                                 false, "OpenAI/deployments/embeddings/action"},
        {HTTP_M_POST,   "/openai/fine_tuning/jobs/{id}/cancel",                  true,  "OpenAI/fine-tunes/write"             },
        {HTTP_M_PUT,    "/face/{v}/facelists/{id}",                              true,  "Face/facelists/write"                },
        {HTTP_M_POST,   "/language/authoring/analyze-text/projects/{p}/:export", true,
         "Language/analyze-text/projects/export/action"                                                                       },
        {HTTP_M_GET,    "/elsewhere/files",                                      false, NULL                                  },
        {HTTP_M_GET,    "/openai/{id}",                                          false, NULL                                  },
    };
    char action[AI_ACTION_MAX];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool known = ai_action_of(cases[i].method, cases[i].path, cases[i].writes, action);

        assert_int_equal(known, cases[i].action != NULL);
        if (known) {
            assert_string_equal(action + strlen("Microsoft.CognitiveServices/accounts/"),
                                cases[i].action);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_allowed_networks_are_let_in),
        cmocka_unit_test(a_uri_has_one_host_or_none),
        cmocka_unit_test(only_hosts_on_the_list_are_allowed),
        cmocka_unit_test(each_operation_has_its_data_action),
    };

    return cmocka_run_group_tests_name("ai_network", tests, NULL, NULL);
}
