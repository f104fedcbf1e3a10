/* SPDX-License-Identifier: MIT */
/* providerd: opens its state, its sockets and its threads, serves until it is told to stop. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/certs.h"
#include "common/daemon.h"
#include "common/daemon_options.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "common/log.h"
#include "common/net/open.h"
#include "provider/api/api.h"
#include "provider/api/dek.h"
#include "provider/api/deployment.h"
#include "provider/api/login.h"
#include "provider/api/role_sync.h"
#include "provider/api/rule_log.h"
#include "provider/store/account_store.h"
#include "provider/store/blobs.h"
#include "provider/store/child_store.h"
#include "provider/vault_client_http.h"

#define SCHEMA   2 /* 2: data keys by layer */
#define GRACE_MS 3000

struct options {
    struct daemon_options daemon;
    const char *bootstrap;
    const char *edition;
    const char *approval;
    const char *latency;
    int64_t dek_cache_ttl_ms;
    const char *print_rules;
};

struct program {
    struct providerd d;
    struct http_app app;
    struct daemon_sockets sockets;
    struct vault_http *vaults;
    struct workers *workers;
    struct writer *writer;
    struct net_server *server;
    struct worker_job first_sync;
};

static void parse(struct options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        CLI_OPT_STRING("bootstrap", 0, "FILE", &o->bootstrap,
                       "First tenant, subscription and operator, as JSON, for an empty store"),
        EDITION_OPTION(&o->edition),
        APPROVAL_OPTION(&o->approval),
        LATENCY_OPTION(&o->latency,
                       "instant (default) or azure: operations on accounts take simulated time"),
        CLI_OPT_DURATION("dek-cache-ttl", 0, "DURATION", &o->dek_cache_ttl_ms,
                         "How long an unwrapped data key is kept, simulated time (default: 0)"),
        CLI_OPT_CHOICE("print-rules", 0, "FORMAT", &o->print_rules, "page|json",
                       "Print the table of rules (page or json) and exit"),
    };
    const struct cli cli = {
        .program = "providerd",
        .summary =
            "The Azure around a local Key Vault: token service, resource manager, AI services, proxy.",
        .epilog = "Usually started by `kvsim up`.",
        .options = options,
        .n_options = ARRAY_LEN(options),
    };

    daemon_parse(&o->daemon, &cli, argc, argv);
}

static void default_tenant(void *ctx, const struct subscription *s)
{
    struct providerd *d = ctx;

    if (!d->default_tenant[0]) {
        memcpy(d->default_tenant, s->tenant, sizeof(d->default_tenant));
    }
}

static void take(const json_t *doc, const char *name, char *out, size_t size)
{
    const char *s = json_string_value(json_object_get(doc, name));

    (void) snprintf(out, size, "%s", s ? s : "");
}

/* The operator with the secret that kvsim has made: hashed here, as every secret. */
static bool store_first(struct kvdb_txn *txn, const json_t *doc, struct az_error *reterr)
{
    struct principal p = {.kind = PRINCIPAL_SERVICE};
    struct subscription s = {0};
    const char *secret = json_string_value(json_object_get(doc, "client_secret"));

    take(doc, "tenant", s.tenant, sizeof(s.tenant));
    take(doc, "subscription", s.id, sizeof(s.id));
    take(doc, "client_id", p.appid, sizeof(p.appid));
    memcpy(p.tid, s.tenant, sizeof(p.tid));
    guid_random(p.oid);
    memcpy(s.owner_oid, p.oid, sizeof(s.owner_oid));
    (void) snprintf(p.display_name, sizeof(p.display_name), "operator");
    (void) snprintf(s.display_name, sizeof(s.display_name), "Simulated subscription");
    if (!secret || !guid_valid(s.tenant) || !guid_valid(s.id) || !guid_valid(p.appid) ||
        !login_set_secret(&p, secret)) {
        return az_fail_internal(
            reterr, "the bootstrap file needs tenant, subscription, client_id, client_secret");
    }
    directory_put_tenant(txn, s.tenant, "Simulated tenant");
    directory_put_subscription(txn, &s);
    directory_put_principal(txn, &p);
    return true;
}

