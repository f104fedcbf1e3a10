/* SPDX-License-Identifier: MIT */
/* base64url, strict where ambiguity would let two texts mean the same bytes. */
#include "common/base64url.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_write(struct buf *out, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len >= 3) {
        uint32_t v = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63],
                        alphabet[v & 63]};

        buf_add(out, quad, 4);
        p += 3;
        len -= 3;
    }
    if (len > 0) {
        uint32_t v = (uint32_t) p[0] << 16 | (len == 2 ? (uint32_t) p[1] << 8 : 0);
        char rest[3] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63]};

        buf_add(out, rest, len + 1);
    }
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Decodes into out; false for a bad character or left-over bits. */
static bool decode(struct str_view text, uint8_t *out)
{
    uint32_t acc = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        int d = digit(text.ptr[i]);

        if (d < 0) {
            return false;
        }
        acc = (acc << 6 | (uint32_t) d) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t) (acc >> bits);
        }
    }
    return (acc & ((1u << bits) - 1)) == 0;
}

bool base64url_read(struct str_view text, struct bytes *ret)
{
    CLEANUP(bytes_clear_free) struct bytes out = {0};

    while (text.len > 0 && text.ptr[text.len - 1] == '=') {
        text.len--;
    }
    if (text.len % 4 == 1 ||
        !bytes_alloc(&out, text.len / 4 * 3 + (text.len % 4 > 0 ? text.len % 4 - 1 : 0))) {
        return false;
    }
    if (!decode(text, out.data)) {
        return false;
    }
    *ret = bytes_take(&out);
    return true;
}

bool base64url_secret(char out[BASE64URL_SECRET])
{
    uint8_t raw[32];

    do {
        if (RAND_bytes(raw, sizeof(raw)) != 1) {
            return false;
        }
    } while (raw[0] >> 2 >= 62);
    CLEANUP(buf_done) struct buf text = {0};

    base64url_write(&text, raw, sizeof(raw));
    (void) snprintf(out, BASE64URL_SECRET, "%s", text.data);
    return true;
}
