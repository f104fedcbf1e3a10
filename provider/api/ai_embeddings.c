/* SPDX-License-Identifier: MIT */
/*
 * Embeddings: unit vectors that SHA-256 draws from model and input, so that equal inputs have equal
 * vectors; they mean nothing. encoding_format base64 is little-endian float32, which the OpenAI
 * libraries ask for by default (clients.md).
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "common/json.h"
#include "common/limits.h"
#include "provider/api/ai.h"
#include "provider/api/ai_infer.h"

#define DIMENSIONS       1536
#define DIMENSIONS_LARGE 3072

/* Sixteen numbers of a block; false: no SHA-256. */
static bool draw(const char *model, const char *text, size_t len, uint32_t block, float out[16])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, model, strlen(model) + 1) == 1 &&
              EVP_DigestUpdate(md, &block, sizeof(block)) == 1 &&
              EVP_DigestUpdate(md, text, len) == 1 && EVP_DigestFinal_ex(md, digest, NULL) == 1;

    EVP_MD_CTX_free(md);
    for (size_t i = 0; ok && i < 16; i++) {
        out[i] = (float) (digest[2 * i] << 8 | digest[2 * i + 1]) / 32768.0F - 1.0F;
    }
    return ok;
}

static bool embed(const char *model, const char *text, size_t len, size_t dims, float *out)
{
    double sum = 0;

    for (size_t i = 0; i < dims; i += 16) {
        float sixteen[16];

        if (!draw(model, text, len, (uint32_t) i, sixteen)) {
            return false;
        }
        for (size_t k = 0; k < 16 && i + k < dims; k++) {
            out[i + k] = sixteen[k];
            sum += (double) sixteen[k] * (double) sixteen[k];
        }
    }
    for (size_t i = 0; i < dims && sum > 0; i++) {
        out[i] = (float) ((double) out[i] / sqrt(sum));
    }
    return true;
}

static void write_vector(struct buf *out, const float *v, size_t dims, bool base64)
{
    if (!base64) {
        buf_str(out, "[");
        for (size_t i = 0; i < dims; i++) {
            buf_fmt(out, "%s%.7g", i > 0 ? "," : "", (double) v[i]);
        }
        buf_str(out, "]");
        return;
    }
    uint8_t raw[DIMENSIONS_LARGE * 4];
    unsigned char text[sizeof(raw) / 3 * 4 + 8];

    for (size_t i = 0; i < dims; i++) {
        uint32_t bits;

        memcpy(&bits, &v[i], 4);
        for (size_t k = 0; k < 4; k++) {
            raw[4 * i + k] = (uint8_t) (bits >> (8 * k));
        }
    }
    int n = EVP_EncodeBlock(text, raw, (int) (dims * 4));

    buf_str(out, "\"");
    buf_add(out, text, (size_t) n);
    buf_str(out, "\"");
}

struct request {
    struct ai_served served;
    size_t dims;
    bool base64;
    json_t *inputs; /* borrowed or, for a single one, own list */
};

/* Inputs: a string, strings, tokens, lists of tokens. As a list of one kind or the other. */
static bool read_inputs(const struct provider_call *c, struct request *r, struct az_error *reterr)
{
    json_t *input = json_object_get(c->body, "input");
    const json_t *item;
    size_t i;

    if (json_is_string(input) || json_is_integer(json_array_get(input, 0))) {
        r->inputs = json_pack("[O]", input);
    } else {
        r->inputs = json_incref(input);
    }
    if (!json_is_array(r->inputs) || json_array_size(r->inputs) == 0 ||
        json_array_size(r->inputs) > LIMIT_EMBEDDING_INPUTS) {
        return ai_bad_member(reterr, "input",
                             "'input' must be a string or a list of 1 to 2048 inputs.");
    }
    json_array_foreach(r->inputs, i, item)
    {
        if (json_is_string(item)
                ? json_string_length(item) == 0
                : json_array_size(item) == 0 || !json_is_integer(json_array_get(item, 0))) {
            return ai_bad_member(reterr, "input",
                                 "An input must be a text or a list of tokens, not empty.");
        }
        int64_t tokens = json_is_string(item) ? ai_tokens(json_string_length(item))
                                              : (int64_t) json_array_size(item);

        if (tokens > LIMIT_EMBEDDING_TOKENS) {
            return ai_too_long(reterr, "input", LIMIT_EMBEDDING_TOKENS, tokens);
        }
    }
    return true;
}

