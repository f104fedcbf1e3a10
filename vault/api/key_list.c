/* SPDX-License-Identifier: MIT */
/* The three lists, in pages of at most 25, with the recorded form of nextLink. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base64url.h"
#include "common/json.h"
#include "vault/api/answer.h"
#include "vault/api/key_life.h"
#include "vault/api/key_render.h"

#define PAGE_MAX 25

/* The page size, and where the page begins: the last part of the marker. */
struct page {
    uint64_t size;
    char from[256]; /* empty: the first page */
};

static bool take_size(struct vault_call *c, struct page *p, struct az_error *reterr)
{
    const char *text = http_param_get(&c->x->req, "maxresults");

    p->size = PAGE_MAX;
    if (text && (!uint_parse(text, PAGE_MAX, &p->size) || p->size < 1)) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "Invalid maxresults: it must be between 1 and %d.", PAGE_MAX);
    }
    return true;
}

/* {"NextMarker":"2!96!<b64>","TargetLocation":0}; inside:
 * 000028!key/NAME[/VERSION]!000028!9999-...! */
static bool parse_marker(const char *token, char out[256])
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    CLEANUP(bytes_clear_free) struct bytes inner = {0};
    const char *marker;
    char *bang;

    if (!base64url_read(sv_from(token), &raw)) {
        return false;
    }
    AUTO_JSON *doc = json_loadb((const char *) raw.data, raw.len, 0, NULL);

    marker = json_string_value(json_object_get(doc, "NextMarker"));
    marker = marker ? strrchr(marker, '!') : NULL;
    if (!marker) {
        return false;
    }
    CLEANUP(buf_done) struct buf text = {0};

    for (marker++; *marker && *marker != '-'; marker++) { /* '-' stands for '=' */
        buf_add(&text, *marker == '+' ? "-" : *marker == '/' ? "_" : marker, 1);
    }
    if (!base64url_read((struct str_view){text.data, text.len}, &inner) || inner.len < 12 ||
        inner.len > 255) {
        return false;
    }
    memcpy(out, inner.data, inner.len);
    out[inner.len] = '\0';
    if (strncmp(out + 7, "key/", 4) != 0 || !(bang = strchr(out + 11, '!'))) {
        return false;
    }
    *bang = '\0';
    memmove(out, out + 11, strlen(out + 11) + 1);
    return true;
}

static bool take_page(struct vault_call *c, struct page *p, struct az_error *reterr)
{
    const char *token = http_param_get(&c->x->req, "$skiptoken");

    *p = (struct page){0};
    return take_size(c, p, reterr) &&
           (!token || parse_marker(token, p->from) ||
            az_fail(reterr, AZ_ERR_BAD_PARAMETER, "The value of $skiptoken is not valid."));
}

static void add_base64(struct buf *out, const struct buf *in)
{
    size_t at = out->len;

    base64url_write(out, in->data, in->len);
    for (size_t i = at; buf_ok(out) && i < out->len; i++) {
        out->data[i] = out->data[i] == '-' ? '+' : out->data[i] == '_' ? '/' : out->data[i];
    }
    for (size_t n = out->len - at; n % 4 != 0; n++) {
        buf_add(out, "-", 1);
    }
}

/* The item at which the next page begins: NAME or NAME/VERSION, upper-cased. */
static void add_next_link(struct vault_call *c, const char *path, const char *item, uint64_t size)
{
    CLEANUP(buf_done) struct buf inner = {0};
    CLEANUP(buf_done) struct buf b64 = {0};
    CLEANUP(buf_done) struct buf json = {0};
    CLEANUP(buf_done) struct buf token = {0};
    struct buf *b = &c->x->resp.body;
    char base[URL_MAX];

    buf_fmt(&inner, "%06zu!key/%s!000028!9999-12-31T23:59:59.9999999Z!", strlen(item) + 4, item);
    add_base64(&b64, &inner);
    buf_fmt(&json, "{\"NextMarker\":\"2!%zu!%s\",\"TargetLocation\":0}", b64.len,
            b64.data ? b64.data : "");
    base64url_write(&token, json.data, json.len);
    /* Azure names carry an explicit :443 here, and only here (recorded). */
    buf_fmt(b, "\"%s%s%s?api-version=%s&$skiptoken=%s&maxresults=%" PRIu64 "\"",
            site_url(&c->site, SVC_VAULT, c->site.label, base),
            c->site.family == NAMES_AZURE ? ":443" : "", path, c->api_version,
            token.data ? token.data : "", size);
}

