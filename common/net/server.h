/* SPDX-License-Identifier: MIT */
/*
 * The transport: N loop threads, TLS listeners, HTTP/1.1 connections, plain listeners and the
 * CONNECT proxy, around one http_app each. The only folder (but main) that includes <event2/...>.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include "common/az_error.h"
#include "common/daemon.h"
#include "common/http_app.h"
#include "common/workers.h"
#include "common/writer.h"

struct net_server;

enum net_listener_kind {
    NET_TLS,   /* HTTPS */
    NET_PLAIN, /* HTTP: identity endpoints */
    NET_PROXY, /* CONNECT tunnels to our own TLS sites, and absolute-form requests to the identity
                  endpoints */
};

struct net_listener {
    int fd; /* listening, non-blocking is set here; owned by the server afterwards */
    enum net_listener_kind kind;
    const struct http_app *app; /* NET_PROXY: serves absolute-form requests */
};

/* TLS material: the certificate is chosen by SNI between the families. Paths of PEM files. */
struct net_tls_options {
    const char *localhost_cert, *localhost_key;
    const char *azure_cert, *azure_key; /* NULL: none */
};

struct net_options {
    unsigned threads; /* loops; 0: one per core */
    struct net_tls_options tls;
    struct workers *workers;
    struct writer *writer;     /* NULL: WRITE steps are refused with 500 */
    int64_t header_timeout_ms; /* 0: LIMIT_HEADER_MS */
    int64_t idle_timeout_ms;   /* 0: LIMIT_IDLE_MS */
    /* NET_PROXY: the loopback port a tunnel to this service is piped to; 0: refuse. */
    uint16_t (*tunnel_port)(void *ctx, enum service service);
    void *tunnel_ctx;
};

bool net_server_new(const struct net_options *opt, struct net_server **ret, struct az_error *reterr)
    MUST_CHECK;
/* Before start. With more than one loop each loop listens by itself where the socket allows it. */
bool net_server_listen(struct net_server *s, const struct net_listener *l, struct az_error *reterr)
    MUST_CHECK;
bool net_server_start(struct net_server *s, struct az_error *reterr) MUST_CHECK;
/* Stops accepting, lets running exchanges finish (at most grace_ms), closes, joins. */
void net_server_stop(struct net_server *s, int64_t grace_ms);
void net_server_free(struct net_server *s);
unsigned net_server_lanes(const struct net_server *s); /* number of loops */
