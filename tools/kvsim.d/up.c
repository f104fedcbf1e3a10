/* SPDX-License-Identifier: MIT */
/*
 * kvsim up: binds every socket, hands them to the daemons, waits for one byte from each, writes
 * endpoints.json, and stays to watch over them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/certs.h"
#include "common/clock.h"
#include "common/control.h"
#include "common/daemon.h"
#include "common/daemon_options.h"
#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

#define READY_MS   30000
#define BY_LATENCY (-1)
/* Revocation is seen late in Azure; no document says how late (ours, docs/fidelity.md). */
#define AZURE_DEK_CACHE_TTL_MS (60 * 60 * 1000)

struct options {
    const char *state;
    const char *durability;
    const char *latency;
    const char *edition;
    const char *approval;
    const char *throttle;
    bool secure_wrap;
    bool fips;
    int64_t dek_cache_ttl_ms;
    const char *aliases[8];
    uint64_t port_base;
    bool ephemeral, detach;
};

struct child {
    const char *name;
    pid_t pid;
    int ready; /* our end of the pipe */
};

struct up {
    struct options o;
    char dir[4096];
    struct daemon_sockets sockets;
    struct site_ports ports;
    struct child vaultd, providerd;
    struct operator_ids ids;
    bool first;
    int lock;
};

static void parse(struct options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        STATE_OPTION(&o->state),
        CLI_OPT_FLAG("ephemeral", 0, &o->ephemeral,
                     "Use a temporary state directory, removed at the end"),
        CLI_OPT_FLAG("detach", 'd', &o->detach,
                     "Return when the daemons answer; they go on in the background"),
        CLI_OPT_UINT(
            "port-base", 0, "N", &o->port_base, 65532,
            "First of four ports: vaults, resource manager, identity, proxy (default: 7443; 0: any)"),
        EDITION_OPTION(&o->edition),
        APPROVAL_OPTION(&o->approval),
        CLI_OPT_DURATION(
            "dek-cache-ttl", 0, "DURATION", &o->dek_cache_ttl_ms,
            "How long an account may keep its unwrapped data key, simulated time (default: 0; with --latency azure 1h)"),
        DURABILITY_OPTION(&o->durability),
        LATENCY_OPTION(
            &o->latency,
            "instant (default) or azure: deletes, recoveries and purges of keys and changes of accounts take simulated time"),
        THROTTLE_OPTION(&o->throttle),
        SECURE_WRAP_OPTION(&o->secure_wrap),
        FIPS_OPTION(&o->fips),
        ALIAS_OPTION(o->aliases),
    };
    const struct cli cli = {.program = "kvsim up",
                            .summary = "Start the simulated Key Vault and the Azure around it.",
                            .options = options,
                            .n_options = ARRAY_LEN(options)};

    (void) cli_parse(&cli, argc, argv, NULL);
}

static void bind_sockets(struct up *u)
{
    struct {
        enum daemon_socket_kind kind;
        uint16_t *port;
    } list[] = {
        {SOCK_VAULT,      &u->ports.vault     },
        {SOCK_MANAGEMENT, &u->ports.management},
        {SOCK_IDENTITY,   &u->ports.identity  },
        {SOCK_PROXY,      &u->ports.proxy     }
    };
    struct az_error err;

    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        *list[i].port = u->o.port_base > 0 ? (uint16_t) (u->o.port_base + i) : 0;
        if (!daemon_socket_bind(&u->sockets, list[i].kind, NULL, list[i].port, &err)) {
            die_error(&err);
        }
    }
}

static void open_state(struct up *u)
{
    if (u->o.ephemeral) {
        const char *tmp = getenv("TMPDIR");

        (void) snprintf(u->dir, sizeof(u->dir), "%s/kvsim.XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (u->o.state) {
            (void) snprintf(u->dir, sizeof(u->dir), "%s", state_dir(u->o.state));
        } else if (!mkdtemp(u->dir)) {
            die("%s: %s", u->dir, strerror(errno));
        }
    } else {
        (void) snprintf(u->dir, sizeof(u->dir), "%s", state_dir(u->o.state));
    }
    u->lock = state_open(u->dir);
}

