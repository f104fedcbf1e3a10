/* SPDX-License-Identifier: MIT */
/* Certificates, audit log and listeners of a daemon. */
#include "common/net/open.h"

#include <stdio.h>

static const enum net_listener_kind kinds[] = {[SOCK_VAULT] = NET_TLS,
                                               [SOCK_MANAGEMENT] = NET_TLS,
                                               [SOCK_IDENTITY] = NET_PLAIN,
                                               [SOCK_PROXY] = NET_PROXY};

static bool listen_each(struct net_server *server, const struct net_daemon *d,
                        struct az_error *reterr)
{
    for (unsigned i = 0; i < d->sockets->n; i++) {
        const struct daemon_socket *s = &d->sockets->list[i];

        if (!net_server_listen(server, &(struct net_listener){s->fd, kinds[s->kind], d->app},
                               reterr)) {
            return false;
        }
    }
    return true;
}

bool net_open(const struct net_daemon *d, struct net_options *opt, struct net_server **server,
              struct audit **audit, struct az_error *reterr)
{
    char cert[4096];
    char key[4096];
    char azure_cert[4096];
    char azure_key[4096];
    char log[4096];

    (void) snprintf(cert, sizeof(cert), "%s/leaf-localhost.pem", d->state);
    (void) snprintf(key, sizeof(key), "%s/leaf-localhost.key", d->state);
    (void) snprintf(azure_cert, sizeof(azure_cert), "%s/leaf-azure.pem", d->state);
    (void) snprintf(azure_key, sizeof(azure_key), "%s/leaf-azure.key", d->state);
    (void) snprintf(log, sizeof(log), "%s/audit/%s.jsonl", d->state, d->name);
    opt->tls = (struct net_tls_options){cert, key, azure_cert, azure_key};
    return net_server_new(opt, server, reterr) &&
           audit_open(log, net_server_lanes(*server), audit, reterr) &&
           listen_each(*server, d, reterr);
}
