/* SPDX-License-Identifier: MIT */
/*
 * One request inside providerd: what a handler gets, what a route row says.
 *
 * Order of every request: site -> authenticate -> route -> authorize -> validate -> prepare -> run.
 */
#pragma once

#include <jansson.h>

#include "common/audit.h"
#include "common/clock.h"
#include "common/control.h"
#include "common/http_app.h"
#include "common/keygen.h"
#include "common/kvdb.h"
#include "common/names.h"
#include "common/rbac_cache.h"
#include "common/route.h"
#include "common/token.h"
#include "provider/domain/arm_version.h"
#include "provider/domain/cmk_rules.h"
#include "provider/store/directory.h"
#include "provider/vault_client.h"

enum provider_plane {
    PPLANE_LOGIN,    /* token service: unauthenticated */
    PPLANE_METADATA, /* unauthenticated ARM documents */
    PPLANE_ARM,      /* Entra token for management; owner of the subscription */
    PPLANE_GRAPH,
    PPLANE_IDENTITY, /* IMDS and App Service forms, plain HTTP */
    PPLANE_AI,       /* data plane of an account: api-key or Entra token */
    PPLANE_CONTROL,  /* /_sim/ */
};
enum exec_class { EXEC_LOOP, EXEC_WRITE };

struct dek_cache;     /* unwrapped data keys: provider/api/dek.h */
struct ai_settlement; /* the end of a job that is due: provider/api/ai_job.h */
struct rule_log;      /* counters of exercised rules: provider/api/rule_log.h */

struct providerd { /* everything a request may touch; main or a test fills it */
    struct kvdb *db;
    struct sim_clock *clock;
    struct token_signer *signer;
    struct token_verifier *tokens;
    struct audit *audit; /* may be NULL in tests */
    struct control control;
    struct site_names names;
    const struct vault_client *vaults;
    const char *state; /* the state directory */
    char blob_dir[4096];
    guid_text default_tenant; /* the first one: the operator's */
    uint8_t root_key[SEAL_KEY_LEN];
    enum cmk_edition edition;
    int64_t dek_cache_ttl_ms; /* simulated time; 0: never cached */
    bool approval_form;       /* --approval=form: enc.request-form holds */
    bool latency;             /* --latency=azure: operations take their time */
    struct dek_cache *deks;
    struct rbac_cache *rbac;     /* role assignments in force */
    struct role_sync *role_sync; /* their way to vaultd: provider/api/role_sync.h */
    struct rule_log *rules;      /* may be NULL in tests */
    char identity_header[65];    /* the secret of App Service's X-IDENTITY-HEADER */
};

struct provider_call;
typedef bool provider_handler_fn(struct provider_call *c, struct kvdb_txn *txn,
                                 struct az_error *reterr);
typedef bool provider_prepare_fn(struct provider_call *c, struct az_error *reterr);
/* A piece of a streamed body, on a worker. */
typedef bool provider_body_fn(struct provider_call *c, const uint8_t *data, size_t len,
                              struct az_error *reterr);

struct provider_route {
    struct route route;
    enum provider_plane plane;
    const char *audit_name; /* NULL: not audited */
    enum exec_class exec;
    bool needs_body;
    size_t body_limit;            /* 0: the plane's default */
    provider_body_fn *body;       /* streamed body; NULL: collected */
    provider_prepare_fn *prepare; /* NULL: none */
    provider_handler_fn *run;
};

struct arm_route { /* an operation of a resource provider that knows its api-versions */
    struct provider_route row;
    const struct arm_versions *versions;
    uint64_t in_versions; /* those that have the operation */
};

struct provider_call {
    struct providerd *d;
    struct http_exchange *x;
    const struct provider_route *row;
    const struct arm_route *arm_row; /* row, when it is one; else NULL */
    struct str_view params[ROUTE_MAX_PARAMS];
    size_t n_params;
    struct site site;
    const char *api_version; /* NULL: none given; ARM routes have it */
    int version;             /* its position in arm_row->versions; -1 without arm_row */
    int64_t now_ms;          /* simulated */
    struct token_claims who; /* verified; empty where the plane needs none or an api-key was used */
    struct subscription subscription; /* ARM, when the path names one */
    guid_text cmk_tenant;             /* of the account whose key is judged: cmk_check.c */
    json_t *body;                     /* parsed JSON; NULL: empty, form or streamed */
    void *prepared;                   /* prepare's, or the stream's, state */
    void (*prepared_free)(void *prepared);
    bool control;       /* /health and /_sim/clock: answered by control_handle() */
    bool admitted;      /* let in: what is refused now, the service itself refuses */
    bool prepared_done; /* prepare has run */
    guid_text request_id;
    char texts[ROUTE_MAX_PARAMS][256]; /* provider_param() */
    char account[320]; /* data plane under a region's name: "subscription/group/name", by its key */
    bool answered;     /* a WRITE handler has run */
    json_t *purged; /* uids of accounts that this write purges: their blobs go after the commit */
    struct ai_settlement *due;           /* what is ended before this request goes on */
    struct kvkey due_after;              /* jobs until this one can't be ended now */
    bool due_skip;                       /* nothing that is due can be done now */
    json_t *followed;                    /* an account whose key was looked after: cmk_follow.h */
    const struct background *background; /* not NULL: the step is its, not the request's */
    bool clock_moved;                    /* /_sim/clock: what is due by the new time comes first */
    bool retry_prepare; /* set by a WRITE handler that found that what prepare read has changed */
    /* A data key that was wrapped anew on the way (cmk_check.c): the next write step stores it. */
    struct cmk_rekey *rekey;
    struct az_error error;
};