/* In the child: descriptors 3.. are the sockets of its kinds, in order. */
static void hand_over_sockets(struct up *u, bool vault, int ready)
{
    static const char *const names[] = {"vault", "management", "identity", "proxy"};
    char list[256] = "";
    char text[32];
    int fds[DAEMON_MAX_SOCKETS];
    int n = 0;
    int safe;

    for (unsigned i = 0; i < u->sockets.n; i++) {
        if ((u->sockets.list[i].kind == SOCK_VAULT) == vault) {
            size_t len = strlen(list);

            fds[n++] = fcntl(u->sockets.list[i].fd, F_DUPFD, 64);
            (void) snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ":" : "",
                            names[u->sockets.list[i].kind]);
        }
    }
    safe = fcntl(ready, F_DUPFD, 64);
    for (int i = 0; i < n; i++) {
        (void) dup2(fds[i], 3 + i);
        (void) close(fds[i]);
    }
    (void) snprintf(text, sizeof(text), "%d", n);
    (void) setenv("LISTEN_FDS", text, 1);
    (void) setenv("LISTEN_FDNAMES", list, 1);
    (void) snprintf(text, sizeof(text), "%ld", (long) getpid());
    (void) setenv("LISTEN_PID", text, 1);
    (void) snprintf(text, sizeof(text), "%d", safe);
    (void) setenv("KVSIM_READY_FD", text, 1);
    for (int fd = 3 + n; fd < 64; fd++) {
        (void) close(fd);
    }
}

static int open_log(struct up *u, const char *name)
{
    char path[4300];
    int fd;

    (void) snprintf(path, sizeof(path), "%s/log", u->dir);
    if (!dir_make(path)) {
        die("%s: %s", path, strerror(errno));
    }
    (void) snprintf(path, sizeof(path), "%s/log/%s.log", u->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        die("%s: %s", path, strerror(errno));
    }
    return fd;
}

static void redirect(int fd)
{
    (void) dup2(fd, STDERR_FILENO);
    (void) dup2(fd, STDOUT_FILENO);
}

static void start_child(struct up *u, struct child *c, const char *name, const char **argv)
{
    char path[4200];
    int ends[2];
    int log = open_log(u, name);
    pid_t parent;

    program_path(name, path);
    if (pipe2(ends, O_CLOEXEC) < 0) {
        die("pipe: %s", strerror(errno));
    }
    c->name = name;
    parent = getpid();
    c->pid = fork();
    if (c->pid < 0) {
        die("fork: %s", strerror(errno));
    }
    if (c->pid == 0) {
        /* Should we be killed, they must not go on alone with the state. */
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(127);
        }
        redirect(log);
        hand_over_sockets(u, strcmp(name, "vaultd") == 0, ends[1]);
        (void) execv(path, (char **) (uintptr_t) argv);
        (void) fprintf(stderr, "%s: %s\n", path, strerror(errno));
        _exit(127);
    }
    (void) close(log);
    (void) close(ends[1]);
    c->ready = ends[0];
}

static void start_daemons(struct up *u, const char *bootstrap)
{
    char ports[128];
    const char *durability = (u->o.durability  ? u->o.durability
                              : u->o.ephemeral ? "relaxed"
                                               : "full");
    const char *latency = (u->o.latency ? u->o.latency : "instant");
    const char *edition = (u->o.edition ? u->o.edition : "classic");
    const char *throttle = (u->o.throttle ? u->o.throttle : "off");
    const char *vault[32] = {"vaultd",      "--state",      u->dir,     "--ports",
                             ports,         "--durability", durability, "--default-tenant",
                             u->ids.tenant, "--latency",    latency,    "--throttle",
                             throttle};
    const char *approval = (u->o.approval ? u->o.approval : "none");
    char ttl[32];
    const char *provider[20] = {"providerd", "--state",      u->dir,     "--ports",
                                ports,       "--durability", durability, "--edition",
                                edition,     "--approval",   approval,   "--dek-cache-ttl",
                                ttl,         "--latency",    latency};
    size_t n = 13;
    size_t m = 15;

    if (u->o.dek_cache_ttl_ms == BY_LATENCY) {
        u->o.dek_cache_ttl_ms = strcmp(latency, "azure") == 0 ? AZURE_DEK_CACHE_TTL_MS : 0;
    }
    (void) snprintf(ttl, sizeof(ttl), "%lldms", (long long) u->o.dek_cache_ttl_ms);
    (void) snprintf(ports, sizeof(ports), "vault=%u,management=%u,identity=%u,proxy=%u",
                    (unsigned) u->ports.vault, (unsigned) u->ports.management,
                    (unsigned) u->ports.identity, (unsigned) u->ports.proxy);
    if (u->o.secure_wrap) {
        vault[n++] = "--secure-wrap";
    }
    if (u->o.fips) {
        vault[n++] = "--fips";
        provider[m++] = "--fips";
    }
    for (size_t i = 0; u->o.aliases[i]; i++) {
        vault[n++] = "--alias";
        vault[n++] = u->o.aliases[i];
    }
    if (u->first) {
        provider[m++] = "--bootstrap";
        provider[m] = bootstrap;
    }
    start_child(u, &u->vaultd, "vaultd", vault);
    start_child(u, &u->providerd, "providerd", provider);
    for (unsigned i = 0; i < u->sockets.n; i++) {
        (void) close(u->sockets.list[i].fd);
    }
}

