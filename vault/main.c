/* SPDX-License-Identifier: MIT */
/* vaultd: opens its state, its sockets and its threads, serves until it is told to stop. */
#include <stdio.h>
#include <string.h>

#include "common/certs.h"
#include "common/daemon.h"
#include "common/daemon_options.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "common/net/open.h"
#include "vault/api/api.h"
#include "vault/api/key_cache.h"
#include "vault/api/release_signer.h"
#include "vault/api/sweep.h"
#include "vault/api/throttle.h"
#include "vault/api/vault_cache.h"

#define SCHEMA   2
#define GRACE_MS 3000

struct options {
    struct daemon_options daemon;
    const char *auth;
    const char *latency;
    const char *throttle;
    const char *tenant;
    const char *aliases[8];
    uint64_t key_pool;
    bool secure_wrap;
};

struct program {
    struct vaultd d;
    struct http_app app;
    struct daemon_sockets sockets;
    struct workers *workers;
    struct writer *writer;
    struct net_server *server;
};

static void parse(struct options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        CLI_OPT_CHOICE("auth", 0, "MODE", &o->auth, "strict|permissive",
                       "strict (default) or permissive: any bearer token is taken, ARM is open"),
        THROTTLE_OPTION(&o->throttle),
        LATENCY_OPTION(&o->latency,
                       "instant (default) or azure: deletes, recoveries and purges take seconds"),
        SECURE_WRAP_OPTION(&o->secure_wrap),
        CLI_OPT_UINT("key-pool", 0, "N", &o->key_pool, 16,
                     "RSA key pairs made ahead of need (default: 2)"),
        ALIAS_OPTION(o->aliases),
        CLI_OPT_STRING("default-tenant", 0, "GUID", &o->tenant,
                       "Tenant named in the challenge of vaults that don't exist"),
    };
    const struct cli cli = {
        .program = "vaultd",
        .summary =
            "A local Key Vault: the data plane of any number of vaults, and Microsoft.KeyVault.",
        .epilog = "Usually started by `kvsim up`.",
        .options = options,
        .n_options = ARRAY_LEN(options),
    };

    daemon_parse(&o->daemon, &cli, argc, argv);
}

static bool add_aliases(struct site_names *names, const struct options *o, struct az_error *reterr)
{
    for (size_t i = 0; o->aliases[i]; i++) {
        const char *eq = strchr(o->aliases[i], '=');
        struct site_alias *a = &names->aliases[names->n_aliases++];

        if (!eq || (size_t) (eq - o->aliases[i]) >= sizeof(a->host) ||
            strlen(eq + 1) >= sizeof(a->vault)) {
            return az_fail_internal(reterr, "--alias %s: HOST[:PORT]=VAULT is expected",
                                    o->aliases[i]);
        }
        (void) snprintf(a->host, sizeof(a->host), "%.*s", (int) (eq - o->aliases[i]),
                        o->aliases[i]);
        (void) snprintf(a->vault, sizeof(a->vault), "%s", eq + 1);
    }
    return true;
}

