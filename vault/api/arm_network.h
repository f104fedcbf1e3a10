/* SPDX-License-Identifier: MIT */
/* networkAcls and publicNetworkAccess of a vault's body. */
#pragma once

#include "vault/domain/vault.h"

/* Takes them from `properties` of a body into v->properties; what is absent stays. */
bool arm_network_apply(struct vault *v, const json_t *from, struct az_error *reterr) MUST_CHECK;
