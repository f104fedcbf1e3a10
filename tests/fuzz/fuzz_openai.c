/* SPDX-License-Identifier: MIT */
/*
 * Any request to the OpenAI data plane of an account that has a training file, a fine-tuned model
 * and deployments of every use. "FILE" in a target or a body stands for the file's id. A body that
 * begins like a form is sent as one, any other as JSON. Streams are read to their end.
 */
#include "tests/fuzz/api_input.h"
#include "tests/fuzz/provider_once.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char file_id[64];

static void deploy(struct provider_fixture *f, const char *name, const char *model)
{
    char path[256];
    char body[256];

    (void) snprintf(path, sizeof(path), ACCOUNT_PATH "acct/deployments/%s", name);
    (void) snprintf(body, sizeof(body),
                    "{\"sku\":{\"name\":\"Standard\",\"capacity\":1},\"properties\":{\"model\":{"
                    "\"format\":\"OpenAI\",\"name\":\"%s\",\"version\":\"\"}}}",
                    model);
    if (provider_arm(f, "PUT", path, body) != 201) {
        abort();
    }
}

static void make(struct provider_fixture *f)
{
    CLEANUP(buf_done) struct buf text = {0};

    provider_make_account(f);
    for (int i = 0; i < 10; i++) {
        buf_fmt(&text,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"q%d\"},{\"role\":"
                "\"assistant\",\"content\":\"a\"}]}\n",
                i);
    }
    if (provider_upload(f, text.data, file_id) != 201) {
        abort();
    }
    deploy(f, "chat", "gpt-4o-mini");
    deploy(f, "old", "text-davinci-003");
    deploy(f, "embed", "text-embedding-3-small");
}

/* Where it fits. */
static void name_file(char *text, size_t size)
{
    char *at = strstr(text, "FILE");
    size_t id = strlen(file_id);

    if (at && strlen(text) + id < size) {
        memmove(at + id, at + 4, strlen(at + 4) + 1);
        memcpy(at, file_id, id); /* NOLINT(bugprone-not-null-terminated-result): in the middle */
    }
}

static void drain(struct http_exchange *x)
{
    struct http_source *s = &x->resp.source;
    uint8_t piece[1000];
    ssize_t n = 1;

    for (size_t all = 0; s->read && n > 0; all += (size_t) n) {
        n = s->read(s->ctx, piece, sizeof(piece));
        if (n < 0 || all > (1u << 30)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct provider_once *p = provider_once("acct", make);
    struct api_input in;
    struct http_exchange x;

    if (!api_input_read(data, size, &in)) {
        return 0;
    }
    name_file(in.target, sizeof(in.target));
    name_file(in.body, sizeof(in.body));
    const char *const headers[][2] = {
        {"api-key", p->api_key                                                                 },
        { "Content-Type", strncmp(in.body, "--BB", 4) == 0 ? "multipart/form-data; boundary=BB"
                                                          : "application/json"},
    };

    if (api_input_send(provider_once_handle, &p->fixture.d, &x, &in, ACCOUNT_HOST, headers,
                       ARRAY_LEN(headers))) {
        drain(&x);
        api_input_done(&x);
    }
    return 0;
}
