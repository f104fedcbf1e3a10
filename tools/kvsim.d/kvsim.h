/* SPDX-License-Identifier: MIT */
/* What the subcommands of kvsim share. They know the daemons only through HTTP and the state
 * directory. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include <jansson.h>

#include "common/az_error.h"
#include "common/bytes.h"
#include "common/cli.h"
#include "common/json.h"
#include "common/token.h"

/* --state, as each command has it. */
#define STATE_OPTION(target)                  \
    CLI_OPT_STRING("state", 0, "DIR", target, \
                   "Directory of the state (default: ~/.local/state/kvsim)")

/* The state directory: --state, else $KVSIM_STATE, else $XDG_STATE_HOME/kvsim, else
 * ~/.local/state/kvsim. */
const char *state_dir(const char *given);
/* Makes or takes the directory for a run and locks it; the lock's descriptor. Dies with cause and
 * cure: not ours, not writable, in use. */
int state_open(const char *dir);
/* Waits until no process of a run holds the directory any more. */
bool state_wait_free(const char *dir, int seconds);
/* The first tenant, subscription and principal of a state. */
struct operator_ids {
    guid_text tenant, subscription, client_id;
};
/* Reads or makes them. True: the daemons have to be given the file `bootstrap`, and once they run,
 * operator_keep() is to be called. Dies where a part of the state has been lost. */
bool operator_load(const char *dir, struct operator_ids *ids, char bootstrap[4200]);
void operator_keep(const char *dir, const struct operator_ids *ids, const char *bootstrap);
/* Prints "kvsim: " and the message, and exits with 1. */
_Noreturn void die(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The same for a wrong command line: exits with 2. */
_Noreturn void die_usage(const char *fmt, ...) PRINTF_LIKE(1, 2);
_Noreturn void die_error(const struct az_error *err);

/* A daemon's program: beside ours in the build tree, or installed. path: 4200 bytes. */
void program_path(const char *daemon, char path[4200]);

/* endpoints.json of a running pair; NULL: there is none. New reference. */
json_t *endpoints_load(const char *dir);
json_t *endpoints_need(const char *dir); /* dies with the cure */
const char *endpoint(const json_t *e, const char *name);
/* The pid of a daemon if it lives, else 0. */
pid_t endpoints_pid(const json_t *e, const char *daemon);

/* POST or GET to a control endpoint of providerd; the answer, new reference. Dies with the
 * service's message. */
json_t *control_call(const char *dir, const json_t *e, const char *method, const char *path,
                     const json_t *body);
/* GET of whatever it is, onto standard output as it comes. */
void control_print(const json_t *e, const char *path);

/* Writes the certificates of a PEM bundle as a trust store for Java, unless one newer than the
 * bundle is there. */
#define JAVA_TRUST_PASSWORD "changeit" /* Java's own default; the store holds nothing secret */
bool java_trust_write(const char *bundle, const char *path);

int cmd_up(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_trust(int argc, char **argv);
int cmd_clock(int argc, char **argv);
int cmd_tenant(int argc, char **argv);
int cmd_subscription(int argc, char **argv);
int cmd_principal(int argc, char **argv);
int cmd_identity(int argc, char **argv);
int cmd_directory(int argc, char **argv);
int cmd_portal(int argc, char **argv);
int cmd_approval(int argc, char **argv);
int cmd_lockbox(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_attest(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_rules(int argc, char **argv);
