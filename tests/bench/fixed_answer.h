/* SPDX-License-Identifier: MIT */
/* What the yardstick servers answer: the headers and the length of a recorded get-key answer
 * (RSA 2048, wire-samples.md part 1). Data only. */
#pragma once

#define FIXED_TYPE "application/json; charset=utf-8"

static const struct {
    const char *name, *value;
} fixed_headers[] = {
    {"Cache-Control",                 "no-cache"                                                },
    {"Pragma",                        "no-cache"                                                },
    {"Expires",                       "-1"                                                      },
    {"x-ms-keyvault-region",          "westeurope"                                              },
    {"x-ms-request-id",               "11111111-2222-3333-4444-555555555555"                    },
    {"x-ms-keyvault-service-version", "1.9.2228.1"                                              },
    {"x-ms-keyvault-network-info",    "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"},
    {"Strict-Transport-Security",     "max-age=31536000;includeSubDomains"                      },
    {"X-Content-Type-Options",        "nosniff"                                                 },
};

#define FIXED_BODY                                                                                  \
    "{\"key\":{\"kid\":\"https://"                                                                  \
    "bench.vault.localhost:7443/keys/k/0123456789abcdef0123456789abcdef\",\"kty\":\"RSA\","         \
    "\"key_ops\":[\"encrypt\",\"decrypt\",\"sign\",\"verify\",\"wrapKey\",\"unwrapKey\"],"          \
    "\"n\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"     \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"     \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"     \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"e\":\"AQAB\"}," \
    "\"attributes\":{\"enabled\":true,\"created\":1700000000,\"updated\":1700000000,"               \
    "\"recoveryLevel\":\"Recoverable+Purgeable\",\"recoverableDays\":90,\"exportable\":false}}"