static bool read_format(const struct provider_call *c, struct request *r, struct az_error *reterr)
{
    const char *name = r->served.base->name;
    const char *format = json_text(c->body, "encoding_format");
    size_t whole = strcasecmp(name, "text-embedding-3-large") == 0 ? DIMENSIONS_LARGE : DIMENSIONS;
    int64_t dims = 0;
    bool given = false;

    if (!json_get_int(c->body, "dimensions", &given, &dims)) {
        return ai_bad_member(reterr, "dimensions", "'dimensions' must be a number.");
    }
    dims = given ? dims : (int64_t) whole;
    if (dims < 1 || dims > (int64_t) whole ||
        (given && strncasecmp(name, "text-embedding-3", 16) != 0)) {
        return ai_bad_member(reterr, "dimensions",
                             "This model does not support specifying dimensions, or "
                             "not that many.");
    }
    r->dims = (size_t) dims;
    r->base64 = strcmp(format, "base64") == 0;
    return r->base64 || !format[0] || strcmp(format, "float") == 0 ||
           ai_bad_member(reterr, "encoding_format", "The encoding_format must be float or base64.");
}

static bool write_items(const struct request *r, struct buf *out, int64_t *tokens)
{
    float v[DIMENSIONS_LARGE];
    const json_t *item;
    size_t i;

    json_array_foreach(r->inputs, i, item)
    {
        CLEANUP(buf_done) struct buf text = {0};

        if (json_is_string(item)) {
            buf_add(&text, json_string_value(item), json_string_length(item));
            *tokens += ai_tokens(text.len);
        } else {
            json_write(&text, item);
            *tokens += (int64_t) json_array_size(item);
        }
        if (!buf_ok(&text) || !embed(r->served.model, text.data, text.len, r->dims, v)) {
            return false;
        }
        buf_fmt(out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":", i > 0 ? "," : "",
                i);
        write_vector(out, v, r->dims, r->base64);
        buf_str(out, "}");
    }
    return true;
}

/* Written as text: a list of a thousand vectors as objects would be a hundred times its size. */
static bool answer(struct provider_call *c, const struct request *r, struct az_error *reterr)
{
    struct buf *out = &c->x->resp.body;
    int64_t tokens = 0;

    out->len = 0;
    buf_str(out, "{\"object\":\"list\",\"data\":[");
    if (!write_items(r, out, &tokens)) {
        return az_fail_internal(reterr, "making embeddings");
    }
    buf_str(out, "],\"model\":");
    buf_json_str(out, r->served.model, strlen(r->served.model));
    buf_fmt(out, ",\"usage\":{\"prompt_tokens\":%lld,\"total_tokens\":%lld}}", (long long) tokens,
            (long long) tokens);
    c->x->resp.status = 200;
    c->x->resp.content_type = "application/json; charset=utf-8";
    return buf_ok(out) || az_fail_internal(reterr, "out of memory");
}

bool ai_embeddings_prepare(struct provider_call *c, struct az_error *reterr)
{
    struct request r = {.inputs = NULL};
    bool ok = ai_find_served(c, MODEL_EMBEDDINGS, "embeddings", &r.served, reterr) &&
              read_inputs(c, &r, reterr) && read_format(c, &r, reterr) && answer(c, &r, reterr);

    ai_served_done(&r.served);
    json_decref(r.inputs);
    return ok;
}
