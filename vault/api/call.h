/* SPDX-License-Identifier: MIT */
/*
 * One request inside vaultd: what a handler gets, what a route row says.
 *
 * Order of every request: site -> authenticate -> route -> authorize -> validate -> prepare -> run.
 * A handler is the same synchronous function whatever its execution class.
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
#include "vault/domain/vault.h"

struct key_cache;      /* parsed keys by version: vault/api/key_cache.h */
struct release_signer; /* vault/api/release_signer.h */
struct sweeper;        /* keys made for due rotations: vault/api/sweep.h */
struct sweep_log;      /* what a sweep did, until it is reported */
struct vault_cache;    /* parsed vault records by name and revision: vault/api/vault_cache.h */

enum vault_plane { PLANE_DATA, PLANE_ARM, PLANE_CONTROL };
enum exec_class { EXEC_LOOP, EXEC_WRITE };

struct vaultd { /* everything a request may touch; main or a test fills it */
    struct kvdb *db;
    struct sim_clock *clock;
    struct token_verifier *tokens; /* NULL: --auth=permissive, any bearer token is taken */
    struct audit *audit;           /* may be NULL in tests */
    struct control control;
    struct site_names names;
    struct keypool *pool;      /* may be NULL */
    struct throttle *throttle; /* NULL: no limits */
    struct key_cache *keys;
    struct vault_cache *vaults;
    struct sweeper *sweeper;
    struct release_signer *releaser;
    const char *state; /* the state directory; NULL: there is none, and no attestation is known */
    struct rbac_cache *rbac; /* role assignments, as providerd has written them through */
    uint8_t root_key[SEAL_KEY_LEN];
    bool latency;             /* --latency=azure: deletes, recoveries and purges take their time */
    bool secure_wrap;         /* --secure-wrap: vaults have securewrapkey and secureunwrapkey */
    bool arm_open;            /* vaultd runs alone: ARM requests need no control token */
    guid_text default_tenant; /* for challenges of vaults that don't exist */
};

struct vault_call;
/* txn: a read snapshot (EXEC_LOOP) or the nested write transaction (EXEC_WRITE). */
typedef bool vault_handler_fn(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr);
/* Worker thread, no transaction; may open its own snapshot. Puts what it made into c->prepared. */
typedef bool vault_prepare_fn(struct vault_call *c, struct az_error *reterr);

/* How a row counts against the limits of --throttle=azure: vault/domain/throttle.h. */
enum throttle_class {
    THROTTLE_NONE,
    THROTTLE_CREATE, /* by the protection of the key that is made */
    THROTTLE_KEY,    /* by type, size and protection of the key that the path names */
    THROTTLE_OTHER,  /* as the cheapest key */
};

/* What a row takes as its body; the keys' members are gated by version in key_fields.h. */
enum vault_body {
    BODY_NONE,
    BODY_JSON, /* an object that no table gates */
    BODY_CREATE,
    BODY_IMPORT,
    BODY_UPDATE,
    BODY_RESTORE,
    BODY_USE, /* encrypt, decrypt, wrapKey, unwrapKey */
    BODY_SIGN,
    BODY_VERIFY,
    BODY_RELEASE,
    BODY_ROTATION_POLICY,
    BODY_SECURE_WRAP,
    BODY_SECURE_UNWRAP,
};
#define BODY_BIT(body) (1u << (unsigned) (body))
/* Operations that Azure has on Managed HSM only: a vault serves them with --secure-wrap. */
#define MANAGED_HSM_BODIES (BODY_BIT(BODY_SECURE_WRAP) | BODY_BIT(BODY_SECURE_UNWRAP))

/* One row says all there is to say about an operation. Empty cells fail closed. */
struct vault_route {
    struct route route;
    enum vault_plane plane;
    uint64_t versions;       /* the api-versions that have it: vault/api/version.h */
    enum perm_family family; /* whose permission: */
    unsigned permission;     /* bits of its family; 0 on the data plane: refused */
    const char *data_action; /* RBAC: "Microsoft.KeyVault/vaults/keys/wrap/action" */
    enum throttle_class throttle;
    const char *audit_name; /* "KeyWrap" */
    enum exec_class exec;
    enum vault_body body;      /* BODY_NONE: a body is not looked at; else an object is wanted */
    vault_prepare_fn *prepare; /* NULL: none */
    vault_handler_fn *run;
};

struct vault_call {
    struct vaultd *d;
    struct http_exchange *x;
    const struct vault_route *row;
    struct str_view params[ROUTE_MAX_PARAMS]; /* decoded path parameters, in template order */
    size_t n_params;
    struct site site;
    char api_version[32];
    int64_t now_s;
    struct token_claims who;  /* verified */
    struct vault *vault;      /* data plane: the live vault, borrowed from the cache for the call */
    struct rbac_shared *rbac; /* assignments in force; NULL: the vault has access policies */
    uint64_t vault_revision;  /* what prepare and authorize saw; checked again in the write */
    json_t *body;             /* parsed; NULL: empty */
    void *prepared;           /* prepare's result */
    void (*prepared_free)(void *prepared);
    const char *audit_name;  /* set by a handler that does more than its row says */
    char object_id[URL_MAX]; /* for the audit: the object's identifier, set by the handler */
    struct az_error error;   /* valid when the call has failed */
    bool control;            /* /health and /_sim/: answered by control_handle() */
    bool sweeping;           /* the next PREPARE or WRITE step is the sweep's */
    struct sweep_log *swept; /* committed by the sweep, to be reported */
    bool throttled;          /* counted against the limits already */
    bool retry_prepare;      /* set by a WRITE handler: what prepare saw has changed */
    char client_subnet[256]; /* resource id; a test said so beside the control token */
    int version_index;       /* of api_version in the list of its plane: vault/api/version.h */
    char request_id[GUID_TEXT_LEN + 1];
};

/* The answer; both set 200 unless told otherwise and application/json; charset=utf-8. */
bool vault_answer_json(struct vault_call *c, int status, const json_t *body);
bool vault_answer_empty(struct vault_call *c, int status);

/* Is the request's api-version in this set (VERSION_FROM(..) and the like)? */
bool vault_version_in(const struct vault_call *c, uint64_t set);

/* The row tables; api.c searches them in this order. */
extern const struct vault_route vault_key_routes[];
extern const size_t vault_key_routes_len;
extern const struct vault_route vault_certificate_routes[];
extern const size_t vault_certificate_routes_len;
extern const struct vault_route vault_arm_routes[];
extern const size_t vault_arm_routes_len;
extern const struct vault_route vault_control_routes[];
extern const size_t vault_control_routes_len;

/* A path parameter, NUL-terminated, in out; too long ones are cut (they name nothing). */
const char *vault_param(const struct vault_call *c, size_t i, char *out, size_t size);
