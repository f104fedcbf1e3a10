/* SPDX-License-Identifier: MIT */
/* What a body may say of a key. Limits: azure-rules.md section 1. */
#include "vault/api/key_body.h"

#include <string.h>

#include <openssl/rand.h>

#include "common/json.h"
#include "common/limits.h"
#include "vault/domain/release_policy.h"

bool key_bad_property(const char *name, struct az_error *reterr)
{
    /* Recorded for a bad kty with an empty name, two spaces and CRLF (azure-rules.md section 8). */
    return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Property %s has invalid value\r\n", name);
}

/* nbf, exp: whole seconds; old clients send negative ones for dates after 2038 (clients.md B3). */
static bool take_time(const json_t *attrs, const char *name, uint8_t *has, int64_t *value,
                      struct az_error *reterr)
{
    bool present = false;
    int64_t v = 0;

    if (!json_get_int(attrs, name, &present, &v)) {
        return key_bad_property(name, reterr);
    }
    if (present) {
        *has = 1;
        *value = v;
    }
    return true;
}

bool key_body_ops(const json_t *ops, struct key_meta *m, struct az_error *reterr)
{
    unsigned list[KEY_OPS_COUNT];
    size_t n = 0;
    json_t *op;
    size_t i;

    if (!ops || json_is_null(ops)) {
        return true;
    }
    if (!json_is_array(ops)) {
        return key_bad_property("key_ops", reterr);
    }
    json_array_foreach(ops, i, op)
    {
        unsigned bit = json_is_string(op) ? key_op_parse(json_string_value(op)) : 0;

        if (bit == 0 || n == KEY_OPS_COUNT) {
            return key_bad_property("key_ops", reterr);
        }
        list[n++] = bit;
    }
    if (!key_ops_check((enum key_type) m->type, list, n, reterr)) {
        return false;
    }
    if (n > 0) {
        key_meta_set_ops(m, list, n);
    }
    return true;
}

bool key_body_attributes(const json_t *body, struct key_meta *m, struct az_error *reterr)
{
    json_t *attrs = NULL;
    bool present = false;
    bool enabled = false;

    if (!json_get_object(body, "attributes", &attrs)) {
        return key_bad_property("attributes", reterr);
    }
    if (attrs) {
        if (!json_get_bool(attrs, "enabled", &present, &enabled)) {
            return key_bad_property("enabled", reterr);
        }
        m->enabled = present ? enabled : m->enabled;
        if (!take_time(attrs, "nbf", &m->has_nbf, &m->nbf_s, reterr) ||
            !take_time(attrs, "exp", &m->has_exp, &m->exp_s, reterr)) {
            return false;
        }
    }
    return true;
}

static bool take_exportable(const json_t *body, bool *present, bool *ret, struct az_error *reterr)
{
    json_t *attrs = NULL;

    *present = false;
    return !json_get_object(body, "attributes", &attrs) || !attrs ||
           json_get_bool(attrs, "exportable", present, ret) ||
           key_bad_property("exportable", reterr);
}

static bool take_policy(const json_t *body, struct buf *out, bool *present, bool *immutable,
                        struct az_error *reterr)
{
    json_t *policy = NULL;

    if (!json_get_object(body, "release_policy", &policy)) {
        return key_bad_property("release_policy", reterr);
    }
    *present = policy != NULL;
    return !policy || release_policy_read(policy, out, immutable, reterr);
}

bool key_body_release(const json_t *body, struct key_meta *m, struct buf *out,
                      struct az_error *reterr)
{
    bool exportable = false;
    bool immutable = false;
    bool present;

    if (!take_exportable(body, &present, &exportable, reterr) ||
        !take_policy(body, out, &present, &immutable, reterr)) {
        return false;
    }
    if (exportable && !key_type_is_hsm((enum key_type) m->type)) {
        /* Documented for release (premium, HSM-protected keys); the text is ours. */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "Only HSM-protected keys can be exportable.");
    }
    m->exportable = exportable;
    m->policy_immutable = immutable;
    return true;
}

bool key_body_release_update(const json_t *body, struct key_version *v, struct buf *out,
                             struct az_error *reterr)
{
    bool exportable = v->meta.exportable;
    bool immutable = false;
    bool present;

    if (!take_exportable(body, &present, &exportable, reterr)) {
        return false;
    }
    if (exportable != (v->meta.exportable != 0)) { /* the text is ours */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "The property \"exportable\" of a key can't be changed.");
    }
    if (json_is_object(json_object_get(body, "release_policy")) && v->meta.policy_immutable) {
        /* Recorded: azure-rules.md section 8; also for the policy that it has already. */
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                       "AKV.SKR.1020: Immutable Key Release Policy cannot be modified.");
    }
    if (!take_policy(body, out, &present, &immutable, reterr)) {
        return false;
    }
    if (present) {
        v->texts.policy = (struct str_view){out->data, out->len};
        v->meta.policy_immutable = immutable;
    }
    return true;
}

bool key_body_tags(const json_t *body, struct buf *out, bool *present, struct az_error *reterr)
{
    json_t *tags = NULL;
    const char *name;
    json_t *value;

    if (!json_get_object(body, "tags", &tags)) {
        return key_bad_property("tags", reterr);
    }
    *present = tags != NULL;
    if (json_object_size(tags) > LIMIT_TAGS) {
        return az_fail(reterr, AZ_ERR_BAD_PARAMETER, "A key has at most %d tags.", LIMIT_TAGS);
    }
    json_object_foreach(tags, name, value)
    {
        if (!json_is_string(value)) {
            return key_bad_property("tags", reterr);
        }
        if (strlen(name) > LIMIT_TAG_TEXT || json_string_length(value) > LIMIT_TAG_TEXT) {
            return az_fail(reterr, AZ_ERR_BAD_PARAMETER,
                           "A tag's name and value have at most %d characters.", LIMIT_TAG_TEXT);
        }
    }
    if (json_object_size(tags) > 0) {
        json_write(out, tags);
    }
    return buf_ok(out) || az_fail_internal(reterr, "out of memory");
}

void key_new_version(char out[KEY_VERSION_LEN + 1])
{
    uint8_t raw[KEY_VERSION_LEN / 2];

    if (RAND_bytes(raw, sizeof(raw)) != 1) {
        abort();
    }
    for (size_t i = 0; i < sizeof(raw); i++) {
        (void) snprintf(out + 2 * i, 3, "%02x", raw[i]);
    }
}
