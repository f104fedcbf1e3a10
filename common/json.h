/* SPDX-License-Identifier: MIT */
/* Reading members of a parsed JSON body with typed errors; writing compact JSON in member order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"

DEFINE_CLEANUP(json_cleanup, json_t, json_decref)
#define AUTO_JSON CLEANUP(json_cleanup) json_t

/* From here on the memory of JSON values is wiped when it is freed: bodies hold private keys, data
 * keys, client secrets. Before the first use of JSON. */
void json_wipe_when_freed(void);

/* Rejects duplicates, trailing text, nesting beyond jansson's limit, and NUL in strings. NULL: *why
 * names the place. */
json_t *json_parse(struct str_view text, char *why, size_t why_size);
/* Appends compact JSON, members in insertion order. */
void json_write(struct buf *out, const json_t *value);

/* Member access; `present` false when absent or null. False: wrong type (reterr untouched). */
bool json_get_string(const json_t *obj, const char *name, const char **ret); /* NULL when absent */
bool json_get_bool(const json_t *obj, const char *name, bool *present, bool *ret);
bool json_get_int(const json_t *obj, const char *name, bool *present, int64_t *ret);
bool json_get_object(const json_t *obj, const char *name,
                     json_t **ret); /* borrowed; NULL when absent */
bool json_get_array(const json_t *obj, const char *name, json_t **ret);
/* Case-insensitive member lookup (ARM bodies, Key Vault's "Hsm"). */
json_t *json_object_iget(const json_t *obj, const char *name);
/* Is the member (any case of its name) a string, null or absent? */
bool json_text_or_none(const json_t *obj, const char *name);
/* Is v an object of at most `max` strings, names and values no longer than these bytes; or null? */
bool json_texts_fit(const json_t *v, size_t max, size_t name_max, size_t value_max);
/* A string member, any case of its name; "" when it is absent or no string. Borrowed. */
const char *json_text(const json_t *obj, const char *name);
