/* SPDX-License-Identifier: MIT */
/*
 * What both daemons' main() share: sockets handed over or bound, readiness, signals, the state
 * lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/az_error.h"
#include "common/control.h"
#include "common/keygen.h"
#include "common/kvdb.h"
#include "common/names.h"

#define DAEMON_MAX_SOCKETS 16

enum daemon_socket_kind { SOCK_VAULT, SOCK_MANAGEMENT, SOCK_IDENTITY, SOCK_PROXY };

struct daemon_socket {
    int fd; /* listening */
    enum daemon_socket_kind kind;
};

struct daemon_sockets {
    struct daemon_socket list[DAEMON_MAX_SOCKETS];
    unsigned n;
};

/*
 * Takes LISTEN_FDS / LISTEN_FDNAMES ("vault", "management", "identity", "proxy"; LISTEN_PID must be
 * ours) and unsets them. n 0 when none were handed over.
 */
bool daemon_sockets_inherit(struct daemon_sockets *ret, struct az_error *reterr) MUST_CHECK;
/*
 * Binds 127.0.0.1 and ::1 (or `address`) on a port; 0 chooses one, the same for both. A first bind
 * without SO_REUSEPORT finds a port in use and names it, with the cure. *port is what was chosen.
 */
bool daemon_socket_bind(struct daemon_sockets *s, enum daemon_socket_kind kind, const char *address,
                        uint16_t *port, struct az_error *reterr) MUST_CHECK;
/* Writes one byte to the fd in KVSIM_READY_FD, if set, and closes it. */
void daemon_notify_ready(void);
/* flock on DIR/NAME; a second holder is refused with the cause (its pid) and the cure. fd in *ret.
 */
bool daemon_lock(const char *dir, const char *name, int *ret, struct az_error *reterr) MUST_CHECK;
/*
 * Makes or opens the store in DIR and its root key DIR/root.key. The key is made first, so that a
 * store without one has lost it: then a new one is not made, under which nothing stored would open.
 */
bool daemon_open_store(const char *dir, const struct kvdb_options *opt,
                       uint8_t root_key[SEAL_KEY_LEN], struct kvdb **ret, struct az_error *reterr)
    MUST_CHECK;
/*
 * The first steps into the directory of the state, which is made if it is missing: locked for
 * DAEMON until the process ends, its clock, its control token.
 */
bool daemon_open_state(const char *dir, const char *daemon, struct sim_clock **clock,
                       struct control *control, struct az_error *reterr) MUST_CHECK;
/*
 * Raises RLIMIT_NOFILE, ignores SIGPIPE, wipes core dumps (RLIMIT_CORE 0), keeps SIGTERM and SIGINT
 * for daemon_wait(): before the first thread is started.
 */
void daemon_process_setup(void);
/* Returns when the process is told to end. */
void daemon_wait(void);
/* --ports "vault=7443,management=7444,identity=7445,proxy=7446"; NULL: *ret stays as it is. */
bool daemon_parse_ports(const char *text, struct site_ports *ret, struct az_error *reterr)
    MUST_CHECK;