static bool bootstrap(struct program *p, const struct options *o, struct az_error *reterr)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct kvdb_txn *txn = NULL;

    if (!kvdb_begin_write(p->d.db, &txn, reterr)) {
        return false;
    }
    directory_each_subscription(txn, default_tenant, &p->d);
    if (p->d.default_tenant[0] || !o->bootstrap) {
        kvdb_abort(txn);
        return p->d.default_tenant[0] ||
               az_fail_internal(
                   reterr, "the store is empty: start with kvsim up, or give --bootstrap FILE");
    }
    AUTO_JSON *doc = file_read(o->bootstrap, LIMIT_SMALL_FILE, &text)
                         ? json_loadb(text.data, text.len, 0, NULL)
                         : NULL;

    if (!store_first(txn, doc, reterr)) {
        kvdb_abort(txn);
        return false;
    }
    take(doc, "tenant", p->d.default_tenant, sizeof(p->d.default_tenant));
    return kvdb_commit(txn, reterr);
}

struct artefact {
    const char *id;
    bool found;
};

static bool is_artefact(void *ctx, json_t *model)
{
    struct artefact *a = ctx;

    a->found = strcmp(json_text(model, "artefact"), a->id) == 0;
    return !a->found;
}

static bool known_blob(void *ctx, const char *uid, const char *id)
{
    struct artefact a = {id, false};
    json_t *file = NULL;
    bool known = file_store_get(ctx, uid, id, &file);

    json_decref(file);
    (void) (known || child_each(ctx, uid, TUNED_MODELS, is_artefact, &a));
    return known || a.found;
}

static bool remove_orphans(struct program *p, struct az_error *reterr)
{
    struct kvdb_txn *txn = NULL;
    bool ok;

    if (!kvdb_begin_read(p->d.db, &txn, reterr)) {
        return false;
    }
    ok = blob_remove_orphans(p->d.blob_dir, known_blob, txn, reterr);
    kvdb_abort(txn);
    return ok;
}

