/* SPDX-License-Identifier: MIT */
/* Reading and rewriting of key release policies. Evaluates nothing. */
#include "vault/domain/release_policy.h"

#include <string.h>

#include "common/base64url.h"
#include "common/limits.h"

#define CONTENT_TYPE "application/json; charset=utf-8" /* the specification's default */

/* What a node of the rules may be made of, and must. */
enum node { NODE_TOP, NODE_AUTHORITY, NODE_CONDITION };

static bool bad(struct az_error *reterr)
{
    /* By analogy with the recorded text for bad members; the service's for policies is unknown. */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Property release_policy has invalid value\r\n");
}

static bool write_node(struct buf *out, const json_t *node, enum node kind, unsigned depth);

/* ,"anyOf":[…] or ,"allOf":[…] */
static bool write_list(struct buf *out, const json_t *node, enum node kind, unsigned depth)
{
    static const char *const names[] = {"anyOf", "allOf"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const json_t *list = json_object_get(node, names[i]);
        size_t n;
        const json_t *element;

        if (!list) {
            continue;
        }
        if (!json_is_array(list) || json_array_size(list) == 0) {
            return false;
        }
        buf_fmt(out, "\"%s\":[", names[i]);
        json_array_foreach(list, n, element)
        {
            buf_str(out, n > 0 ? "," : "");
            if (!write_node(out, element, kind == NODE_TOP ? NODE_AUTHORITY : NODE_CONDITION,
                            depth + 1)) {
                return false;
            }
        }
        buf_str(out, "]");
        return true;
    }
    return false;
}

/* "NAME":VALUE */
static void write_member(struct buf *out, const char *name, const json_t *value)
{
    buf_fmt(out, "\"%s\":", name);
    if (json_is_string(value)) {
        buf_json_str(out, json_string_value(value), json_string_length(value));
    } else {
        buf_fmt(out, "%s", json_is_true(value) ? "true" : "false");
    }
}

/* {"claim":…,"equals":…} or a nested list. */
static bool write_condition(struct buf *out, const json_t *node, unsigned depth)
{
    const json_t *claim = json_object_get(node, "claim");
    const json_t *equals = json_object_get(node, "equals");

    if (!claim && !equals) {
        return json_object_size(node) == 1 && write_list(out, node, NODE_CONDITION, depth);
    }
    if (json_object_size(node) != 2 || json_string_length(claim) == 0 ||
        (!json_is_string(equals) && !json_is_boolean(equals))) {
        return false;
    }
    write_member(out, "claim", claim);
    buf_str(out, ",");
    write_member(out, "equals", equals);
    return true;
}

/* Like {"version":"1.0.0","anyOf":[…]}: a string and a list. */
static bool write_headed(struct buf *out, const json_t *node, enum node kind, unsigned depth)
{
    const char *name = kind == NODE_TOP ? "version" : "authority";
    const json_t *value = json_object_get(node, name);

    if (json_object_size(node) != 2 || json_string_length(value) == 0 ||
        (kind == NODE_TOP && strcmp(json_string_value(value), "1.0.0") != 0)) {
        return false;
    }
    write_member(out, name, value);
    buf_str(out, ",");
    return write_list(out, node, kind, depth);
}

static bool write_node(struct buf *out, const json_t *node, enum node kind, unsigned depth)
{
    bool ok = depth <= LIMIT_POLICY_DEPTH && json_is_object(node);

    if (ok) {
        buf_str(out, "{");
        ok = kind == NODE_CONDITION ? write_condition(out, node, depth)
                                    : write_headed(out, node, kind, depth);
        buf_str(out, "}");
    }
    return ok;
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

    return top && write_node(rules, top, NODE_TOP, 0) && buf_ok(rules);
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
