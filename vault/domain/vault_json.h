/* SPDX-License-Identifier: MIT */
/* A vault as its stored JSON document, and what is derived from the document. */
#pragma once

#include "vault/domain/vault.h"

/* The stored form. The caller owns the result; NULL: out of memory. */
json_t *vault_to_json(const struct vault *v);
/* False: not a stored vault. */
bool vault_from_json(const json_t *doc, struct vault *v, struct az_error *reterr) MUST_CHECK;
/* Sets the typed members (sku, rbac, policies, firewall, ...) from v->properties, after it was
 * changed. */
bool vault_derive(struct vault *v, struct az_error *reterr) MUST_CHECK;
