/* SPDX-License-Identifier: MIT */
/*
 * A key's rotation policy: its document, and when it wants something done. Pure.
 *
 * Sources: azure-rules.md section 6 (how-to-configure-key-rotation.md), the KeyRotationPolicy
 * schema of keys.json, wire-samples.md part 1.
 */
#pragma once

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "vault/domain/key.h"

#define ROTATION_TEXT_MAX 32 /* of a duration */

/* A duration as written by the client, and what it means; seconds 0: there is none. */
struct rotation_span {
    int64_t seconds;
    char text[ROTATION_TEXT_MAX + 1];
};

struct rotation_policy {                /* as stored */
    struct rotation_span rotate_after;  /* creation of the current version */
    struct rotation_span rotate_before; /* its expiry */
    struct rotation_span notify_before; /* its expiry; never empty */
    struct rotation_span expiry;        /* of versions made by rotation */
    int64_t created_s, updated_s;       /* 0: never set */
};

/* What a key has that nobody has stored a policy for: Notify 30 days before expiry. */
void rotation_default(struct rotation_policy *p);
/* Reads a request's body. created_s and updated_s are left alone. */
bool rotation_parse(const json_t *body, struct rotation_policy *p, struct az_error *reterr)
    MUST_CHECK;
/* The document without its id: "lifetimeActions":[...],"attributes":{...} */
void rotation_write(const struct rotation_policy *p, struct buf *out);

/* When the current version wants something; 0: never. */
struct key_due {
    int64_t rotate_s;
    int64_t near_expiry_s;
    int64_t expired_s;
};

/*
 * What is due for a current version, seen from from_s: the moment at which the version, its policy
 * or its head was changed. A rotation that is overdue then is due at from_s; an expiry or a notice
 * that lies before from_s has been, and is not repeated. Disabled versions are not rotated.
 */
struct key_due rotation_due(const struct rotation_policy *p, const struct key_meta *latest,
                            int64_t from_s);
/* The distance of two rotations under this policy; 0: it rotates once or never. */
int64_t rotation_period_s(const struct rotation_policy *p);
