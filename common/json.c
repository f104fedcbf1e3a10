/* SPDX-License-Identifier: MIT */
/* Typed access to members of parsed JSON, over jansson. */
#include "common/json.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

static void wipe_and_free(void *p)
{
    if (p) {
        OPENSSL_cleanse(p, malloc_usable_size(p));
        free(p);
    }
}

void json_wipe_when_freed(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}

json_t *json_parse(struct str_view text, char *why, size_t why_size)
{
    json_error_t err;
    json_t *v = json_loadb(text.ptr ? text.ptr : "", text.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &err);

    if (!v && why) {
        (void) snprintf(why, why_size, "%s (line %d, position %d)", err.text, err.line, err.column);
    }
    return v;
}

static int add_piece(const char *data, size_t len, void *out)
{
    buf_add(out, data, len);
    return buf_ok(out) ? 0 : -1;
}

void json_write(struct buf *out, const json_t *value)
{
    if (json_dump_callback(value, add_piece, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0) {
        out->failed = true;
    }
}

static json_t *member(const json_t *obj, const char *name)
{
    json_t *v = json_object_get(obj, name);

    return json_is_null(v) ? NULL : v;
}

bool json_get_string(const json_t *obj, const char *name, const char **ret)
{
    json_t *v = member(obj, name);

    *ret = json_string_value(v);
    return !v || json_is_string(v);
}

bool json_get_bool(const json_t *obj, const char *name, bool *present, bool *ret)
{
    json_t *v = member(obj, name);

    *present = v != NULL;
    *ret = json_is_true(v);
    return !v || json_is_boolean(v);
}

bool json_get_int(const json_t *obj, const char *name, bool *present, int64_t *ret)
{
    json_t *v = member(obj, name);

    *present = v != NULL;
    *ret = json_integer_value(v);
    return !v || json_is_integer(v);
}

bool json_get_object(const json_t *obj, const char *name, json_t **ret)
{
    *ret = member(obj, name);
    return !*ret || json_is_object(*ret);
}

bool json_get_array(const json_t *obj, const char *name, json_t **ret)
{
    *ret = member(obj, name);
    return !*ret || json_is_array(*ret);
}

json_t *json_object_iget(const json_t *obj, const char *name)
{
    json_t *v = json_object_get(obj, name);
    json_t *rw;
    void *it;

    if (v || !json_is_object(obj)) {
        return v;
    }
    rw = json_incref((json_t *) (uintptr_t) obj);
    for (it = json_object_iter(rw); it; it = json_object_iter_next(rw, it)) {
        if (strcasecmp(json_object_iter_key(it), name) == 0) {
            v = json_object_iter_value(it);
            break;
        }
    }
    json_decref(rw);
    return v;
}

const char *json_text(const json_t *obj, const char *name)
{
    const char *s = json_string_value(json_object_iget(obj, name));

    return s ? s : "";
}

bool json_text_or_none(const json_t *obj, const char *name)
{
    const json_t *v = json_object_iget(obj, name);

    return !v || json_is_null(v) || json_is_string(v);
}

bool json_texts_fit(const json_t *v, size_t max, size_t name_max, size_t value_max)
{
    const char *name;
    json_t *text;

    if (!v || json_is_null(v)) {
        return true;
    }
    if (!json_is_object(v) || json_object_size(v) > max) {
        return false;
    }
    json_object_foreach((json_t *) (uintptr_t) v, name, text)
    {
        if (!json_is_string(text) || strlen(name) > name_max ||
            json_string_length(text) > value_max) {
            return false;
        }
    }
    return true;
}
