/* SPDX-License-Identifier: MIT */
/* Sockets, readiness, the state lock: what a daemon needs before it serves. */
#include "common/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/fsutil.h"
#include "common/json.h"

static const char *const kind_names[] = {[SOCK_VAULT] = "vault",
                                         [SOCK_MANAGEMENT] = "management",
                                         [SOCK_IDENTITY] = "identity",
                                         [SOCK_PROXY] = "proxy"};

static bool kind_parse(const char *name, enum daemon_socket_kind *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(kind_names); i++) {
        if (strcmp(kind_names[i], name) == 0) {
            *ret = (enum daemon_socket_kind) i;
            return true;
        }
    }
    return false;
}

bool daemon_sockets_inherit(struct daemon_sockets *ret, struct az_error *reterr)
{
    const char *fds = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    const char *pid = getenv("LISTEN_PID");
    char list[256];
    char *save = NULL;
    uint64_t n = 0;
    uint64_t owner = 0;

    *ret = (struct daemon_sockets){0};
    if (!fds || !names || (pid && (!uint_parse(pid, 0, &owner) || owner != (uint64_t) getpid()))) {
        return true;
    }
    if (!uint_parse(fds, DAEMON_MAX_SOCKETS, &n) || strlen(names) >= sizeof(list)) {
        return az_fail_internal(reterr, "LISTEN_FDS=%s is not a number up to %d", fds,
                                DAEMON_MAX_SOCKETS);
    }
    memcpy(list, names, strlen(names) + 1);
    for (char *p = strtok_r(list, ":", &save); p && ret->n < n; p = strtok_r(NULL, ":", &save)) {
        struct daemon_socket *s = &ret->list[ret->n];

        if (!kind_parse(p, &s->kind)) {
            return az_fail_internal(reterr, "LISTEN_FDNAMES: unknown name %s", p);
        }
        s->fd = 3 + (int) ret->n++;
        (void) fcntl(s->fd, F_SETFD, FD_CLOEXEC);
    }
    (void) unsetenv("LISTEN_FDS");
    (void) unsetenv("LISTEN_FDNAMES");
    (void) unsetenv("LISTEN_PID");
    return true;
}

static socklen_t make_address(const char *ip, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *) (void *) out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) (void *) out;

    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof(*v6);
    }
    return 0;
}

/* A bound, listening socket; -1 with errno. share: with SO_REUSEPORT, for siblings of other loops.
 */
static int bind_one(const char *ip, uint16_t port, bool share)
{
    struct sockaddr_storage addr;
    socklen_t len = make_address(ip, port, &addr);
    int one = 1;
    int fd;
    int saved;

    if (len == 0) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (addr.ss_family == AF_INET6) {
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (share) {
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    }
    if (bind(fd, (struct sockaddr *) &addr, len) == 0 && (!share || listen(fd, 1024) == 0)) {
        return fd;
    }
    saved = errno;
    (void) close(fd);
    errno = saved;
    return -1;
}

/* The port is at the same place in both families (RFC 3493), and the IPv6 address is the larger. */
static uint16_t bound_port(int fd)
{
    struct sockaddr_in6 addr = {0};
    socklen_t len = sizeof(addr);

    if (getsockname(fd, (struct sockaddr *) &addr, &len) < 0) {
        return 0;
    }
    return ntohs(addr.sin6_port);
}

/*
 * The first bind is without SO_REUSEPORT: with it, a second instance would silently share the port
 * (toolchain.md). Between the two binds another program may slip in; the second bind then fails.
 */
static int bind_exclusive(const char *ip, uint16_t *port)
{
    int probe = bind_one(ip, *port, false);
    int fd;

    if (probe < 0) {
        return -1;
    }
    *port = bound_port(probe);
    (void) close(probe);
    fd = bind_one(ip, *port, true);
    return fd;
}

bool daemon_socket_bind(struct daemon_sockets *s, enum daemon_socket_kind kind, const char *address,
                        uint16_t *port, struct az_error *reterr)
{
    const char *ips[] = {address ? address : "127.0.0.1", address ? NULL : "::1"};

    for (size_t i = 0; i < ARRAY_LEN(ips) && ips[i]; i++) {
        uint16_t want = *port;
        int fd = bind_exclusive(ips[i], &want);

        if (fd < 0 && i == 1 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) {
            break; /* no IPv6 here */
        }
        if (fd < 0 || s->n == DAEMON_MAX_SOCKETS) {
            return az_fail_internal(
                reterr,
                "port %u on %s can't be used for %s: %s. Stop the program that has it "
                "(kvsim down, if it is another kvsim), or choose others with --port-base",
                (unsigned) *port, ips[i], kind_names[kind], strerror(errno));
        }
        *port = want;
        s->list[s->n++] = (struct daemon_socket){fd, kind};
    }
    return true;
}

void daemon_notify_ready(void)
{
    const char *text = getenv("KVSIM_READY_FD");
    uint64_t fd;

    if (text && uint_parse(text, 1 << 20, &fd)) {
        (void) !write((int) fd, "1", 1);
        (void) close((int) fd);
        (void) unsetenv("KVSIM_READY_FD");
    }
}

bool daemon_lock(const char *dir, const char *name, int *ret, struct az_error *reterr)
{
    char path[4096];
    char pid[32] = "";
    int fd;
    ssize_t n;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        n = pread(fd, pid, sizeof(pid) - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        pid[strcspn(pid, "\n")] = '\0';
        (void) close(fd);
        return az_fail_internal(
            reterr,
            "the state directory %s is in use by process %s. Stop it (kvsim down --state "
            "%s), or choose another with --state",
            dir, pid[0] ? pid : "(unknown)", dir);
    }
    n = snprintf(pid, sizeof(pid), "%ld\n", (long) getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t) n, 0) != n) {
        (void) close(fd);
        return az_fail_internal(reterr, "%s: %s", path, strerror(errno));
    }
    *ret = fd;
    return true;
}