static bool open_state(struct program *p, const struct options *o, struct az_error *reterr)
{
    struct providerd *d = &p->d;
    struct kvdb_options db = daemon_kvdb_options(&o->daemon, SCHEMA);
    char path[4096];

    if (!daemon_open_state(o->daemon.state, "providerd", &d->clock, &d->control, reterr) ||
        !token_signer_open(o->daemon.state, &d->signer, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/jwks.json", o->daemon.state);
    if (!token_verifier_open(path, &d->tokens, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/provider", o->daemon.state);
    if (!daemon_open_store(path, &db, d->root_key, &d->db, reterr)) {
        return false;
    }
    d->state = o->daemon.state;
    (void) snprintf(d->blob_dir, sizeof(d->blob_dir), "%s/provider/blobs", o->daemon.state);
    if (!certs_ensure(o->daemon.state, reterr) || !bootstrap(p, o, reterr) ||
        !remove_orphans(p, reterr)) {
        return false;
    }
    control_identity_header(d->control.token, d->identity_header);
    (void) snprintf(path, sizeof(path), "%s/ca.pem", o->daemon.state);
    if (!vault_http_new(path, d->names.ports.vault, d->control.token, &p->vaults, reterr)) {
        return false;
    }
    d->vaults = vault_http_client(p->vaults);
    return true;
}

static bool open_sockets(struct program *p, const struct options *o, struct az_error *reterr)
{
    struct site_ports *ports = &p->d.names.ports;

    *ports = (struct site_ports){7443, 7444, 7445, 7446};
    if (!daemon_parse_ports(o->daemon.ports, ports, reterr) ||
        !daemon_sockets_inherit(&p->sockets, reterr)) {
        return false;
    }
    return p->sockets.n > 0 ||
           (daemon_socket_bind(&p->sockets, SOCK_MANAGEMENT, NULL, &ports->management, reterr) &&
            daemon_socket_bind(&p->sockets, SOCK_IDENTITY, NULL, &ports->identity, reterr) &&
            daemon_socket_bind(&p->sockets, SOCK_PROXY, NULL, &ports->proxy, reterr));
}

static uint16_t tunnel_port(void *ctx, enum service service)
{
    const struct providerd *d = ctx;

    return service == SVC_VAULT ? d->names.ports.vault : d->names.ports.management;
}

static bool open_server(struct program *p, const struct options *o, struct az_error *reterr)
{
    const struct net_daemon daemon = {"providerd", o->daemon.state, &p->sockets, &p->app};
    struct net_options net = {.threads = (unsigned) o->daemon.threads,
                              .workers = p->workers,
                              .writer = p->writer,
                              .tunnel_port = tunnel_port,
                              .tunnel_ctx = &p->d};

    if (!net_open(&daemon, &net, &p->server, &p->d.audit, reterr)) {
        return false;
    }
    p->d.control.audit = p->d.audit;
    return net_server_start(p->server, reterr);
}

/* vaultd's copy of the role assignments may be another process's: written anew, not waited for. */
static void sync_roles(struct worker_job *job)
{
    struct program *p =
        (struct program *) (void *) ((char *) job - offsetof(struct program, first_sync));
    struct az_error err;

    if (!role_sync_all(&p->d, &err)) {
        log_warn("role assignments were not written through: %s",
                 err.detail[0] ? err.detail : err.message);
    }
}

static bool start(struct program *p, const struct options *o, struct az_error *reterr)
{
    p->d.deks = dek_cache_new();
    p->d.rbac = rbac_cache_new();
    p->d.role_sync = role_sync_new();
    p->d.dek_cache_ttl_ms = o->dek_cache_ttl_ms;
    p->d.edition = o->edition && strcmp(o->edition, "2026") == 0 ? EDITION_2026 : EDITION_CLASSIC;
    p->d.latency = o->latency && strcmp(o->latency, "azure") == 0;
    p->d.approval_form = o->approval && strcmp(o->approval, "form") == 0;
    p->d.rules = rule_log_new();
    if (!p->d.deks || !p->d.rbac || !p->d.role_sync || !p->d.rules) {
        return az_fail_internal(reterr, "out of memory");
    }
    if (!open_sockets(p, o, reterr) || !open_state(p, o, reterr)) {
        return false;
    }
    provider_api_init(&p->app, &p->d);
    p->workers = workers_new(4, NULL, NULL); /* they wait for vaultd more than they work */
    p->writer = writer_new(p->d.db);
    if (!p->workers || !p->writer) {
        return az_fail_internal(reterr, "threads could not be started");
    }
    p->first_sync.run = sync_roles;
    workers_submit(p->workers, &p->first_sync);
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
    vault_http_free(p->vaults);
    token_verifier_free(p->d.tokens);
    token_signer_free(p->d.signer);
    dek_cache_free(p->d.deks);
    rbac_cache_free(p->d.rbac);
    role_sync_free(p->d.role_sync);
    kvdb_close(p->d.db);
    sim_clock_close(p->d.clock);
}

static void print_rules(const char *format)
{
    if (strcmp(format, "page") == 0) {
        rules_print_page(stdout);
        return;
    }
    AUTO_JSON *doc = rules_json(NULL);

    (void) json_dumpf(doc, stdout, JSON_INDENT(1));
    (void) putchar('\n');
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct program p = {0};
    struct az_error err;

    parse(&o, argc, argv);
    if (o.daemon.print_routes) {
        provider_api_print_routes(stdout);
        return 0;
    }
    if (o.print_rules) {
        print_rules(o.print_rules);
        return 0;
    }
    daemon_process_setup();
    if ((o.daemon.fips && !seal_with_fips(&err)) || !start(&p, &o, &err)) {
        log_error("%s", err.detail[0] ? err.detail : err.message);
        stop(&p);
        rule_log_free(p.d.rules);
        return 1;
    }
    daemon_notify_ready();
    log_info("serving the resource manager on port %u", (unsigned) p.d.names.ports.management);
    daemon_wait();
    stop(&p);
    if (!rule_log_write(&p.d, o.daemon.state, &err)) {
        log_error("%s", err.detail);
    }
    rule_log_free(p.d.rules);
    return 0;
}
