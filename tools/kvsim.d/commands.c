/* SPDX-License-Identifier: MIT */
/* The small subcommands: down, status, clock, additions to the directory. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/certs.h"
#include "common/fsutil.h"
#include "tools/kvsim.d/kvsim.h"

#define STOP_SECONDS 15

/* kvsim, which stops its daemons; where it was killed, the daemons. */
static bool signal_run(const json_t *e)
{
    static const char *const names[] = {"kvsim", "vaultd", "providerd"};
    bool any = false;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        pid_t pid = e ? endpoints_pid(e, names[i]) : 0;

        if (pid == 0) {
            continue;
        }
        if (kill(pid, SIGTERM) < 0) {
            die("process %ld can't be stopped: %s", (long) pid, strerror(errno));
        }
        any = true;
        if (i == 0) {
            break;
        }
    }
    return any;
}

int cmd_down(int argc, char **argv)
{
    const char *state = NULL;
    const struct cli_option options[] = {STATE_OPTION(&state)};
    const struct cli cli = {.program = "kvsim down",
                            .summary = "Stop the daemons of a state directory.",
                            .options = options,
                            .n_options = ARRAY_LEN(options)};
    const char *dir;

    (void) cli_parse(&cli, argc, argv, NULL);
    dir = state_dir(state);
    AUTO_JSON *e = endpoints_load(dir);

    if (!signal_run(e)) {
        (void) printf("Nothing runs with the state directory %s.\n", dir);
        return 0;
    }
    /* The locks go with the processes, also when nobody has waited for them yet. */
    if (!state_wait_free(dir, STOP_SECONDS)) {
        die("the daemons have not stopped in %d seconds; see %s/log", STOP_SECONDS, dir);
    }
    (void) printf("Stopped.\n");
    return 0;
}

int cmd_status(int argc, char **argv)
{
    static const char *const daemons[] = {"vaultd", "providerd"};
    const char *state = NULL;
    const struct cli_option options[] = {STATE_OPTION(&state)};
    const struct cli cli = {
        .program = "kvsim status",
        .summary = "Say whether the daemons run, and where. Exit status 3: they don't.",
        .options = options,
        .n_options = ARRAY_LEN(options)};
    const char *dir;
    bool all = true;

    (void) cli_parse(&cli, argc, argv, NULL);
    dir = state_dir(state);
    AUTO_JSON *e = endpoints_load(dir);

    (void) printf("state      %s\n", dir);
    for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
        pid_t pid = e ? endpoints_pid(e, daemons[i]) : 0;

        all = all && pid > 0;
        if (pid > 0) {
            (void) printf("%-10s running, pid %ld\n", daemons[i], (long) pid);
        } else {
            (void) printf("%-10s not running\n", daemons[i]);
        }
    }
    if (all) {
        AUTO_JSON *clock = control_call(dir, e, "GET", "/_sim/clock", NULL);

        (void) printf("clock      %s%s\nproxy      %s\nvaults     %s\n", endpoint(clock, "now"),
                      json_is_true(json_object_get(clock, "frozen")) ? " (frozen)" : "",
                      endpoint(e, "proxy_url"), endpoint(e, "vault_url"));
    }
    return all ? 0 : 3;
}

#define INSTALLED "/usr/local/share/ca-certificates/kvsim-localhost.crt"

_Noreturn static void update_system_store(const char *option)
{
    (void) execlp("update-ca-certificates", "update-ca-certificates", option, (char *) NULL);
    die("update-ca-certificates: %s", strerror(errno));
}

static void trust_remove(void)
{
    if (unlink(INSTALLED) < 0) {
        if (errno == ENOENT) {
            (void) printf("The CA for localhost names is not installed.\n");
            return;
        }
        die("%s: %s. Run it as root.", INSTALLED, strerror(errno));
    }
    if (access("/etc/ssl/certs/java/cacerts", F_OK) == 0) { /* Debian's hook only adds */
        (void) printf(
            "Java keeps what it has; to remove it there too:\n"
            "  keytool -delete -cacerts -storepass changeit -alias debian:kvsim-localhost.pem\n");
        (void) fflush(stdout);
    }
    update_system_store("--fresh");
}

static void trust_install(const char *path)
{
    CLEANUP(buf_done) struct buf pem = {0};

    if (!file_read(path, LIMIT_SMALL_FILE, &pem) ||
        !file_write_atomic(INSTALLED, pem.data, pem.len, 0644)) {
        die("%s: %s. Run it as root, or give your client the file %s.", INSTALLED, strerror(errno),
            path);
    }
    update_system_store(NULL);
}

int cmd_trust(int argc, char **argv)
{
    const char *state = NULL;
    bool install = false;
    bool uninstall = false;
    const struct cli_option options[] = {
        STATE_OPTION(&state),
        CLI_OPT_FLAG("install", 0, &install,
                     "Install it into the system's store (Debian; needs root)"),
        CLI_OPT_FLAG("remove", 0, &uninstall, "Remove it from there again"),
    };
    const struct cli cli = {
        .program = "kvsim trust",
        .summary = "Show the certificate of the CA for localhost names, install or remove it.",
        .epilog =
            "The CA for the public Azure names is never installed: only `kvsim env` points clients at it.",
        .options = options,
        .n_options = ARRAY_LEN(options)};
    char path[4200];

    (void) cli_parse(&cli, argc, argv, NULL);
    if (install && uninstall) {
        die_usage("give --install or --remove, not both; see kvsim trust --help");
    }
    if (uninstall) {
        trust_remove();
        return 0;
    }
    (void) snprintf(path, sizeof(path), "%s/ca-localhost.pem", state_dir(state));
    if (access(path, R_OK) < 0) {
        die("%s: %s. It is made by the first `kvsim up`.", path, strerror(errno));
    }
    if (install) {
        trust_install(path);
    }
    (void) printf("%s\n", path);
    return 0;
}