static bool open_state(struct program *p, const struct options *o, struct az_error *reterr)
{
    struct vaultd *d = &p->d;
    struct kvdb_options db = daemon_kvdb_options(&o->daemon, SCHEMA);
    char path[4096];

    if (!daemon_open_state(o->daemon.state, "vaultd", &d->clock, &d->control, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/vault", o->daemon.state);
    if (!daemon_open_store(path, &db, d->root_key, &d->db, reterr)) {
        return false;
    }
    d->state = o->daemon.state;
    d->releaser = release_signer_new(path);
    if (!d->releaser) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!certs_ensure(o->daemon.state, reterr)) {
        return false;
    }
    if (o->throttle && strcmp(o->throttle, "azure") == 0 && !(d->throttle = throttle_new())) {
        return az_fail_internal(reterr, "out of memory");
    }
    d->secure_wrap = o->secure_wrap;
    d->latency = o->latency && strcmp(o->latency, "azure") == 0;
    if (o->auth && strcmp(o->auth, "permissive") == 0) {
        d->arm_open = true;
    } else {
        (void) snprintf(path, sizeof(path), "%s/jwks.json", o->daemon.state);
        if (!token_verifier_open(path, &d->tokens, reterr)) {
            return false;
        }
    }
    (void) snprintf(d->default_tenant, sizeof(d->default_tenant), "%s",
                    o->tenant && guid_valid(o->tenant) ? o->tenant
                                                       : "00000000-0000-0000-0000-000000000000");
    return add_aliases(&d->names, o, reterr);
}

static bool open_sockets(struct program *p, const struct options *o, struct az_error *reterr)
{
    if (!daemon_parse_ports(o->daemon.ports, &p->d.names.ports, reterr) ||
        !daemon_sockets_inherit(&p->sockets, reterr)) {
        return false;
    }
    if (p->sockets.n > 0) {
        return true;
    }
    if (p->d.names.ports.vault == 0 && !o->daemon.ports) {
        p->d.names.ports.vault = 7443;
    }
    if (p->d.names.ports.management == 0) {
        p->d.names.ports.management = p->d.names.ports.vault;
    }
    return daemon_socket_bind(&p->sockets, SOCK_VAULT, NULL, &p->d.names.ports.vault, reterr);
}

static bool open_server(struct program *p, const struct options *o, struct az_error *reterr)
{
    const struct net_daemon daemon = {"vaultd", o->daemon.state, &p->sockets, &p->app};
    struct net_options net = {
        .threads = (unsigned) o->daemon.threads, .workers = p->workers, .writer = p->writer};

    if (!net_open(&daemon, &net, &p->server, &p->d.audit, reterr)) {
        return false;
    }
    p->d.control.audit = p->d.audit;
    return net_server_start(p->server, reterr);
}

static bool start(struct program *p, const struct options *o, struct az_error *reterr)
{
    p->d.keys = key_cache_new();
    p->d.vaults = vault_cache_new();
    p->d.sweeper = sweeper_new();
    p->d.rbac = rbac_cache_new();
    p->d.pool = keypool_new((unsigned) o->key_pool);
    if (!p->d.keys || !p->d.vaults || !p->d.sweeper || !p->d.rbac || !p->d.pool) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!open_sockets(p, o, reterr) || !open_state(p, o, reterr)) {
        return false;
    }
    vault_api_init(&p->app, &p->d);
    p->workers = workers_new(0, keypool_fill_one, p->d.pool);
    p->writer = writer_new(p->d.db);
    if (!p->workers || !p->writer) {
        return az_fail_internal(reterr, "threads could not be started");
    }
    return open_server(p, o, reterr);
}

static void stop(struct program *p)
{
    if (p->server) {
        net_server_stop(p->server, GRACE_MS);
    }
    writer_free(p->writer);
    workers_free(p->workers);
    net_server_free(p->server);
    audit_close(p->d.audit);
    token_verifier_free(p->d.tokens);
    key_cache_free(p->d.keys);
    vault_cache_free(p->d.vaults);
    sweeper_free(p->d.sweeper);
    release_signer_free(p->d.releaser);
    rbac_cache_free(p->d.rbac);
    keypool_free(p->d.pool);
    throttle_free(p->d.throttle);
    kvdb_close(p->d.db);
    sim_clock_close(p->d.clock);
}

int main(int argc, char **argv)
{
    struct options o = {.key_pool = 2};
    struct program p = {0};
    struct az_error err;

    parse(&o, argc, argv);
    if (o.daemon.print_routes) {
        vault_api_print_routes(stdout);
        return 0;
    }
    daemon_process_setup();
    if ((o.daemon.fips && !seal_with_fips(&err)) || !start(&p, &o, &err)) {
        log_error("%s", err.detail[0] ? err.detail : err.message);
        stop(&p);
        return 1;
    }
    daemon_notify_ready();
    log_info("serving vaults on port %u", (unsigned) p.d.names.ports.vault);
    daemon_wait();
    stop(&p);
    return 0;
}