bool provider_answer_json(struct provider_call *c, int status, const json_t *body);
bool provider_answer_empty(struct provider_call *c, int status);
/* The group of parameter 1 exists, else ARM's error; the error of a resource that does not. */
bool arm_need_group(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
    MUST_CHECK;
bool arm_not_found(struct provider_call *c, const char *type, const char *name,
                   struct az_error *reterr) MUST_CHECK;
/* The resource manager's error for a path that no row serves: an unknown namespace or type. */
bool arm_no_such_type(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* A namespace that is served here, in any case, as it is written; NULL: none. */
const char *arm_known_namespace(struct str_view ns);
/* The location is given and known; its lower-case form into region. */
bool arm_check_location(const char *type, const char *location, char region[32],
                        struct az_error *reterr) MUST_CHECK;
/* "accounts/deployments": the literals of the row's path after the namespace. */
void arm_resource_type(const struct arm_route *row, char *out, size_t size);
/* What a provider's operations list says of these rows, so that the list can't be wrong; what is
 * there already is not added again. with_origin: with isDataAction and origin. */
void arm_add_operations(json_t *list, const struct arm_route *rows, size_t n, bool with_origin);
#define ARM_SUB   "/subscriptions/{s}"
#define ARM_GROUP ARM_SUB "/resourceGroups/{g}"

/* A path parameter as a NUL-terminated string in the call's arena. */
const char *provider_param(struct provider_call *c, size_t i);

/* A token for one of our own identities, aud https://vault.azure.net, trusted_service set. The
 * caller frees. */
bool provider_mint_token(struct providerd *d, const struct principal *p, const char *audience,
                         char **ret, struct az_error *reterr) MUST_CHECK;

/*
 * A long-running operation. With --latency=instant it is over at once, yet answers as recorded:
 * adds Azure-AsyncOperation (and Location) and retry-after-ms to the response and stores the
 * operation.
 */
struct arm_operation {
    const char *ns;
    const char *location;
    const char *resource; /* "subscription/group/name" of the account it makes or changes, or "" */
    const char *status;   /* while it runs: "Creating" */
    unsigned seconds;     /* with --latency=azure */
    bool with_location;
};
bool provider_lro_add(struct provider_call *c, struct kvdb_txn *txn, const struct arm_operation *o,
                      struct az_error *reterr) MUST_CHECK;
/* When to ask (again): retry-after-ms. */
void provider_lro_wait(struct provider_call *c);

/* The row tables; api.c searches them in this order. */
extern const struct provider_route provider_login_routes[];
extern const size_t provider_login_routes_len;
extern const struct provider_route provider_identity_routes[];
extern const size_t provider_identity_routes_len;
extern const struct provider_route provider_authorization_routes[];
extern const size_t provider_authorization_routes_len;
extern const struct provider_route provider_arm_routes[];
extern const size_t provider_arm_routes_len;
extern const struct provider_route provider_graph_routes[];
extern const size_t provider_graph_routes_len;
extern const struct arm_route provider_account_routes[];
extern const size_t provider_account_routes_len;
extern const struct arm_route provider_deleted_account_routes[];
extern const size_t provider_deleted_account_routes_len;
extern const struct arm_route provider_user_identity_routes[];
extern const size_t provider_user_identity_routes_len;
extern const struct arm_route provider_oai_routes[];
extern const size_t provider_oai_routes_len;
extern const struct provider_route provider_ai_routes[];
extern const size_t provider_ai_routes_len;
extern const struct provider_route provider_face_routes[];
extern const size_t provider_face_routes_len;
extern const struct provider_route provider_language_routes[];
extern const size_t provider_language_routes_len;
extern const struct provider_route provider_speech_routes[];
extern const size_t provider_speech_routes_len;
extern const struct provider_route provider_rule_routes[];
extern const size_t provider_rule_routes_len;
extern const struct provider_route provider_approval_routes[];
extern const size_t provider_approval_routes_len;
extern const struct provider_route provider_lockbox_routes[];
extern const size_t provider_lockbox_routes_len;
extern const struct provider_route provider_move_routes[];
extern const size_t provider_move_routes_len;
extern const struct provider_route provider_portal_routes[];
extern const size_t provider_portal_routes_len;
extern const struct provider_route provider_control_routes[];
extern const size_t provider_control_routes_len;

/* Accounts as generic ARM resources, for /resources?$filter and deletion of groups (account
 * handlers' side). */
bool provider_each_account_resource(struct kvdb_txn *txn, const char *subscription,
                                    const char *group, bool (*fn)(void *ctx, json_t *generic),
                                    void *ctx);
