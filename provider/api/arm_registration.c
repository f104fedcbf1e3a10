/* SPDX-License-Identifier: MIT */
/*
 * Registration of resource providers: `az provider unregister`, and what a subscription that never
 * registered meets (recorded in full: wire-samples.md part 3). Here every subscription is
 * registered for everything at first.
 */
#include "provider/api/arm_registration.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"

#define COLLECTION "unregisteredProviders"

bool arm_is_registered(struct kvdb_txn *txn, const char *subscription, const char *ns)
{
    AUTO_JSON *record = NULL;
    struct az_error ignored; /* a store that fails says so at the request's own reading */

    return !child_get(txn, subscription, COLLECTION, ns, &record, &ignored) || !record;
}

/* "/subscriptions/{s}/.../providers/NS/TYPE...": the last namespace. NULL: about no resource. */
static const char *namespace_of(const struct http_request *req)
{
    const char *ns = NULL;

    for (size_t i = 2; i + 2 < req->n_segments; i++) {
        bool about_the_provider =
            i == 2 && req->n_segments == 5 &&
            (sv_ieq(req->segments[4], "register") || sv_ieq(req->segments[4], "unregister"));

        if (sv_ieq(req->segments[i], "providers") && !about_the_provider) {
            ns = arm_known_namespace(req->segments[i + 1]);
        }
    }
    return ns;
}

/* Recorded for a PUT; that other changes are refused and reading is not: ours. */
bool arm_check_registered(struct provider_call *c, struct az_error *reterr)
{
    const unsigned changes = HTTP_M_PUT | HTTP_M_PATCH | HTTP_M_POST | HTTP_M_DELETE;
    const char *ns = c->subscription.id[0] ? namespace_of(&c->x->req) : NULL;
    struct kvdb_txn *txn = NULL;
    bool registered;

    if (!ns || (changes & (unsigned) c->x->req.method) == 0) {
        return true;
    }
    if (!kvdb_begin_read(c->d->db, &txn, reterr)) {
        return false;
    }
    registered = arm_is_registered(txn, c->subscription.id, ns);
    kvdb_abort(txn);
    if (registered) {
        return true;
    }
    (void) http_response_set_header(&c->x->resp, "x-ms-failure-cause", "gateway");
    (void) az_fail(reterr, AZ_ERR_MISSING_REGISTRATION,
                   "The subscription is not registered to use namespace '%s'. See "
                   "https://aka.ms/rps-not-found for how to register subscriptions.",
                   ns);
    reterr->details_target = ns;
    return false;
}

static bool is_one(void *ctx, json_t *item)
{
    (void) item;
    *(bool *) ctx = true;
    return false;
}

/* "You can't unregister a resource provider when you still have resource types from that resource
 * provider in your subscription": azure-resource-manager/management/resource-providers-and-types.
 */
static bool check_unused(struct provider_call *c, struct kvdb_txn *txn, const char *ns,
                         struct az_error *reterr)
{
    bool used = false;

    if (strcmp(ns, "Microsoft.CognitiveServices") != 0) {
        return az_fail(reterr, AZ_ERR_CONFLICT,
                       "Only Microsoft.CognitiveServices can be unregistered here, not '%s'.", ns);
    }
    return (account_store_each(txn, c->subscription.id, NULL, false, is_one, &used) && !used) ||
           az_fail(reterr, AZ_ERR_CONFLICT,
                   "The subscription has resources of '%s': it can't be unregistered.", ns);
}

bool arm_set_registered(struct provider_call *c, struct kvdb_txn *txn, bool registered,
                        struct az_error *reterr)
{
    const char *ns = arm_known_namespace(sv_from(provider_param(c, 1)));
    AUTO_JSON *record = json_object();

    if (!ns) {
        return az_fail(reterr, AZ_ERR_INVALID_RESOURCE_NAMESPACE,
                       "The resource namespace '%s' is invalid.", provider_param(c, 1));
    }
    if (registered) {
        (void) child_del(txn, c->subscription.id, COLLECTION, ns);
        return !kvdb_failed(txn) || az_fail_internal(reterr, "registering a provider");
    }
    return check_unused(c, txn, ns, reterr) &&
           child_put(txn, c->subscription.id, COLLECTION, ns, record, reterr);
}
