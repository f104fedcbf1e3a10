/* SPDX-License-Identifier: MIT */
/* Request targets, Hosts and CONNECT authorities: what is taken is decoded and bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/http_msg.h"
#include "common/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_target(struct str_view text)
{
    struct http_request req = {0};

    if (http_request_parse_target(&req, text)) {
        if (!req.target || req.target[0] != '/' || req.n_segments > HTTP_MAX_SEGMENTS ||
            req.n_params > HTTP_MAX_PARAMS) {
            abort();
        }
        for (size_t i = 0; i < req.n_segments; i++) {
            if (req.segments[i].ptr[req.segments[i].len] != '\0') {
                abort();
            }
        }
        for (size_t i = 0; i < req.n_params; i++) {
            if (!http_param_get(&req, req.params[i].name)) {
                abort();
            }
        }
    }
    http_request_done(&req);
}

static void check_host(struct str_view text)
{
    const struct site_names names = {
        .ports = {7443,  7444, 7445, 7446},
          .n_aliases = 1, .aliases = {{"localhost:7443", "demo"}}
    };
    struct site site;
    enum service service;
    char url[URL_MAX];

    if (site_from_host(&names, text, &site)) {
        /* The label goes into answers: nothing but a name may be in it. */
        for (const char *p = site.label; *p; p++) {
            if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", *p)) {
                abort();
            }
        }
        if (strncmp(site_url(&site, SVC_MANAGEMENT, NULL, url), "http", 4) != 0) {
            abort();
        }
    }
    (void) names_connect_allowed(text, &service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str_view text = {(const char *) data, size};

    check_target(text);
    check_host(text);
    return 0;
}
