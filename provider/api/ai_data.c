/* SPDX-License-Identifier: MIT */
/* Sealed items over the store of sub-resources, so that they are purged with their owner. */
#include "provider/api/ai_data.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base64url.h"
#include "common/json.h"
#include "provider/api/ai.h"
#include "provider/api/cmk_check.h"
#include "provider/api/rule_log.h"
#include "provider/api/storage.h"
#include "provider/store/account_store.h"
#include "provider/store/child_store.h"

void ai_data_free(void *p)
{
    struct ai_data *d = p;

    if (d) {
        data_keys_wipe(&d->keys);
        json_decref(d->account);
        free(d);
    }
}

static struct ai_data *data_new(const json_t *account)
{
    struct ai_data *d = calloc(1, sizeof(*d));

    if (d) {
        d->account = json_deep_copy(account);
        (void) snprintf(d->owner, sizeof(d->owner), "%s", json_text(account, "uid"));
    }
    return d;
}

bool ai_data_begin(struct provider_call *c, unsigned kinds, struct ai_data **ret,
                   struct az_error *reterr)
{
    const struct account_kind *kind;
    AUTO_JSON *account = NULL;

    if (!ai_account_now(c, &account, reterr)) {
        return false;
    }
    kind = account_kind_find(json_text(account, "kind"));
    if (!kind || (kind->bit & kinds) == 0) {
        return ai_no_such_path(reterr); /* another service's */
    }
    *ret = data_new(account);
    c->prepared = *ret;
    c->prepared_free = ai_data_free;
    return *ret || az_fail_internal(reterr, "out of memory");
}

bool ai_data_open(struct provider_call *c, struct ai_data *d, struct az_error *reterr)
{
    bool reads = c->x->req.method == HTTP_M_GET;
    bool own = false;

    if (!cmk_open_data(c, d->account, reads ? CMK_OP_READ : CMK_OP_WRITE, &d->keys, reterr)) {
        return false;
    }
    /* Under BYOS the account's key is asked all the same: revoking it stops the service. */
    return storage_open(c, d->account, d->owner, &d->keys, &own, reterr);
}

bool ai_data_of(struct provider_call *c, const json_t *account, struct ai_data **ret,
                struct az_error *reterr)
{
    *ret = data_new(account);
    return *ret ? ai_data_open(c, *ret, reterr) : az_fail_internal(reterr, "out of memory");
}

/* An item is good in its place only. */
static struct str_view place(const struct ai_data *d, const char *collection, const char *name,
                             char aad[400])
{
    int n = snprintf(aad, 400, "item/%s/%s/%s", d->owner, collection, name);

    return (struct str_view){aad, n < 400 ? (size_t) n : 399};
}

static bool open_item(const struct ai_data *d, const char *collection, const json_t *record,
                      json_t **ret, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    CLEANUP(bytes_clear_free) struct bytes plain = {0};
    char aad[400];

    if (!base64url_read(sv_from(json_text(record, "sealed")), &sealed)) {
        return az_fail_internal(reterr, "an item of %s is damaged", collection);
    }
    if (!layers_unseal(&d->keys, place(d, collection, json_text(record, "name"), aad), sealed.data,
                       sealed.len, &plain, reterr)) {
        return false;
    }
    *ret = json_loadb((const char *) plain.data, plain.len, 0, NULL);
    return *ret || az_fail_internal(reterr, "an item of %s can't be read", collection);
}

bool ai_item_get(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name, json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *record = NULL;

    *ret = NULL;
    return child_get(txn, d->owner, collection, name, &record, reterr) &&
           (!record || open_item(d, collection, record, ret, reterr));
}

/* Prepare has read the account; meanwhile it may have been deleted, its items purged. */
static bool account_is_there(const struct ai_data *d, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *now = NULL;

    return account_store_get(txn, json_text(d->account, "subscription"),
                             json_text(d->account, "group"), json_text(d->account, "name"), false,
                             &now, reterr) &&
           (strcmp(json_text(now, "uid"), json_text(d->account, "uid")) == 0 ||
            az_fail(reterr, AZ_ERR_RESOURCE_NOT_FOUND_AI, "The account is gone."));
}

