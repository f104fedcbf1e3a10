/* SPDX-License-Identifier: MIT */
/* The test authority's tokens against its public keys, the real clock and a policy. */
#include "vault/api/attestation.h"

#include <stdio.h>

#include "common/fsutil.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/limits.h"
#include "vault/domain/release_policy.h"

static int64_t number_or(const json_t *claims, const char *name, int64_t otherwise)
{
    const json_t *n = json_object_get(claims, name);

    return json_is_integer(n) ? json_integer_value(n) : otherwise;
}

/* The claims of a token that the authority has signed and that holds now; NULL: refused. */
static json_t *verify(const struct vaultd *d, const char *token)
{
    CLEANUP(buf_done) struct buf text = {0};
    int64_t now = clock_real_ms() / 1000;
    char path[4200];
    json_t *claims;

    (void) snprintf(path, sizeof(path), "%s/" ATTESTATION_JWKS_FILE, d->state ? d->state : "");
    if (!d->state || !file_read(path, LIMIT_SMALL_FILE, &text)) {
        return NULL; /* no attestation has ever been made */
    }
    AUTO_JSON *set = json_loadb(text.data, text.len, 0, NULL);

    claims = jws_verify(set, sv_from(token));
    if (claims &&
        (now >= number_or(claims, "exp", INT64_MIN) || now < number_or(claims, "nbf", INT64_MIN))) {
        json_decref(claims);
        return NULL;
    }
    return claims;
}

bool attestation_check(const struct vaultd *d, const char *token, struct str_view policy,
                       json_t **claims, struct az_error *reterr)
{
    json_t *said = verify(d, token);

    /* Both texts are quoted in public code as answers of the service; codes beyond 403 are not. */
    if (!said) {
        return az_fail(reterr, AZ_ERR_FORBIDDEN,
                       "Target environment attestation statement cannot be verified.");
    }
    if (!release_policy_met(policy, json_text(said, "iss"), said)) {
        json_decref(said);
        return az_fail(reterr, AZ_ERR_FORBIDDEN,
                       "Target environment attestation does not meet key release policy "
                       "requirements.");
    }
    *claims = said;
    return true;
}
