/* SPDX-License-Identifier: MIT */
/*
 * The yardstick of tools/bench: our own transport with an app that does nothing but answer.
 *
 * bare_server CERT KEY [--threads N] [--rsa]: listens on a loopback port of the system's choice,
 * prints it, and answers every request with the headers and the length of a get-key answer. --rsa:
 * one RSA-OAEP-256 encryption of 32 bytes under a 2048-bit key before each answer, as wrapKey does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/net/server.h"
#include "tests/bench/fixed_answer.h"

struct bare {
    EVP_PKEY *key; /* NULL: no work */
};

/* What common/keyalg_rsa.c asks of EVP for one wrapKey. */
static bool encrypt_once(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t out[256];
    uint8_t in[32] = {1};
    size_t len = sizeof(out);
    bool ok = ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 &&
              EVP_PKEY_encrypt(ctx, out, &len, in, sizeof(in)) > 0;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static enum http_step answer(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    x->body_limit = 64 * 1024;
    return HTTP_STEP_LOOP;
}

static enum http_step step(void *ctx, struct http_exchange *x, enum http_step what,
                           struct kvdb_txn *txn)
{
    const struct bare *bare = ctx;

    (void) what;
    (void) txn;
    x->resp.status = bare->key && !encrypt_once(bare->key) ? 500 : 200;
    x->resp.content_type = FIXED_TYPE;
    for (size_t i = 0; i < ARRAY_LEN(fixed_headers); i++) {
        (void) http_response_set_header(&x->resp, fixed_headers[i].name, "%s",
                                        fixed_headers[i].value);
    }
    buf_str(&x->resp.body, FIXED_BODY);
    return HTTP_STEP_DONE;
}

static void end(void *ctx, struct http_exchange *x)
{
    (void) ctx;
    (void) x;
}

static void refuse(void *ctx, struct http_exchange *x, int status, const char *message)
{
    (void) ctx;
    (void) message;
    x->resp.status = status;
}

int main(int argc, char **argv)
{
    struct bare bare = {0};
    const struct http_app app = {
        .ctx = &bare, .begin = answer, .step = step, .end = end, .refuse = refuse};
    struct net_options opt = {.threads = 0};
    struct daemon_sockets sockets = {0};
    struct net_server *server = NULL;
    struct az_error err;
    uint16_t port = 0;

    if (argc < 3) {
        (void) fprintf(stderr, "usage: bare_server CERT KEY [--threads N] [--rsa]\n");
        return 2;
    }
    opt.tls = (struct net_tls_options){argv[1], argv[2], NULL, NULL};
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--rsa") == 0) {
            bare.key = EVP_RSA_gen(2048);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            opt.threads = (unsigned) strtoul(argv[++i], NULL, 10);
        }
    }
    daemon_process_setup();
    opt.workers = workers_new(1, NULL, NULL);
    if (!daemon_socket_bind(&sockets, SOCK_VAULT, NULL, &port, &err) ||
        !net_server_new(&opt, &server, &err)) {
        (void) fprintf(stderr, "bare_server: %s\n", err.message);
        return 1;
    }
    for (unsigned i = 0; i < sockets.n; i++) {
        const struct net_listener l = {sockets.list[i].fd, NET_TLS, &app};

        if (!net_server_listen(server, &l, &err)) {
            (void) fprintf(stderr, "bare_server: %s\n", err.message);
            return 1;
        }
    }
    if (!net_server_start(server, &err)) {
        (void) fprintf(stderr, "bare_server: %s\n", err.message);
        return 1;
    }
    (void) printf("%u\n", (unsigned) port);
    (void) fflush(stdout);
    daemon_wait();
    net_server_stop(server, 100);
    net_server_free(server);
    workers_free(opt.workers);
    EVP_PKEY_free(bare.key);
    return 0;
}
