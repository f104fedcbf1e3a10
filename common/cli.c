/* SPDX-License-Identifier: MIT */
/* The option tables as argp wants them. */
#include "common/cli.h"

#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/clock.h"

#define MAX_OPTIONS 40
#define FIRST_KEY   1000 /* above every character: options without a short name */
#define VERSION_KEY 900
#define HELP_KEY    'h'

struct parse {
    const struct cli *cli;
    const char **args;
    size_t n_args;
};

static bool is_choice(const char *text, const char *choices)
{
    size_t len = strlen(text);

    for (const char *p = choices; *p; p += strcspn(p, "|"), p += *p ? 1 : 0) {
        if (strcspn(p, "|") == len && strncmp(p, text, len) == 0) {
            return true;
        }
    }
    return false;
}

static void set_option(const struct cli_option *o, const char *arg, struct argp_state *state)
{
    switch (o->type) {
    case CLI_FLAG:
        *(bool *) o->target = true;
        return;
    case CLI_STRING:
        *(const char **) o->target = arg;
        return;
    case CLI_STRINGS:
        for (size_t i = 0; i < 7; i++) {
            if (!((const char **) o->target)[i]) {
                ((const char **) o->target)[i] = arg;
                return;
            }
        }
        argp_error(state, "--%s can be given seven times at most", o->name);
        return;
    case CLI_UINT:
        if (!uint_parse(arg, o->max, o->target)) {
            argp_error(state, "--%s needs a whole number%s%.0llu, not '%s'", o->name,
                       o->max > 0 ? " of at most " : "", (unsigned long long) o->max, arg);
        }
        return;
    case CLI_DURATION:
        if (!duration_parse(arg, o->target)) {
            argp_error(state, "--%s needs a duration such as 90d, 1h30m or PT5M, not '%s'", o->name,
                       arg);
        }
        return;
    case CLI_CHOICE:
        if (!is_choice(arg, o->choices)) {
            argp_error(state, "--%s is one of %s, not '%s'", o->name, o->choices, arg);
        }
        *(const char **) o->target = arg;
        return;
    }
}

static error_t on_key(int key, char *arg, struct argp_state *state)
{
    struct parse *p = state->input;

    if (key == VERSION_KEY) {
        (void) printf("%s " KVSIM_VERSION "\n", p->cli->program);
        exit(0);
    }
    if (key == HELP_KEY) {
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    }
    if (key == ARGP_KEY_ARG) {
        if (p->n_args == p->cli->max_args) {
            argp_error(state, "unexpected argument '%s'", arg);
        }
        p->args[p->n_args++] = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && p->n_args < p->cli->min_args) {
        argp_error(state, "%s expected", p->cli->args_doc ? p->cli->args_doc : "an argument");
    }
    for (size_t i = 0; i < p->cli->n_options; i++) {
        const struct cli_option *o = &p->cli->options[i];

        if (key == (o->short_name ? o->short_name : FIRST_KEY + (int) i)) {
            set_option(o, arg, state);
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

size_t cli_parse(const struct cli *cli, int argc, char **argv, const char **args)
{
    struct argp_option opts[MAX_OPTIONS + 3] = {0};
    struct parse p = {cli, args, 0};
    char doc[4096];
    struct argp argp = {.options = opts, .parser = on_key, .args_doc = cli->args_doc, .doc = doc};
    char program[64];
    char *saved = argc > 0 ? argv[0] : NULL;

    assert(cli->n_options <= MAX_OPTIONS);
    for (size_t i = 0; i < cli->n_options; i++) {
        const struct cli_option *o = &cli->options[i];

        opts[i] = (struct argp_option){.name = o->name,
                                       .key = o->short_name ? o->short_name : FIRST_KEY + (int) i,
                                       .arg = o->metavar,
                                       .doc = o->help};
    }
    opts[cli->n_options] = (struct argp_option){
        .name = "version", .key = VERSION_KEY, .doc = "Print the version and exit", .group = -1};
    opts[cli->n_options + 1] =
        (struct argp_option){.key = HELP_KEY, .flags = OPTION_HIDDEN, .group = -1};
    /* The newline: argp forgets its own where the last word is longer than a line. */
    (void) snprintf(doc, sizeof(doc), "%s%s%s%s", cli->summary, cli->epilog ? "\v" : "",
                    cli->epilog ? cli->epilog : "", cli->epilog ? "\n" : "");
    (void) snprintf(program, sizeof(program), "%s", cli->program);
    argp_err_exit_status = 2;
    argv[0] = program;
    (void) argp_parse(&argp, argc, argv, 0, NULL, &p);
    argv[0] = saved;
    return p.n_args;
}

static void list_commands(FILE *out, const char *program, const char *summary,
                          const struct cli_command *commands, size_t n)
{
    (void) fprintf(out, "Usage: %s COMMAND [OPTION...]\n%s\n\n", program, summary);
    for (size_t i = 0; i < n; i++) {
        (void) fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    }
    (void) fprintf(out, "\nTry '%s COMMAND --help' for the options of a command.\n", program);
}

int cli_run_command(const char *program, const char *summary, const struct cli_command *commands,
                    size_t n_commands, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name) {
        list_commands(stderr, program, summary, commands, n_commands);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "-?") == 0 ||
        strcmp(name, "help") == 0) {
        list_commands(stdout, program, summary, commands, n_commands);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        (void) printf("%s " KVSIM_VERSION "\n", program);
        return 0;
    }
    for (size_t i = 0; i < n_commands; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void) fprintf(stderr, "%s: there is no command '%s'\nTry '%s --help' for the commands.\n",
                   program, name, program);
    return 2;
}
