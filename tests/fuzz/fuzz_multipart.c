/* SPDX-License-Identifier: MIT */
/* Forms: whole and in pieces they give the same file, and memory stays bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provider/api/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct form {
    struct multipart m;
    struct buf file;
    bool ok;
};

static bool on_file(void *ctx, const char *data, size_t len, struct az_error *reterr)
{
    (void) reterr;
    buf_add(ctx, data, len);
    return true;
}

static void feed(struct form *f, const char *data, size_t len, size_t step)
{
    struct az_error err;

    *f = (struct form){0};
    f->ok = multipart_init(&f->m, sv_from("multipart/form-data; boundary=BB"));
    f->m.on_file = on_file;
    f->m.ctx = &f->file;
    for (size_t at = 0; f->ok && at < len; at += step) {
        f->ok = multipart_feed(&f->m, data + at, len - at < step ? len - at : step, &err);
    }
}

static void form_done(struct form *f)
{
    multipart_done(&f->m);
    buf_done(&f->file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct form whole;
    struct form pieces;
    struct multipart other;

    feed(&whole, (const char *) data, size, size + 1);
    feed(&pieces, (const char *) data, size, size > 0 ? data[0] % 13 + 1u : 1);
    if (whole.ok != pieces.ok || whole.m.done != pieces.m.done ||
        (whole.ok &&
         (whole.file.len != pieces.file.len ||
          (whole.file.len > 0 && memcmp(whole.file.data, pieces.file.data, whole.file.len) != 0) ||
          strcmp(whole.m.filename, pieces.m.filename) != 0))) {
        abort();
    }
    form_done(&whole);
    form_done(&pieces);
    if (multipart_init(&other, (struct str_view){(const char *) data, size})) {
        multipart_done(&other);
    }
    return 0;
}
