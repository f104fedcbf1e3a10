/* SPDX-License-Identifier: MIT */
/*
 * The role assignments in force, built from the store once for each revision and shared by threads.
 *
 * An entry is good as long as its revision is the stored one; whoever holds it may read it until
 * released, also after it was replaced.
 */
#pragma once

#include <stdint.h>

#include "common/rbac.h"

struct rbac_cache;
struct rbac_shared;

struct rbac_cache *rbac_cache_new(void); /* NULL: out of memory */
void rbac_cache_free(struct rbac_cache *c);

/* Builds the set of a revision from what is stored; NULL: failed. */
typedef struct rbac_set *rbac_load_fn(void *ctx);

/* The caller releases. NULL: load failed. Any thread. */
struct rbac_shared *rbac_cache_get(struct rbac_cache *c, uint64_t revision, rbac_load_fn *load,
                                   void *ctx);
void rbac_cache_release(struct rbac_shared *s); /* NULL is allowed */
const struct rbac_set *rbac_shared_set(const struct rbac_shared *s);
uint64_t rbac_shared_revision(const struct rbac_shared *s);
