/* SPDX-License-Identifier: MIT */
/* multipart/form-data, read in pieces: small fields are collected, the file part is passed on. RFC
 * 7578. */
#pragma once

#include "common/az_error.h"
#include "common/bytes.h"

struct multipart {
    char boundary[128]; /* "\r\n--" and the boundary */
    struct buf pending; /* not yet judged */
    int state;
    char name[64];      /* of the present part */
    char filename[256]; /* of the file part */
    struct buf field;
    struct buf purpose; /* the field of that name */
    bool in_file, seen_file, done;
    bool (*on_file)(void *ctx, const char *data, size_t len, struct az_error *reterr);
    void *ctx;
};

/* content_type: the request's; false: no multipart or no boundary. */
bool multipart_init(struct multipart *m, struct str_view content_type) MUST_CHECK;
bool multipart_feed(struct multipart *m, const void *data, size_t len, struct az_error *reterr)
    MUST_CHECK;
void multipart_done(struct multipart *m);
