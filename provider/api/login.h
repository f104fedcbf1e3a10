/* SPDX-License-Identifier: MIT */
/* The token service's parts that others use: minting, secrets, forms. */
#pragma once

#include "common/base64url.h"
#include "provider/api/call.h"

#define LOGIN_TOKEN_SECONDS                                               \
    3599 /* Entra's usual lifetime of an app's token, near enough an hour \
          */

/* trusted: the call of an Azure service of ours. The caller frees *ret. */
bool login_token(struct providerd *d, const struct principal *p, const char *audience, bool trusted,
                 char **ret, struct az_error *reterr) MUST_CHECK;

/* A decoded field of an application/x-www-form-urlencoded body into out; false: absent. */
bool login_form_get(struct str_view body, const char *name, char *out, size_t size);

/* A fresh secret, and its salted hash into p. */
bool login_new_secret(struct principal *p, char out[BASE64URL_SECRET]);
/* The hash of a given secret into p. */
bool login_set_secret(struct principal *p, const char *secret);
bool login_check_secret(const struct principal *p, const char *secret);