bool ai_item_put(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name, const char *tag, const json_t *item, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(buf_done) struct buf b64 = {0};
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    AUTO_JSON *record = NULL;
    char aad[400];

    if (!account_is_there(d, txn, reterr)) {
        return false;
    }
    json_write(&text, item);
    if (!buf_ok(&text) || !layers_seal(&d->keys, place(d, collection, name, aad), text.data,
                                       text.len, &sealed, reterr)) {
        return buf_ok(&text) ? false : az_fail_internal(reterr, "out of memory");
    }
    base64url_write(&b64, sealed.data, sealed.len);
    record = json_pack("{s:s,s:s,s:s}", "name", name, "tag", tag ? tag : "", "sealed",
                       buf_ok(&b64) ? b64.data : "");
    return child_put(txn, d->owner, collection, name, record, reterr);
}

void ai_item_del(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                 const char *name)
{
    (void) child_del(txn, d->owner, collection, name);
}

struct walk {
    const struct ai_data *d;
    const char *collection;
    json_t *list; /* NULL: only the names */
    json_t *names;
    bool ok;
    struct az_error *err;
    const char *after; /* those behind this name; NULL: all */
    size_t most;       /* 0: no limit */
};

static bool walk_item(void *ctx, json_t *record)
{
    struct walk *w = ctx;
    AUTO_JSON *item = NULL;

    if (w->names) {
        (void) json_array_append(w->names, json_object_get(record, "name"));
        return true;
    }
    if (w->after && strcasecmp(json_text(record, "name"), w->after) <= 0) {
        return true;
    }
    if (w->most > 0 && json_array_size(w->list) == w->most) {
        return false;
    }
    w->ok = open_item(w->d, w->collection, record, &item, w->err) &&
            json_array_append(w->list, item) == 0;
    return w->ok;
}

bool ai_item_page(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  const char *after, size_t most, json_t **ret, struct az_error *reterr)
{
    AUTO_JSON *list = json_array();
    struct walk w = {d, collection, list, NULL, true, reterr, after, most};

    if (!child_each(txn, d->owner, collection, walk_item, &w)) {
        return az_fail_internal(reterr, "reading %s", collection);
    }
    *ret = w.ok ? json_incref(list) : NULL;
    return w.ok;
}

bool ai_item_list(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  json_t **ret, struct az_error *reterr)
{
    return ai_item_page(d, txn, collection, NULL, 0, ret, reterr);
}

static json_t *names_of(const struct ai_data *d, struct kvdb_txn *txn, const char *collection)
{
    struct walk w = {d, collection, NULL, json_array(), true, NULL, NULL, 0};

    (void) child_each(txn, d->owner, collection, walk_item, &w);
    return w.names;
}

size_t ai_item_count(const struct ai_data *d, struct kvdb_txn *txn, const char *collection)
{
    AUTO_JSON *names = names_of(d, txn, collection);

    return json_array_size(names);
}

bool ai_item_clear(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                   struct az_error *reterr)
{
    AUTO_JSON *names = names_of(d, txn, collection);
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        ai_item_del(d, txn, collection, json_string_value(name));
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "clearing %s", collection);
}

bool ai_item_trim(const struct ai_data *d, struct kvdb_txn *txn, const char *collection,
                  size_t most, struct az_error *reterr)
{
    AUTO_JSON *names = names_of(d, txn, collection);
    size_t n = json_array_size(names);

    for (size_t i = 0; n > most && i < n - most; i++) {
        ai_item_del(d, txn, collection, json_string_value(json_array_get(names, i)));
    }
    return !kvdb_failed(txn) || az_fail_internal(reterr, "trimming %s", collection);
}

bool ai_item_tag(struct kvdb_txn *txn, const json_t *account, const char *collection,
                 const char *name, char *out, size_t size)
{
    struct az_error ignored;
    AUTO_JSON *record = NULL;

    if (!child_get(txn, json_text(account, "uid"), collection, name, &record, &ignored) ||
        !record) {
        return false;
    }
    (void) snprintf(out, size, "%s", json_text(record, "tag"));
    return true;
}

bool ai_read_json(struct provider_call *c, struct az_error *reterr)
{
    char why[200] = "a JSON object is expected";

    if (!c->body) {
        c->body = json_parse(c->x->req.body, why, sizeof(why));
    }
    return json_is_object(c->body) || ai_bad_body(c, why, reterr);
}

bool ai_is_one_of(const char *const *list, const char *text)
{
    for (; *list; list++) {
        if (strcmp(*list, text) == 0) {
            return true;
        }
    }
    return false;
}

bool ai_name_ok(const char *name, size_t max)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char) name[i]) && name[i] != '_' && name[i] != '-') {
            return false;
        }
    }
    return n > 0 && n <= max;
}

json_t *ai_now(const struct provider_call *c)
{
    char when[TIME_TEXT_MAX];

    return json_string(time_format(when, c->now_ms, TIME_S));
}
