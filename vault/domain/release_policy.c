/* SPDX-License-Identifier: MIT */
/* Reading, rewriting and judging of key release policies: walks without recursion. */
#include "vault/domain/release_policy.h"

#include <string.h>

#include "common/base64url.h"
#include "common/limits.h"

#define CONTENT_TYPE "application/json; charset=utf-8" /* the specification's default */

/* Lists that are open while the rules are written: a walk with a depth that a client can't set. */
struct walk {
    struct {
        const json_t *list;
        size_t next;
    } open[LIMIT_POLICY_DEPTH];
    size_t depth;
};

static bool bad(struct az_error *reterr)
{
    /* By analogy with the recorded text for bad members; the service's for policies is unknown. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Property release_policy has invalid value\r\n");
}

/* "NAME":VALUE */
static void write_member(struct buf *out, const char *name, const json_t *value)
{
    buf_fmt(out, "\"%s\":", name);
    if (json_is_string(value)) {
        buf_json_str(out, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        buf_fmt(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        buf_fmt(out, "%.17g", json_real_value(value));
    } else {
        buf_str(out, json_is_true(value) ? "true" : "false");
    }
}

/* Opens "anyOf":[ or "allOf":[ of node. */
static bool open_list(struct walk *w, struct buf *out, const json_t *node)
{
    const char *name = json_object_get(node, "anyOf") ? "anyOf" : "allOf";
    const json_t *list = json_object_get(node, name);

    if (json_array_size(list) == 0 || w->depth == ARRAY_LEN(w->open)) {
        return false;
    }
    buf_fmt(out, "\"%s\":[", name);
    w->open[w->depth].list = list;
    w->open[w->depth].next = 0;
    w->depth++;
    return true;
}

/* {"version":"1.0.0","anyOf":[ and {"authority":"…","anyOf":[ */
static bool open_headed(struct walk *w, struct buf *out, const json_t *node, const char *name)
{
    const json_t *value = json_object_get(node, name);

    if (json_object_size(node) != 2 || json_string_length(value) == 0) {
        return false;
    }
    buf_str(out, "{");
    write_member(out, name, value);
    buf_str(out, ",");
    return open_list(w, out, node);
}

/* {"claim":…,"equals":…}, whole, or {"anyOf":[ */
static bool open_condition(struct walk *w, struct buf *out, const json_t *node)
{
    const json_t *claim = json_object_get(node, "claim");
    const json_t *equals = json_object_get(node, "equals");

    buf_str(out, "{");
    if (!claim && !equals) {
        return json_object_size(node) == 1 && open_list(w, out, node);
    }
    if (json_object_size(node) != 2 || json_string_length(claim) == 0 ||
        (!json_is_string(equals) && !json_is_number(equals) && !json_is_boolean(equals))) {
        return false;
    }
    write_member(out, "claim", claim);
    buf_str(out, ",");
    write_member(out, "equals", equals);
    buf_str(out, "}");
    return true;
}

static bool write_rules(struct buf *out, const json_t *top)
{
    struct walk w = {.depth = 0};
    const char *version = json_string_value(json_object_get(top, "version"));

    if (!version || strcmp(version, "1.0.0") != 0 || !json_object_get(top, "anyOf") ||
        !open_headed(&w, out, top, "version")) {
        return false;
    }
    while (w.depth > 0) {
        const json_t *list = w.open[w.depth - 1].list;
        size_t i = w.open[w.depth - 1].next++;
        const json_t *node = json_array_get(list, i);

        if (!node) {
            buf_str(out, "]}");
            w.depth--;
            continue;
        }
        buf_str(out, i > 0 ? "," : "");
        if (w.depth == 1 ? !open_headed(&w, out, node, "authority")
                         : !open_condition(&w, out, node)) {
            return false;
        }
    }
    return buf_ok(out);
}

static bool rewrite(const char *data, struct buf *rules)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    char why[128];

    if (!data || strlen(data) > LIMIT_POLICY_BYTES || !base64url_read(sv_from(data), &raw)) {
        return false;
    }
    AUTO_JSON *top =
        json_parse((struct str_view){(const char *) raw.data, raw.len}, why, sizeof(why));

    return top && write_rules(rules, top);
}

bool release_policy_read(const json_t *given, struct buf *text, bool *immutable,
                         struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf rules = {0};
    const char *type = NULL;
    const char *data = NULL;
    bool present = false;

    *immutable = false;
    if (!json_get_string(given, "contentType", &type) || !json_get_string(given, "data", &data) ||
        !json_get_bool(given, "immutable", &present, immutable) || !rewrite(data, &rules)) {
        return bad(reterr);
    }
    if (type && strlen(type) > LIMIT_TAG_TEXT) {
        return bad(reterr);
    }
    type = type ? type : CONTENT_TYPE;
    buf_str(text, "{\"contentType\":");
    buf_json_str(text, type, strlen(type));
    buf_str(text, ",\"data\":\"");
    base64url_write(text, rules.data, rules.len);
    buf_str(text, *immutable ? "\",\"immutable\":true}" : "\",\"immutable\":false}");
    return buf_ok(text) || az_fail_internal(reterr, "out of memory");
}

/* The claim of this name: itself a member, or reached through objects by "dot notation". */
static const json_t *find_claim(const json_t *claims, const char *name)
{
    const json_t *whole = json_object_get(claims, name);
    const char *dot;

    while (!whole && (dot = strchr(name, '.')) != NULL) {
        CLEANUP(free_str) char *part = sv_dup((struct str_view){name, (size_t) (dot - name)});

        claims = part ? json_object_get(claims, part) : NULL;
        name = dot + 1;
        whole = json_object_get(claims, name);
    }
    return whole;
}

static bool condition_met(const json_t *node, const json_t *claims)
{
    const json_t *claim = find_claim(claims, json_text(node, "claim"));
    const json_t *equals = json_object_get(node, "equals");
    const char *text = json_string_value(equals);

    if (json_is_boolean(claim) && text) { /* the grammar writes "true" and "false" in quotes */
        return strcmp(text, json_is_true(claim) ? "true" : "false") == 0;
    }
    if (json_is_number(claim) && json_is_number(equals)) {
        return json_number_value(claim) == json_number_value(equals);
    }
    return claim && json_equal(claim, equals);
}

/* Lists that are being judged, the innermost last. */
struct judging {
    struct {
        const json_t *list;
        size_t next;
        bool any; /* anyOf; else allOf */
        bool met;
    } open[LIMIT_POLICY_DEPTH];
    size_t depth;
};

static bool judge_list(struct judging *j, const json_t *node)
{
    const json_t *any = json_object_get(node, "anyOf");

    if (j->depth == ARRAY_LEN(j->open)) {
        return false; /* deeper than what was stored can be */
    }
    j->open[j->depth].list = any ? any : json_object_get(node, "allOf");
    j->open[j->depth].next = 0;
    j->open[j->depth].any = any != NULL;
    j->open[j->depth].met = !any;
    j->depth++;
    return true;
}

static void judge_element(struct judging *j, bool met)
{
    bool *so_far = &j->open[j->depth - 1].met;

    *so_far = j->open[j->depth - 1].any ? *so_far || met : *so_far && met;
}

/* One element of the innermost list, or its end. False: the rules are not what was stored. */
static bool judge_next(struct judging *j, const char *authority, const json_t *claims)
{
    const json_t *node = json_array_get(j->open[j->depth - 1].list, j->open[j->depth - 1].next++);

    if (!node) {
        bool met = j->open[--j->depth].met;

        if (j->depth > 0) {
            judge_element(j, met);
        }
        return true;
    }
    if (json_object_get(node, "claim")) {
        judge_element(j, condition_met(node, claims));
        return true;
    }
    if (j->depth == 1 && strcmp(json_text(node, "authority"), authority) != 0) {
        judge_element(j, false);
        return true;
    }
    return judge_list(j, node);
}

static json_t *stored_rules(struct str_view stored)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    char why[128];
    AUTO_JSON *shown = json_parse(stored, why, sizeof(why));

    return base64url_read(sv_from(json_text(shown, "data")), &raw)
               ? json_parse((struct str_view){(const char *) raw.data, raw.len}, why, sizeof(why))
               : NULL;
}

bool release_policy_met(struct str_view stored, const char *authority, const json_t *claims)
{
    AUTO_JSON *rules = stored.len > 0 ? stored_rules(stored) : NULL;
    struct judging j = {.depth = 0};

    if (!json_is_array(json_object_get(rules, "anyOf")) || !judge_list(&j, rules)) {
        return false;
    }
    while (j.depth > 0) {
        if (!judge_next(&j, authority, claims)) {
            return false;
        }
    }
    return j.open[0].met;
}
