/* SPDX-License-Identifier: MIT */
/* What the prepare step of PUT and PATCH hands to the write. */
#pragma once

#include "provider/api/cmk_bind.h"

#define ACCOUNT_NONE    (-1)
#define ACCOUNT_DELETED (-2)

struct account_prepared {
    int64_t revision; /* of the account that prepare saw, or one of the above */
    guid_text uid;    /* of the account to be made, when change is about it */
    struct cmk_change change;
};
