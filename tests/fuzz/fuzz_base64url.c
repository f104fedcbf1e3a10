/* SPDX-License-Identifier: MIT */
/* Any text: what is read and written again is the text without its padding. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(bytes_clear_free) struct bytes raw = {0};
    CLEANUP(buf_done) struct buf text = {0};

    if (!base64url_read((struct str_view){(const char *) data, size}, &raw)) {
        return 0;
    }
    base64url_write(&text, raw.data, raw.len);
    while (size > 0 && data[size - 1] == '=') {
        size--;
    }
    if (!buf_ok(&text) || text.len != size || (size > 0 && memcmp(text.data, data, size) != 0)) {
        abort();
    }
    return 0;
}
