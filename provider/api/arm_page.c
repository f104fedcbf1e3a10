/* SPDX-License-Identifier: MIT */
/* $skiptoken is the next item's key, base64url. */
#include "provider/api/arm_page.h"

#include <string.h>

#include "common/base64url.h"
#include "common/json.h"
#include "common/limits.h"
#include "provider/api/answer.h"

static bool read_token(const char *token, char from[ARM_PAGE_KEY])
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};

    if (!base64url_read(sv_from(token), &raw) || raw.len == 0 || raw.len >= ARM_PAGE_KEY ||
        memchr(raw.data, '\0', raw.len)) {
        return false;
    }
    memcpy(from, raw.data, raw.len);
    from[raw.len] = '\0';
    return true;
}

bool arm_page_begin(struct provider_call *c, struct arm_page *p, struct az_error *reterr)
{
    const char *token = http_param_get(&c->x->req, "$skiptoken");

    *p = (struct arm_page){.c = c, .size = LIMIT_ARM_PAGE};
    if (token && !read_token(token, p->from)) {
        return az_fail_target(reterr, AZ_ERR_BAD_REQUEST, "$skiptoken",
                              "The value of $skiptoken is not valid.");
    }
    p->list = json_array();
    return p->list || az_fail_internal(reterr, "out of memory");
}

/* Specification: 1 at least; what is above a page is a page (ours). */
bool arm_page_begin_top(struct provider_call *c, struct arm_page *p, struct az_error *reterr)
{
    const char *top = http_param_get(&c->x->req, "$top");
    uint64_t n = LIMIT_ARM_PAGE;

    if (top && (!uint_parse(top, 0, &n) || n < 1)) {
        return az_fail_target(reterr, AZ_ERR_BAD_REQUEST, "$top",
                              "The value of $top is not valid.");
    }
    if (!arm_page_begin(c, p, reterr)) {
        return false;
    }
    p->has_top = top != NULL;
    p->size = n < LIMIT_ARM_PAGE ? (size_t) n : LIMIT_ARM_PAGE;
    return true;
}

bool arm_page_takes(struct arm_page *p, const char *key)
{
    if (json_array_size(p->list) < p->size) {
        return true;
    }
    (void) snprintf(p->next, sizeof(p->next), "%s", key);
    return false;
}

bool arm_page_answer(struct arm_page *p)
{
    AUTO_JSON *doc = json_pack("{s:o}", "value", take_ptr(p->list));
    struct provider_call *c = p->c;

    if (p->next[0]) {
        CLEANUP(buf_done) struct buf token = {0};
        char base[URL_MAX];
        char top[32] = "";

        if (p->has_top) {
            (void) snprintf(top, sizeof(top), "&$top=%zu", p->size);
        }
        base64url_write(&token, p->next, strlen(p->next));
        if (!buf_ok(&token)) {
            return az_fail_internal(&c->error, "out of memory");
        }
        (void) json_object_set_new(doc, "nextLink",
                                   json_sprintf("%s%.*s?api-version=%s%s&$skiptoken=%s",
                                                site_url(&c->site, SVC_MANAGEMENT, NULL, base),
                                                (int) strcspn(c->x->req.target, "?"),
                                                c->x->req.target, c->api_version, top, token.data));
    }
    return provider_answer_json(c, 200, doc);
}
