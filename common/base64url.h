/* SPDX-License-Identifier: MIT */
/* RFC 4648 section 5, without padding when written; padding is stripped when read (recorded). */
#pragma once

#include "common/bytes.h"

void base64url_write(struct buf *out, const void *data, size_t len);
/* False: a character outside the alphabet, an impossible length, non-zero trailing bits, no memory.
 */
bool base64url_read(struct str_view text, struct bytes *ret) MUST_CHECK;
