/* SPDX-License-Identifier: MIT */
/* Claims of the tokens we issue; lifetimes on the real clock (design, section 6). */
#include <stdio.h>
#include <string.h>

#include "provider/api/login.h"

bool login_token(struct providerd *d, const struct principal *p, const char *audience, bool trusted,
                 char **ret, struct az_error *reterr)
{
    int64_t now = clock_real_ms() / 1000;
    struct token_claims c = {
        .iat = now, .nbf = now, .exp = now + LOGIN_TOKEN_SECONDS, .trusted_service = trusted};

    (void) snprintf(c.iss, sizeof(c.iss), "https://sts.windows.net/%s/", p->tid);
    (void) snprintf(c.aud, sizeof(c.aud), "%s", audience);
    (void) snprintf(c.oid, sizeof(c.oid), "%s", p->oid);
    (void) snprintf(c.appid, sizeof(c.appid), "%s",
                    p->appid[0] ? p->appid
                                : "04b07795-8ddb-461a-bbee-02f9e1bf7b46"); /* users come with az */
    (void) snprintf(c.tid, sizeof(c.tid), "%s", p->tid);
    (void) snprintf(c.idtyp, sizeof(c.idtyp), "%s", p->kind == PRINCIPAL_USER ? "user" : "app");
    (void) snprintf(c.xms_mirid, sizeof(c.xms_mirid), "%s", p->resource_id);
    (void) snprintf(c.upn, sizeof(c.upn), "%s", p->upn);
    return token_sign(d->signer, &c, ret, reterr);
}

bool provider_mint_token(struct providerd *d, const struct principal *p, const char *audience,
                         char **ret, struct az_error *reterr)
{
    return login_token(d, p, audience, true, ret, reterr);
}
