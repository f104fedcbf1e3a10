/* SPDX-License-Identifier: MIT */
/* vaultd decides; this only looks (kv.properties-default-off, kv.properties-later,
 * kv.back-to-policies). */
#include "provider/api/vault_watch.h"

#include <string.h>

#include "common/json.h"
#include "provider/api/rule_log.h"

/* /subscriptions/S/resourceGroups/G/providers/Microsoft.KeyVault/vaults/NAME */
#define VAULT_SEGMENTS 8

static bool facts(struct provider_call *c, const char *vault, struct vault_facts *ret)
{
    struct az_error ignored; /* the request itself will say what is wrong */

    return c->d->vaults->get_vault(c->d->vaults->ctx, vault, NULL, NULL, ret, &ignored);
}

void vault_watch_before(struct provider_call *c, struct vault_watch *w)
{
    const struct http_request *req = &c->x->req;
    bool write = sv_eq(req->method_name, "PUT") || sv_eq(req->method_name, "PATCH");

    *w = (struct vault_watch){0};
    if (!write || req->n_segments != VAULT_SEGMENTS || !sv_ieq(req->segments[6], "vaults") ||
        req->segments[7].len >= sizeof(w->vault)) {
        return;
    }
    (void) snprintf(w->vault, sizeof(w->vault), "%.*s", (int) req->segments[7].len,
                    req->segments[7].ptr);
    w->watching = facts(c, w->vault, &w->before);
}

/* Did the body ask for one of the two properties to be given up? */
static bool gives_up(const struct provider_call *c)
{
    char why[64];
    AUTO_JSON *body = json_parse(c->x->req.body, why, sizeof(why));
    const json_t *p = json_object_iget(body, "properties");

    return json_is_false(json_object_iget(p, "enablePurgeProtection")) ||
           json_is_false(json_object_iget(p, "enableSoftDelete"));
}

static void note_new(struct provider_call *c, const struct vault_facts *now)
{
    rule_log_note(c->d, RULE_KV_PROPERTIES_DEFAULT_OFF,
                  now->purge_protection ? CMK_BROKEN : CMK_OBEYED);
}

static void note_change(struct provider_call *c, const struct vault_facts *before,
                        const struct vault_facts *now)
{
    if ((!before->purge_protection && now->purge_protection) ||
        (!before->soft_delete && now->soft_delete)) {
        rule_log_note(c->d, RULE_KV_PROPERTIES_LATER, CMK_OBEYED);
    }
    if (before->rbac != now->rbac) {
        rule_log_note(c->d, RULE_KV_BACK_TO_POLICIES, now->rbac ? CMK_BROKEN : CMK_OBEYED);
    }
}

void vault_watch_after(struct provider_call *c, const struct vault_watch *w, int status)
{
    struct vault_facts now;

    if (!w->watching) {
        return;
    }
    if (status >= 400) {
        if (w->before.exists && w->before.purge_protection && gives_up(c)) {
            rule_log_note(c->d, RULE_KV_PROPERTIES_LATER, CMK_BROKEN);
        }
        return;
    }
    if (!facts(c, w->vault, &now) || !now.exists) {
        return;
    }
    if (w->before.exists) {
        note_change(c, &w->before, &now);
    } else {
        note_new(c, &now);
    }
}
