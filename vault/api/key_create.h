/* SPDX-License-Identifier: MIT */
/* A key about to become a version: made in prepare, stored in the write. */
#pragma once

#include "vault/api/call.h"
#include "vault/store/key_store.h"

struct new_key {
    struct key_meta meta;
    EVP_PKEY *key;
    struct buf jwk; /* public members, as text */
    struct buf tags;
    struct buf policy; /* release policy, as text; empty: none */
    struct bytes secret;
};

struct new_key *new_key_make(void);
void new_key_free(void *p); /* a struct new_key */
DEFINE_CLEANUP(new_key_cleanup, struct new_key, new_key_free)
#define AUTO_NEW_KEY CLEANUP(new_key_cleanup) struct new_key
/* Public text and sealed secret for nk->key; given: what the client said of it, for its spelling.
 */
bool new_key_finish(struct vaultd *d, uint64_t vault_uid, struct new_key *nk, const json_t *given,
                    struct az_error *reterr) MUST_CHECK;
/* Stores nk, made at at_s, as the current version of *head, and what it brings about: head->due and
 * the due index. *ret's texts point into nk and head. */
bool new_version_put(struct kvdb_txn *txn, uint64_t vault_uid, struct key_head *head,
                     const struct new_key *nk, int64_t at_s, struct key_version *ret,
                     struct az_error *reterr) MUST_CHECK;
/* Worker: judges a creating body (that of the data plane) and makes the key, into c->prepared. */
bool new_key_create(struct vault_call *c, struct str_view name, const json_t *body,
                    struct az_error *reterr) MUST_CHECK;
/* Stores nk as the current version of `name`. 409 for deleted names. *ret's texts point into nk and
 * head. */
bool new_key_put(struct vault_call *c, struct kvdb_txn *txn, const char *name, struct new_key *nk,
                 struct key_head *head, struct key_version *ret, struct az_error *reterr)
    MUST_CHECK;
/* Stores nk as the current version of `name` and answers with it. 409 for deleted names. */
bool new_key_store(struct vault_call *c, struct kvdb_txn *txn, const char *name, struct new_key *nk,
                   struct az_error *reterr) MUST_CHECK;

vault_prepare_fn key_create_prepare;
vault_handler_fn key_create_run;
vault_prepare_fn key_import_prepare;
vault_handler_fn key_import_run;
vault_handler_fn key_update_run;