int cmd_clock(int argc, char **argv)
{
    const char *state = NULL;
    const char *args[2] = {"get", NULL};
    const struct cli_option options[] = {STATE_OPTION(&state)};
    const struct cli cli = {
        .program = "kvsim clock",
        .summary = "Read or move the simulated clock of both daemons.",
        .args_doc = "[get | advance DURATION | set TIME | freeze | run]",
        .epilog = "DURATION: 90d, 1h30m, P1DT12H. TIME: 2027-01-31T12:00:00Z. It never goes back.",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .max_args = 2};
    const char *dir;
    AUTO_JSON *body = NULL;

    (void) cli_parse(&cli, argc, argv, args);
    dir = state_dir(state);
    if (!args[1] && (strcmp(args[0], "freeze") == 0 || strcmp(args[0], "run") == 0)) {
        body = json_pack("{s:b}", args[0], 1);
    } else if ((strcmp(args[0], "advance") == 0 || strcmp(args[0], "set") == 0) && args[1]) {
        body = json_pack("{s:s}", args[0], args[1]);
    } else if (strcmp(args[0], "get") != 0 || args[1]) {
        die_usage(
            "clock takes get, advance DURATION, set TIME, freeze or run; see kvsim clock --help");
    }
    AUTO_JSON *e = endpoints_need(dir);
    AUTO_JSON *answer = control_call(dir, e, body ? "POST" : "GET", "/_sim/clock", body);

    (void) printf("%s%s\n", endpoint(answer, "now"),
                  json_is_true(json_object_get(answer, "frozen")) ? " frozen" : "");
    return 0;
}

static int print_answer(json_t *answer)
{
    const char *name;
    json_t *value;

    json_object_foreach(answer, name, value)
    {
        (void) printf("%s=%s\n", name, json_string_value(value));
    }
    return 0;
}

/* tenant add, subscription add, principal add, identity attach: one shape. */
struct addition {
    const char *program, *summary, *verb, *args_doc, *path, *epilog;
    const char *own; /* the option that only this command has; NULL: none */
    bool in_tenant, needs_arg;
};

static int add(int argc, char **argv, const struct addition *a)
{
    const char *state = NULL;
    const char *tenant = NULL;
    const char *owner = NULL;
    bool user = false;
    const char *args[2] = {NULL, NULL};
    const struct cli_option all[] = {
        STATE_OPTION(&state),
        CLI_OPT_STRING("tenant", 0, "GUID", &tenant, "Of this tenant (default: the operator's)"),
        CLI_OPT_STRING("owner", 0, "ID", &owner,
                       "Its owner's object or client id (default: the operator)"),
        CLI_OPT_FLAG("user", 0, &user, "A user instead of a service principal"),
    };
    struct cli_option options[ARRAY_LEN(all)];
    struct cli cli = {.program = a->program,
                      .summary = a->summary,
                      .args_doc = a->args_doc,
                      .epilog = a->epilog,
                      .options = options,
                      .min_args = a->needs_arg ? 2 : 1,
                      .max_args = 2};
    const char *dir;

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (i == 0 || (i == 1 && a->in_tenant) || (a->own && strcmp(all[i].name, a->own) == 0)) {
            options[cli.n_options++] = all[i];
        }
    }
    (void) cli_parse(&cli, argc, argv, args);
    if (strcmp(args[0], a->verb) != 0) {
        die_usage("the command is '%s %s', not '%s'; see %s --help", a->program, a->args_doc,
                  args[0], a->program);
    }
    dir = state_dir(state);
    AUTO_JSON *e = endpoints_need(dir);
    AUTO_JSON *body =
        json_pack("{s:s*,s:s*,s:s,s:b,s:s*}", "name", args[1], "tenant", tenant, "owner",
                  owner ? owner : endpoint(e, "client_id"), "user", user, "id", args[1]);
    AUTO_JSON *answer = control_call(dir, e, "POST", a->path, body);

    return print_answer(answer);
}

int cmd_tenant(int argc, char **argv)
{
    const struct addition a = {.program = "kvsim tenant",
                               .summary = "Add a tenant to the simulated directory.",
                               .verb = "add",
                               .args_doc = "add [NAME]",
                               .path = "/_sim/directory/tenants"};

    return add(argc, argv, &a);
}

int cmd_subscription(int argc, char **argv)
{
    const struct addition a = {.program = "kvsim subscription",
                               .summary = "Add a subscription to the simulated directory.",
                               .verb = "add",
                               .args_doc = "add [NAME]",
                               .path = "/_sim/directory/subscriptions",
                               .own = "owner",
                               .in_tenant = true};

    return add(argc, argv, &a);
}

int cmd_principal(int argc, char **argv)
{
    const struct addition a = {.program = "kvsim principal",
                               .summary =
                                   "Add a service principal or a user to the simulated directory.",
                               .verb = "add",
                               .args_doc = "add [NAME]",
                               .path = "/_sim/directory/principals",
                               .epilog = "Its secret or password is shown this once.",
                               .own = "user",
                               .in_tenant = true};

    return add(argc, argv, &a);
}

int cmd_identity(int argc, char **argv)
{
    const struct addition a = {.program = "kvsim identity",
                               .summary =
                                   "Attach a principal to the managed identity endpoints, which "
                                   "give its tokens from then on.",
                               .verb = "attach",
                               .args_doc = "attach ID",
                               .path = "/_sim/identity/attach",
                               .epilog = "ID: an object, client or resource id.",
                               .needs_arg = true};

    return add(argc, argv, &a);
}
