/* SPDX-License-Identifier: MIT */
/*
 * Customer data of the services other than OpenAI: JSON items, each sealed in the layers of the
 * account's data keys and bound to its place. Names of collections and items, and an item's tag,
 * stand in clear; nothing else does.
 *
 * A row's prepare opens the keys (so that, with CMK, the vault has a say in every operation:
 * rev.blocks-all); its run reads and writes items.
 */
#pragma once

#include "provider/api/call.h"
#include "provider/domain/ai_path.h"
#include "provider/store/layers.h"

struct ai_data {
    json_t *account;
    char owner[40]; /* whose records they are: the account's uid, or its own storage's (sec.byos) */
    struct data_keys keys;
};

/* The account, if it is of these kinds (enum kind_bit): c->prepared, without its keys. */
bool ai_data_begin(struct provider_call *c, unsigned kinds, struct ai_data **ret,
                   struct az_error *reterr) MUST_CHECK;
/* Its data keys: for reading with GET, else for writing. Worker threads only. */
bool ai_data_open(struct provider_call *c, struct ai_data *d, struct az_error *reterr) MUST_CHECK;
/* Both, for an account that is known already; the caller ends it with ai_data_free(). */
bool ai_data_of(struct provider_call *c, const json_t *account, struct ai_data **ret,
                struct az_error *reterr) MUST_CHECK;
void ai_data_free(void *p);

/* *ret: new reference; NULL when there is none. */
bool ai_item_get(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name, json_t **ret, struct az_error *reterr) MUST_CHECK;
/* tag: what must be known of the item without its keys; NULL: nothing. */
bool ai_item_put(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name, const char *tag, const json_t *item, struct az_error *reterr)
    MUST_CHECK;
/* Is gone or was not there. */
void ai_item_del(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name);
/* All of a collection, in the order of names; new reference. */
bool ai_item_list(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  json_t **ret, struct az_error *reterr) MUST_CHECK;
/* The first `most` behind the name `after` (NULL: from the beginning; 0: all). */
bool ai_item_page(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  const char *after, size_t most, json_t **ret, struct az_error *reterr) MUST_CHECK;
bool ai_item_clear(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                   struct az_error *reterr) MUST_CHECK;
/* The first ones go, so that `most` stay. */
bool ai_item_trim(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  size_t most, struct az_error *reterr) MUST_CHECK;
size_t ai_item_count(const struct ai_data *d, struct kvdb_txn *txn, const char *collection);
/* The tag of an item of an account whose keys are not open; false: there is no such item. */
bool ai_item_tag(struct kvdb_txn *txn, const json_t *account, const char *collection,
                 const char *name, char *out, size_t size);

#define AI_LANGUAGE_PROJECTS "language.projects"

/* The body is read as JSON, whatever the row says of it. */
bool ai_read_json(struct provider_call *c, struct az_error *reterr) MUST_CHECK;
/* Letters, digits and "_-", at most max. */
bool ai_name_ok(const char *name, size_t max);
/* To the letter; the list ends at NULL. */
bool ai_is_one_of(const char *const *list, const char *text);
/* 2026-11-25T16:03:13Z; new reference. */
json_t *ai_now(const struct provider_call *c);
