/* SPDX-License-Identifier: MIT */
/*
 * The directory and what hangs on it: tenants, subscriptions, resource groups, principals.
 *
 * Record classes of this daemon: 't' tenant, 's' subscription, 'g' resource group, 'p' principal by
 * object id, 'q' principal by application id, 'o' operation results, 'i' attached identities;
 * account_store.h has 'A', 'B', 'F'; role_store.h has 'r'.
 */
#pragma once

#include "common/kvdb.h"
#include "common/token.h"

enum principal_kind {
    PRINCIPAL_SERVICE,
    PRINCIPAL_USER,
    PRINCIPAL_SYSTEM_IDENTITY,
    PRINCIPAL_USER_IDENTITY
};

struct principal {
    enum principal_kind kind;
    guid_text oid;
    guid_text appid; /* users: empty */
    guid_text tid;
    char display_name[128]; /* system-assigned identities: the resource's name */
    char upn[128];
    char resource_id[512];   /* managed identities */
    uint8_t secret_hash[32]; /* SHA-256 of salt and secret; secrets are random, 256 bits */
    uint8_t secret_salt[16];
};

struct subscription {
    guid_text id;
    guid_text tenant;
    char display_name[128];
    guid_text owner_oid; /* the principal who may do everything in it */
};

struct resource_group {
    guid_text subscription;
    char name[91]; /* as created */
    char location[32];
    char tags[4096]; /* a JSON object's text, or empty */
};

/* found? (false also when the transaction has failed) */
bool directory_get_tenant(struct kvdb_txn *txn, const char *tid);
void directory_put_tenant(struct kvdb_txn *txn, const char *tid, const char *display_name);
bool directory_get_subscription(struct kvdb_txn *txn, const char *id, struct subscription *ret);
void directory_put_subscription(struct kvdb_txn *txn, const struct subscription *s);
void directory_each_subscription(struct kvdb_txn *txn,
                                 void (*fn)(void *ctx, const struct subscription *s), void *ctx);
bool directory_get_group(struct kvdb_txn *txn, const char *subscription, const char *name,
                         struct resource_group *ret);
void directory_put_group(struct kvdb_txn *txn, const struct resource_group *g);
bool directory_del_group(struct kvdb_txn *txn, const char *subscription, const char *name);
void directory_each_group(struct kvdb_txn *txn, const char *subscription,
                          void (*fn)(void *ctx, const struct resource_group *g), void *ctx);
bool directory_get_principal(struct kvdb_txn *txn, const char *oid, struct principal *ret);
bool directory_get_principal_by_appid(struct kvdb_txn *txn, const char *appid,
                                      struct principal *ret);
void directory_put_principal(struct kvdb_txn *txn, const struct principal *p);
bool directory_del_principal(struct kvdb_txn *txn, const char *oid);
void directory_each_principal(struct kvdb_txn *txn,
                              void (*fn)(void *ctx, const struct principal *p), void *ctx);

/* A fresh managed identity (ids random), not yet stored. */
void directory_make_identity(enum principal_kind kind, const char *tid, const char *resource_id,
                             const char *display_name, struct principal *ret);
/* Makes a fresh managed identity (ids random) for a resource and stores it. */
void directory_new_identity(struct kvdb_txn *txn, enum principal_kind kind, const char *tid,
                            const char *resource_id, const char *display_name,
                            struct principal *ret);
