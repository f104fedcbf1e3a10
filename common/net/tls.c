/* SPDX-License-Identifier: MIT */
/*
 * TLS: 1.2 or newer, the leaf chosen by SNI between the families of names, sessions resumable on
 * every loop (one context, stateless tickets).
 */
#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "common/net/internal.h"

static const char azure_suffixes[][24] = {".azure.net", ".azure.com", ".windows.net",
                                          ".microsoft.com", ".microsoftonline.com"};

static bool is_azure(const char *name)
{
    size_t len = name ? strlen(name) : 0;

    for (size_t i = 0; i < ARRAY_LEN(azure_suffixes); i++) {
        size_t n = strlen(azure_suffixes[i]);

        if (len > n && strcasecmp(name + len - n, azure_suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool tls_sni_is_azure(const SSL *ssl)
{
    return is_azure(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
}

/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's signature */
static int on_sni(SSL *ssl, int *alert, void *arg)
{
    struct net_server *s = arg;

    (void) alert;
    if (s->ssl_azure && tls_sni_is_azure(ssl)) {
        (void) SSL_set_SSL_CTX(ssl, s->ssl_azure);
    }
    return SSL_TLSEXT_ERR_OK;
}

/* HTTP/1.1 is all there is; a client that offers only other protocols goes on without ALPN. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                   const unsigned char *in, unsigned inlen, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;

    (void) ssl;
    (void) arg;
    if (SSL_select_next_proto(&chosen, outlen, ours, sizeof(ours) - 1, in, inlen) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_ctx(const char *cert, const char *key, struct az_error *reterr)
{
    static const unsigned char session_context[] = "kvsim";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1) {
        (void) az_fail_internal(reterr, "TLS with %s: %s", cert,
                                ERR_reason_error_string(ERR_peek_last_error()));
        ERR_clear_error();
        SSL_CTX_free(ctx);
        return NULL;
    }
    (void) SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1);
    (void) SSL_CTX_set_num_tickets(ctx, 1);
    (void) SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* Idle connections give their record buffers back. */
    (void) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    return ctx;
}

/* Both contexts use the same ticket keys, so a session made by one name family resumes in either.
 */
static bool share_tickets(SSL_CTX *from, SSL_CTX *to)
{
    unsigned char keys[80];
    long len = SSL_CTX_get_tlsext_ticket_keys(from, NULL, 0);

    return len > 0 && (size_t) len <= sizeof(keys) &&
           SSL_CTX_get_tlsext_ticket_keys(from, keys, len) == 1 &&
           SSL_CTX_set_tlsext_ticket_keys(to, keys, len) == 1;
}

bool tls_init(struct net_server *s, struct az_error *reterr)
{
    const struct net_tls_options *t = &s->opt.tls;

    if (!t->localhost_cert) {
        return true; /* plain listeners only */
    }
    s->ssl = make_ctx(t->localhost_cert, t->localhost_key, reterr);
    if (!s->ssl) {
        return false;
    }
    if (t->azure_cert) {
        s->ssl_azure = make_ctx(t->azure_cert, t->azure_key, reterr);
        if (!s->ssl_azure) {
            return false;
        }
        if (!share_tickets(s->ssl, s->ssl_azure)) {
            return az_fail_internal(reterr, "TLS session tickets could not be set up");
        }
    }
    (void) SSL_CTX_set_tlsext_servername_callback(s->ssl, on_sni);
    (void) SSL_CTX_set_tlsext_servername_arg(s->ssl, s);
    return true;
}

void tls_done(struct net_server *s)
{
    SSL_CTX_free(s->ssl);
    SSL_CTX_free(s->ssl_azure);
    s->ssl = NULL;
    s->ssl_azure = NULL;
}
