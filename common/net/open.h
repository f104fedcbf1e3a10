/* SPDX-License-Identifier: MIT */
/* From a daemon's state directory and sockets to its server. */
#pragma once

#include "common/audit.h"
#include "common/net/server.h"

struct net_daemon {
    const char *name;  /* "vaultd": of its audit log */
    const char *state; /* leaf-localhost.pem, leaf-azure.pem and their keys, audit/ */
    const struct daemon_sockets *sockets;
    const struct http_app *app;
};

/*
 * Opens the audit log and takes the sockets over, each as its kind wants; net_server_start() is to
 * follow. opt->tls is filled in. What was made is in *server and *audit also when it fails:
 * net_server_free(), audit_close().
 */
bool net_open(const struct net_daemon *d, struct net_options *opt, struct net_server **server,
              struct audit **audit, struct az_error *reterr) MUST_CHECK;