static void show_log(struct up *u, const char *name)
{
    CLEANUP(buf_done) struct buf text = {0};
    char path[4300];
    const char *p;
    int lines = 0;

    (void) snprintf(path, sizeof(path), "%s/log/%s.log", u->dir, name);
    if (!file_read(path, LIMIT_SMALL_FILE, &text) || text.len == 0) {
        return;
    }
    for (p = text.data + text.len - 1; p > text.data && lines < 6; p--) {
        lines += *p == '\n' ? 1 : 0;
    }
    (void) fprintf(stderr, "%s\n", p);
}

static void stop_children(struct up *u)
{
    struct child *const list[] = {&u->providerd, &u->vaultd};

    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        if (list[i]->pid > 0) {
            (void) kill(list[i]->pid, SIGTERM);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        if (list[i]->pid > 0) {
            (void) waitpid(list[i]->pid, NULL, 0);
            list[i]->pid = 0;
        }
    }
}

static void wait_ready(struct up *u, struct child *c)
{
    struct pollfd p = {.fd = c->ready, .events = POLLIN};
    char byte = 0;

    if (poll(&p, 1, READY_MS) > 0 && read(c->ready, &byte, 1) == 1) {
        (void) close(c->ready);
        return;
    }
    show_log(u, c->name);
    stop_children(u);
    die("%s did not start; its log is %s/log/%s.log", c->name, u->dir, c->name);
}

static void write_endpoints(struct up *u)
{
    CLEANUP(buf_done) struct buf out = {0};
    char path[4200];
    AUTO_JSON *doc = json_pack(
        "{s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:I,s:I,s:I}}", "tenant",
        u->ids.tenant, "subscription", u->ids.subscription, "client_id", u->ids.client_id,
        "client_secret_file", json_sprintf("%s/operator-secret", u->dir), "control_token_file",
        json_sprintf("%s/control-token", u->dir), "ca", json_sprintf("%s/ca.pem", u->dir),
        "vault_url", json_sprintf("https://{vault}.vault.localhost:%u", (unsigned) u->ports.vault),
        "management_url",
        json_sprintf("https://management.localhost:%u", (unsigned) u->ports.management),
        "login_url", json_sprintf("https://login.localhost:%u", (unsigned) u->ports.management),
        "openai_url",
        json_sprintf("https://{account}.openai.localhost:%u", (unsigned) u->ports.management),
        "cognitiveservices_url",
        json_sprintf("https://{account}.cognitiveservices.localhost:%u",
                     (unsigned) u->ports.management),
        "identity_url", json_sprintf("http://127.0.0.1:%u", (unsigned) u->ports.identity),
        "proxy_url", json_sprintf("http://127.0.0.1:%u", (unsigned) u->ports.proxy), "pids",
        "kvsim", (json_int_t) getpid(), "vaultd", (json_int_t) u->vaultd.pid, "providerd",
        (json_int_t) u->providerd.pid);

    json_write(&out, doc);
    buf_str(&out, "\n");
    (void) snprintf(path, sizeof(path), "%s/endpoints.json", u->dir);
    if (!buf_ok(&out) || !file_write_atomic(path, out.data, out.len, 0600)) {
        stop_children(u);
        die("%s: %s", path, strerror(errno));
    }
}

