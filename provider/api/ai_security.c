/* SPDX-License-Identifier: MIT */
/* Networks, roles and outbound hosts of a data plane request. */
#include "provider/api/ai_security.h"

#include <string.h>
#include <strings.h>

#include "common/json.h"
#include "provider/api/auth.h"
#include "provider/api/rule_log.h"
#include "provider/domain/ai_action.h"
#include "provider/domain/ai_network.h"
#include "provider/domain/ai_path.h"

static const json_t *properties_of(const json_t *account)
{
    return json_object_get(account, "properties");
}

bool ai_local_auth_off(const json_t *account)
{
    return json_is_true(json_object_get(properties_of(account), "disableLocalAuth"));
}

static void note_combined(struct provider_call *c, const json_t *account, enum cmk_result verdict)
{
    const json_t *p = properties_of(account);
    int on = (int) ai_local_auth_off(account) + (int) ai_network_restricted(p) +
             (int) ai_outbound_restricted(p);

    if (on >= 2) {
        rule_log_note(c->d, RULE_SEC_COMBINED, verdict);
    }
}

static enum ai_network_verdict network_verdict(struct provider_call *c, const json_t *account)
{
    struct str_view subnet = http_header_get(&c->x->req, "x-kvsim-client-subnet");
    char id[512] = "";
    struct ai_network_caller from = {c->x->req.client_ip, id, c->who.trusted_service};

    /* As at the vaults: a test says beside the control token where the call comes from. */
    if (control_client_ip(&c->d->control, &c->x->req) && subnet.len > 0 &&
        subnet.len < sizeof(id)) {
        memcpy(id, subnet.ptr, subnet.len);
        id[subnet.len] = '\0';
    }
    return ai_network_judge(properties_of(account), &from);
}

/* Texts: as quoted by Azure-Samples/azure-sql-db-chatbot issue 3 and continuedev/continue issue
 * 12547; that of the closed account by many. */
static bool refuse(enum ai_network_verdict verdict, bool region, struct az_error *reterr)
{
    if (region) {
        return az_fail(reterr, AZ_ERR_AI_FORBIDDEN,
                       "A Virtual Network is configured for this resource. Please use the correct "
                       "endpoint for making requests. Check https://aka.ms/cogsvc-vnet for more "
                       "details.");
    }
    return verdict == AI_NETWORK_IS_CLOSED
               ? az_fail(reterr, AZ_ERR_AI_FORBIDDEN,
                         "Public access is disabled. Please configure private endpoint.")
               : az_fail(reterr, AZ_ERR_AI_FORBIDDEN,
                         "Access denied due to Virtual Network/Firewall rules.");
}

bool ai_admit_network(struct provider_call *c, const json_t *account, struct az_error *reterr)
{
    enum ai_network_verdict verdict = network_verdict(c, account);
    bool region = c->site.service == SVC_COGNITIVE_REGION;

    if (!ai_network_restricted(properties_of(account))) {
        return true;
    }
    if (verdict == AI_NETWORK_LETS && !region) {
        rule_log_note(c->d, RULE_SEC_VNET, CMK_OBEYED);
        return true;
    }
    rule_log_note(c->d, RULE_SEC_VNET, CMK_BROKEN);
    note_combined(c, account, CMK_BROKEN);
    (void) refuse(verdict, region, reterr);
    reterr->rule = "sec.vnet";
    return false;
}

bool ai_authorize(struct provider_call *c, struct kvdb_txn *txn, const json_t *account,
                  struct az_error *reterr)
{
    char action[AI_ACTION_MAX];
    char scope[ARM_SCOPE_MAX];
    struct rbac_shared *roles;
    bool ok;

    if (!c->row) {
        return true; /* no operation: what follows is a 404 */
    }
    if (!ai_action_of(c->x->req.method, c->row->route.path, c->row->exec == EXEC_WRITE, action)) {
        return az_fail_internal(reterr, "no data action for %s", c->row->route.path);
    }
    (void) snprintf(scope, sizeof(scope),
                    "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.CognitiveServices/"
                    "accounts/%s",
                    json_text(account, "subscription"), json_text(account, "group"),
                    json_text(account, "name"));
    roles = provider_roles(c->d, txn, reterr);
    if (!roles) {
        return false;
    }
    ok = rbac_allows(rbac_shared_set(roles), c->who.oid, RBAC_DATA, action, scope) != NULL;
    rbac_cache_release(roles);
    /* Text: the service's, as public issues quote it (langchain, semantic-kernel and others). */
    return ok ||
           az_fail(reterr, AZ_ERR_PERMISSION_DENIED,
                   "The principal `%s` lacks the required data action `%s` to perform `%s %s` "
                   "operation.",
                   c->who.oid, action, http_method_name(c->x->req.method), c->row->route.path);
}

/* What is no URI at all: Face's documented text, Speech's as users quote it (issue 1111 of
 * Azure-Samples/cognitive-services-speech-sdk), ours elsewhere. */
static bool no_uri(const struct provider_call *c, const char *name, struct az_error *reterr)
{
    enum ai_service service = ai_service_of(c->row->route.path);

    if (service == AI_FACE) {
        return az_fail(reterr, AZ_ERR_INVALID_URL, "Invalid image URL.");
    }
    if (service == AI_SPEECH) {
        return az_fail_inner(reterr, AZ_ERR_INVALID_REQUEST, "InvalidPayload",
                             "Only absolute URIs containing a valid scheme, authority and path are "
                             "allowed for %s.",
                             name);
    }
    return az_fail(reterr, AZ_ERR_BAD_ARGUMENT, "'%s' must be an absolute http or https URI.",
                   name);
}

bool ai_check_uri(struct provider_call *c, const json_t *account, const char *name, const char *uri,
                  struct az_error *reterr)
{
    bool restricted = ai_outbound_restricted(properties_of(account));
    char host[256];

    if (!ai_uri_host(uri, host)) {
        return no_uri(c, name, reterr);
    }
    if (ai_outbound_allows(properties_of(account), host)) {
        rule_log_note(c->d, RULE_SEC_DLP, restricted ? CMK_OBEYED : CMK_NOT_APPLICABLE);
        rule_log_note(c->d, RULE_SEC_DLP_ON_ARRIVAL, restricted ? CMK_OBEYED : CMK_NOT_APPLICABLE);
        note_combined(c, account, CMK_OBEYED);
        return true;
    }
    rule_log_note(c->d, RULE_SEC_DLP, CMK_BROKEN);
    rule_log_note(c->d, RULE_SEC_DLP_ON_ARRIVAL, CMK_BROKEN);
    note_combined(c, account, CMK_BROKEN);
    /* Code and text are ours: no document quotes the service's. */
    (void) az_fail(reterr, AZ_ERR_AI_OUTBOUND_DENIED,
                   "The host '%.200s' in '%s' is not on the resource's list of allowed FQDNs "
                   "(allowedFqdnList), to which its outbound network access is restricted.",
                   host, name);
    reterr->rule = "sec.dlp";
    return false;
}

void ai_note_admitted(struct provider_call *c, const json_t *account)
{
    /* A URI may yet be refused: then ai_check_uri() has the last word. */
    if (!ai_outbound_restricted(properties_of(account))) {
        note_combined(c, account, CMK_OBEYED);
    }
}

void ai_note_key_refused(struct provider_call *c, const json_t *account)
{
    if (ai_network_restricted(properties_of(account)) &&
        network_verdict(c, account) == AI_NETWORK_LETS) {
        note_combined(c, account, CMK_BROKEN);
    }
}
