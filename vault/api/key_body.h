/* SPDX-License-Identifier: MIT */
/* Attributes, operations and tags of a request's body, checked. */
#pragma once

#include "vault/api/call.h"
#include "vault/domain/key.h"

/*
 * Applies "attributes" (enabled, nbf, exp) and "key_ops" of body to m; absent members leave m as it
 * is. An empty key_ops means nothing (clients.md 12.4, Java).
 */
bool key_body_attributes(const json_t *body, struct key_meta *m, struct az_error *reterr)
    MUST_CHECK;
bool key_body_ops(const json_t *ops, struct key_meta *m, struct az_error *reterr) MUST_CHECK;
/* "tags" as JSON text into out; *present false: not given. An empty object gives an empty text. */
bool key_body_tags(const json_t *body, struct buf *out, bool *present, struct az_error *reterr)
    MUST_CHECK;
/* "attributes.exportable" and "release_policy" of a new key; the policy's text into out. */
bool key_body_release(const json_t *body, struct key_meta *m, struct buf *out,
                      struct az_error *reterr) MUST_CHECK;
/* The same of an update: v's policy is changed unless it is immutable; exportable stays as it is.
 */
bool key_body_release_update(const json_t *body, struct key_version *v, struct buf *out,
                             struct az_error *reterr) MUST_CHECK;
/* The recorded text for members that make no sense. */
bool key_bad_property(const char *name, struct az_error *reterr);
/* A new random version id. */
void key_new_version(char out[KEY_VERSION_LEN + 1]);
