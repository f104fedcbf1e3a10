/* SPDX-License-Identifier: MIT */
/* Paths as providers, types and names. */
#include "provider/domain/arm_scope.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* Operations whose last word is not what their method says (resource-provider-operations.md). */
static const struct {
    const char *derived;
    const char *action;
} exceptions[] = {
    {"Microsoft.KeyVault/checkNameAvailability/action",
     "Microsoft.KeyVault/checkNameAvailability/read"                    },
    {"Microsoft.CognitiveServices/checkDomainAvailability/action",
     "Microsoft.CognitiveServices/checkDomainAvailability/read"         },
    {"Microsoft.CognitiveServices/locations/checkSkuAvailability/action",
     "Microsoft.CognitiveServices/locations/checkSkuAvailability/action"},
};

static bool add(char *out, size_t size, struct str_view piece)
{
    size_t len = strlen(out);

    if (len + piece.len + 2 > size) {
        return false;
    }
    out[len] = '/';
    memcpy(out + len + 1, piece.ptr, piece.len);
    out[len + 1 + piece.len] = '\0';
    return true;
}

/* The provider of the resource: index of its name, or 0 when the path is the resource manager's
 * own. */
static size_t provider_at(const struct http_request *req, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        /* "/subscriptions/S/providers/NS" alone is about the provider, not of it. */
        if (sv_ieq(req->segments[i], "providers") && i + 2 < n) {
            return i + 1;
        }
    }
    return 0;
}

static const char *verb(enum http_method m)
{
    switch (m) {
    case HTTP_M_GET:
    case HTTP_M_HEAD:
        return "read";
    case HTTP_M_PUT:
    case HTTP_M_PATCH:
        return "write";
    case HTTP_M_DELETE:
        return "delete";
    case HTTP_M_POST:
    case HTTP_M_OPTIONS:
    case HTTP_M_OTHER:
        break;
    }
    return "action";
}

bool arm_action_of(const struct http_request *req, char action[ARM_ACTION_MAX],
                   char scope[ARM_SCOPE_MAX])
{
    size_t n = req->n_segments;
    size_t at;
    size_t first;
    size_t held;
    char text[ARM_ACTION_MAX] = "";
    bool ok = true;

    while (n > 0 && req->segments[n - 1].len == 0) {
        n--;
    }
    at = provider_at(req, n);
    first = at > 0 ? at + 1 : 0;
    (void) snprintf(text, sizeof(text), "%.*s", at > 0 ? (int) req->segments[at].len : 19,
                    at > 0 ? req->segments[at].ptr : "Microsoft.Resources");
    for (size_t i = first; i < n; i += 2) {
        ok = ok && add(text, sizeof(text), req->segments[i]);
    }
    ok = ok && add(text, sizeof(text), sv_from(verb(req->method)));
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
        if (strcasecmp(exceptions[i].derived, text) == 0) {
            (void) snprintf(text, sizeof(text), "%s", exceptions[i].action);
        }
    }
    (void) snprintf(action, ARM_ACTION_MAX, "%s", text);
    /* An odd number of segments after the provider: the last one is a list or an action. */
    held = (n - first) % 2 == 0 ? n : n - 1;
    scope[0] = '\0';
    for (size_t i = 0; i < held; i++) {
        ok = ok && add(scope, ARM_SCOPE_MAX, req->segments[i]);
    }
    return ok;
}

bool arm_authorization_scope(const struct http_request *req, char scope[ARM_SCOPE_MAX])
{
    size_t end = req->n_segments;
    bool ok = true;

    while (end > 0 && !(end + 1 < req->n_segments && sv_ieq(req->segments[end], "providers") &&
                        sv_ieq(req->segments[end + 1], "Microsoft.Authorization"))) {
        end--;
    }
    if (!(req->n_segments > 1 && sv_ieq(req->segments[end], "providers"))) {
        return false;
    }
    scope[0] = '\0';
    for (size_t i = 0; i < end; i++) {
        ok = ok && add(scope, ARM_SCOPE_MAX, req->segments[i]);
    }
    if (end == 0) {
        (void) snprintf(scope, ARM_SCOPE_MAX, "/");
    }
    return ok;
}
