/* SPDX-License-Identifier: MIT */
/* Azure's built-in roles, as far as they say something about what is simulated. Data. */
#pragma once

#include <stddef.h>

#include <jansson.h>

struct builtin_role {
    const char *id; /* GUID */
    const char *name;
    const char *description;
    const char *const *actions; /* NULL-terminated, as the next three */
    const char *const *not_actions;
    const char *const *data_actions;
    const char *const *not_data_actions;
    const char *condition; /* NULL: none */
};

extern const struct builtin_role builtin_roles[];
extern const size_t builtin_roles_len;

const struct builtin_role *builtin_role_by_id(const char *id); /* NULL: none; any case */
/* `permissions` as a role definition shows them. New reference. */
json_t *builtin_role_permissions(const struct builtin_role *r);
