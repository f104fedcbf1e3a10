/* SPDX-License-Identifier: MIT */
/* kvsim lockbox: the engineer's requests for customer data, and the customer's decisions. */
#include <string.h>

#include "tools/kvsim.d/kvsim.h"

#define ALL "/_sim/lockbox/requests"

struct lockbox_options {
    const char *state, *engineer, *support, *project, *file;
    const char *args[2];
};

static void parse(struct lockbox_options *o, int argc, char **argv)
{
    const struct cli_option options[] = {
        STATE_OPTION(&o->state),
        CLI_OPT_STRING("engineer", 0, "NAME", &o->engineer, "Who asks"),
        CLI_OPT_STRING("support-request", 0, "ID", &o->support, "For which support request"),
        CLI_OPT_STRING("project", 0, "NAME", &o->project, "For one project of a Language account"),
        CLI_OPT_STRING("file", 0, "ID", &o->file,
                       "data: the content of this file of an OpenAI account"),
    };
    const struct cli cli = {
        .program = "kvsim lockbox",
        .summary = "Customer Lockbox: review an engineer's requests for an account's data.",
        .args_doc = "[list | request ACCOUNT-ID | show ID | approve ID | reject ID | data ID]",
        .epilog =
            "data: what the engineer sees, once the request is approved; with --file what a file says. Requests end after 4 days of simulated time.",
        .options = options,
        .n_options = ARRAY_LEN(options),
        .max_args = 2};

    (void) cli_parse(&cli, argc, argv, o->args);
}

static json_t *ask(const struct lockbox_options *o, const char *dir, const json_t *e)
{
    AUTO_JSON *body = json_pack("{s:s,s:s,s:s,s:s*}", "account", o->args[1], "engineer",
                                o->engineer ? o->engineer : "engineer", "supportRequestId",
                                o->support ? o->support : "", "project", o->project);

    return control_call(dir, e, "POST", ALL, body);
}

/* Ids are path segments. */
static const char *check_id(const char *id, const char *what)
{
    if (strlen(id) > 64 || strpbrk(id, "/?# ")) {
        die_usage("'%s' is not the id of a %s; see kvsim lockbox list", id, what);
    }
    return id;
}

static json_t *about(const char *verb, const char *id, const char *dir, const json_t *e)
{
    bool decides = strcmp(verb, "approve") == 0 || strcmp(verb, "reject") == 0;
    AUTO_JSON *body = decides ? json_pack("{s:s}", "decision", verb) : NULL;
    char path[256];

    (void) snprintf(path, sizeof(path), ALL "/%s%s", check_id(id, "request"),
                    strcmp(verb, "data") == 0 ? "/data" : "");
    return control_call(dir, e, decides ? "PATCH" : "GET", path, body);
}

static void print_file(const char *id, const char *file, const json_t *e)
{
    char path[256];

    (void) snprintf(path, sizeof(path), ALL "/%s/files/%s/content", check_id(id, "request"),
                    check_id(file, "file"));
    control_print(e, path);
}

int cmd_lockbox(int argc, char **argv)
{
    struct lockbox_options o = {
        .args = {"list", NULL}
    };
    const char *dir;
    bool all;

    parse(&o, argc, argv);
    all = strcmp(o.args[0], "list") == 0;
    if (!all && strcmp(o.args[0], "request") != 0 && strcmp(o.args[0], "show") != 0 &&
        strcmp(o.args[0], "approve") != 0 && strcmp(o.args[0], "reject") != 0 &&
        strcmp(o.args[0], "data") != 0) {
        die_usage(
            "lockbox takes list, request, show, approve, reject or data; see kvsim lockbox --help");
    }
    if (!all && !o.args[1]) {
        die_usage("lockbox %s needs an id; see kvsim lockbox --help", o.args[0]);
    }
    dir = state_dir(o.state);
    AUTO_JSON *e = endpoints_need(dir);

    if (o.file && strcmp(o.args[0], "data") == 0) {
        print_file(o.args[1], o.file, e);
        return 0;
    }
    AUTO_JSON *answer = all                                 ? control_call(dir, e, "GET", ALL, NULL)
                        : strcmp(o.args[0], "request") == 0 ? ask(&o, dir, e)
                                                            : about(o.args[0], o.args[1], dir, e);

    (void) json_dumpf(answer, stdout, JSON_INDENT(2));
    (void) putchar('\n');
    return 0;
}
