/* SPDX-License-Identifier: MIT */
/* RFC 4648 section 5, without padding when written; padding is stripped when read (recorded). */
#pragma once

#include "common/bytes.h"

void base64url_write(struct buf *out, const void *data, size_t len);
/* False: a character outside the alphabet, an impossible length, non-zero trailing bits, no memory.
 */
bool base64url_read(struct str_view text, struct bytes *ret) MUST_CHECK;

#define BASE64URL_SECRET 44
/*
 * A fresh secret of 32 random bytes as text. It never begins with "-" or "_": az and other programs
 * take `-p -x` for an option (az login --help says so of its --password). False: no randomness.
 */
bool base64url_secret(char out[BASE64URL_SECRET]) MUST_CHECK;