static void close_list(struct vault_call *c, bool more, const char *path, const char *item,
                       uint64_t size)
{
    buf_str(&c->x->resp.body, "],\"nextLink\":");
    if (more) {
        add_next_link(c, path, item, size);
    } else {
        buf_str(&c->x->resp.body, "null");
    }
    buf_str(&c->x->resp.body, "}");
}

static void add_item(struct vault_call *c, const struct key_head *deleted, struct str_view name,
                     const char *version, const struct key_version *v, bool first)
{
    struct buf *b = &c->x->resp.body;
    char url[URL_MAX];

    buf_str(b, first ? "{" : ",{");
    if (deleted) {
        key_add_deleted(b, c, deleted);
    }
    buf_str(b, "\"kid\":\"");
    buf_str(b, key_url(c, "keys", name, version, url));
    buf_str(b, "\",");
    key_add_attributes(b, c, v);
    buf_str(b, "}");
}

static void upper(char *out, size_t size, const char *in)
{
    size_t i;

    for (i = 0; in[i] && i + 1 < size; i++) {
        out[i] = (char) toupper((unsigned char) in[i]);
    }
    out[i] = '\0';
}

static bool list_heads(struct vault_call *c, struct kvdb_txn *txn, bool deleted,
                       struct az_error *reterr)
{
    struct kvdb_iter *it;
    struct key_head head;
    struct page page;
    char next[KEY_NAME_MAX + 1] = "";
    uint64_t n = 0;
    bool first = true;
    bool more = false;

    if (!take_page(c, &page, reterr)) {
        return false;
    }
    vault_answer_begin(c, 200);
    buf_str(&c->x->resp.body, "{\"value\":[");
    it = key_store_heads(txn, c->vault->uid, deleted, page.from[0] ? page.from : NULL);
    while (it && key_store_next_head(it, &head)) {
        struct key_version v;

        if (n == page.size) {
            more = true;
            upper(next, sizeof(next), head.name);
            break;
        }
        n++; /* rows that are not shown count too (recorded: empty pages with a nextLink) */
        if (head.pending != KEY_DELETING &&
            key_store_version(txn, c->vault->uid, head.name, head.latest, &v)) {
            add_item(c, deleted ? &head : NULL, sv_from(head.name), NULL, &v, first);
            first = false;
        }
    }
    kvdb_iter_free(it);
    close_list(c, more, deleted ? "/deletedkeys" : "/keys", next, page.size);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "listing keys");
}

bool key_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list_heads(c, txn, false, reterr);
}

bool key_deleted_list_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    return list_heads(c, txn, true, reterr);
}

bool key_versions_run(struct vault_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    struct kvdb_iter *it = NULL;
    struct key_version v;
    struct key_head head;
    struct page page;
    const char *from;
    char name[256];
    char path[256];
    char next[256] = "";
    uint64_t n = 0;
    bool more = false;

    (void) vault_param(c, 0, name, sizeof(name));
    if (!key_name_check(sv_from(name), reterr) || !take_page(c, &page, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "/keys/%.127s/versions", name);
    from = strchr(page.from, '/');
    for (char *p = page.from; *p; p++) {
        *p = p > from ? (char) tolower((unsigned char) *p) : *p;
    }
    vault_answer_begin(c, 200);
    buf_str(&c->x->resp.body, "{\"value\":[");
    if (key_store_head(txn, c->vault->uid, name, false,
                       &head)) { /* a missing key: an empty list (recorded) */
        it = key_store_versions(txn, c->vault->uid, name, from ? from + 1 : NULL);
    }
    while (it && key_store_next_version(it, &v)) {
        if (n == page.size) {
            char whole[256];

            more = true;
            (void) snprintf(whole, sizeof(whole), "%.127s/%s", name, v.meta.version);
            upper(next, sizeof(next), whole);
            break;
        }
        add_item(c, NULL, v.texts.name, v.meta.version, &v, n++ == 0);
    }
    kvdb_iter_free(it);
    close_list(c, more, path, next, page.size);
    return !kvdb_failed(txn) || az_fail_internal(reterr, "listing versions");
}