static void remove_tree(const char *dir)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void) execlp("rm", "rm", "-rf", "--", dir, (char *) NULL);
        _exit(127);
    }
    (void) waitpid(pid, NULL, 0);
}

static sigset_t watched_signals(void)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGHUP);
    (void) sigaddset(&set, SIGCHLD);
    return set;
}

/* Until we are told to stop, or a daemon dies: then the other is stopped too. */
static int supervise(struct up *u)
{
    sigset_t set = watched_signals();
    char path[4200];
    int status = 0;
    int result = 0;
    int sig;

    for (;;) {
        pid_t dead;

        (void) sigwait(&set, &sig);
        if (sig != SIGCHLD) {
            break;
        }
        dead = waitpid(-1, &status, WNOHANG);
        if (dead == u->vaultd.pid || dead == u->providerd.pid) {
            struct child *c = dead == u->vaultd.pid ? &u->vaultd : &u->providerd;

            (void) fprintf(
                stderr,
                "kvsim: %s has ended (%s %d); stopping the other. Its log is %s/log/%s.log\n",
                c->name, WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), u->dir, c->name);
            c->pid = 0;
            result = 1;
            break;
        }
    }
    stop_children(u);
    (void) snprintf(path, sizeof(path), "%s/endpoints.json", u->dir);
    (void) unlink(path);
    if (u->o.ephemeral) {
        remove_tree(u->dir);
    }
    return result;
}

/* The first process waits for the second's word; the second goes on as the supervisor. */
static void detach(int *word)
{
    int ends[2];
    char byte = 0;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        die("detaching: %s", strerror(errno));
    }
    if (pid > 0) {
        (void) close(ends[1]);
        if (read(ends[0], &byte, 1) == 1) {
            exit(0);
        }
        (void) waitpid(pid, NULL, 0); /* its lock goes after its word */
        exit(1);                      /* the supervisor has said why */
    }
    (void) setsid();
    (void) close(ends[0]);
    *word = ends[1];
}

/* Its last line can be typed as it stands: tools/kvsim says how it was called. */
static void say_up(const struct up *u)
{
    const char *self = getenv("KVSIM_SELF");
    const char *quote = strpbrk(u->dir, " ()&;*?$") ? "'" : "";

    (void) printf(
        "kvsim is up. State: %s\n  vaults            https://NAME.vault.localhost:%u\n  resource manager  "
        "https://management.localhost:%u\n  proxy             http://127.0.0.1:%u\nConnect a shell with: eval "
        "\"$(%s env --state %s%s%s)\"\n",
        u->dir, (unsigned) u->ports.vault, (unsigned) u->ports.management,
        (unsigned) u->ports.proxy, self && *self ? self : "kvsim", quote, u->dir, quote);
    (void) fflush(stdout);
}

int cmd_up(int argc, char **argv)
{
    struct up u = {
        .o = {.port_base = 7443, .dek_cache_ttl_ms = BY_LATENCY},
          .lock = -1
    };
    char bootstrap[4200];
    struct az_error err;
    sigset_t set = watched_signals();
    int word = -1;
    int log = -1;

    parse(&u.o, argc, argv);
    if (u.o.detach) {
        detach(&word);
    }
    open_state(&u);
    if (u.o.detach) {
        log = open_log(&u, "kvsim");
    }
    bind_sockets(&u);
    if (!certs_ensure(u.dir, &err)) {
        die_error(&err);
    }
    struct control control;

    if (!control_open(&control, u.dir, "kvsim", NULL, &err)) {
        die_error(&err);
    }
    u.first = operator_load(u.dir, &u.ids, bootstrap);
    start_daemons(&u, bootstrap);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    wait_ready(&u, &u.vaultd);
    wait_ready(&u, &u.providerd);
    if (u.first) {
        operator_keep(u.dir, &u.ids, bootstrap);
    }
    write_endpoints(&u);
    say_up(&u);
    if (word >= 0) {
        int null = open("/dev/null", O_RDWR);

        (void) !write(word, "1", 1);
        (void) close(word);
        (void) dup2(null, STDIN_FILENO);
        (void) dup2(null, STDOUT_FILENO);
        redirect(log);
        (void) close(log);
    }
    return supervise(&u);
}