bool daemon_open_store(const char *dir, const struct kvdb_options *opt,
                       uint8_t root_key[SEAL_KEY_LEN], struct kvdb **ret, struct az_error *reterr)
{
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/root.key", dir);
    return (dir_make(dir) || az_fail_internal(reterr, "%s: %s", dir, strerror(errno))) &&
           root_key_open(path, !kvdb_exists(dir), root_key, reterr) &&
           kvdb_open(dir, opt, ret, reterr);
}

bool daemon_open_state(const char *dir, const char *daemon, struct sim_clock **clock,
                       struct control *control, struct az_error *reterr)
{
    char path[4096];
    int lock; /* open until the process ends */

    if (!dir_make(dir)) {
        return az_fail_internal(reterr, "--state %s can't be made: %s", dir, strerror(errno));
    }
    (void) snprintf(path, sizeof(path), "%s.lock", daemon);
    if (!daemon_lock(dir, path, &lock, reterr)) {
        return false;
    }
    (void) snprintf(path, sizeof(path), "%s/clock", dir);
    return sim_clock_open(path, clock, reterr) &&
           control_open(control, dir, daemon, *clock, reterr);
}

static void ending_signals(sigset_t *ret)
{
    (void) sigemptyset(ret);
    (void) sigaddset(ret, SIGTERM);
    (void) sigaddset(ret, SIGINT);
}

void daemon_wait(void)
{
    sigset_t signals;
    int sig;

    ending_signals(&signals);
    (void) sigwait(&signals, &sig);
}

void daemon_process_setup(void)
{
    struct rlimit lim;
    sigset_t signals;

    ending_signals(&signals);
    (void) pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread */
    (void) signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
        lim.rlim_cur = lim.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &lim);
    }
    json_wipe_when_freed();
    /* A core would hold keys. */
    lim = (struct rlimit){0, 0};
    (void) setrlimit(RLIMIT_CORE, &lim);
}

static bool parse_ports(const char *text, struct site_ports *ret)
{
    uint16_t *const slots[] = {[SOCK_VAULT] = &ret->vault,
                               [SOCK_MANAGEMENT] = &ret->management,
                               [SOCK_IDENTITY] = &ret->identity,
                               [SOCK_PROXY] = &ret->proxy};
    char copy[256];
    char *save = NULL;

    if (strlen(text) >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, strlen(text) + 1);
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        char *eq = strchr(p, '=');
        enum daemon_socket_kind kind;
        uint64_t port;

        if (!eq) {
            return false;
        }
        *eq = '\0';
        if (!kind_parse(p, &kind) || !uint_parse(eq + 1, 65535, &port)) {
            return false;
        }
        *slots[kind] = (uint16_t) port;
    }
    return true;
}

bool daemon_parse_ports(const char *text, struct site_ports *ret, struct az_error *reterr)
{
    return !text || parse_ports(text, ret) ||
           az_fail_internal(
               reterr, "--ports %s: vault=N,management=N,identity=N,proxy=N is expected", text);
}
