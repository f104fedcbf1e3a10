/* SPDX-License-Identifier: MIT */
/* Ids of vaults and their objects as role assignments name them. */
#include "vault/domain/rbac.h"

#include <stdio.h>

void vault_resource_id(const struct vault *v, struct str_view family, struct str_view name,
                       char out[VAULT_RESOURCE_MAX])
{
    int n = snprintf(out, VAULT_RESOURCE_MAX,
                     "/subscriptions/%s/resourcegroups/%s/providers/microsoft.keyvault/vaults/%s",
                     v->subscription, v->resource_group, v->name);

    if (n > 0 && n < VAULT_RESOURCE_MAX && family.len > 0 && name.len > 0) {
        (void) snprintf(out + n, VAULT_RESOURCE_MAX - (size_t) n, "/%.*s/%.*s",
                        (int) (family.len < 16 ? family.len : 16), family.ptr,
                        (int) (name.len < 128 ? name.len : 128), name.ptr);
    }
}
