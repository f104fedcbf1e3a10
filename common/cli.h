/* SPDX-License-Identifier: MIT */
/* Command lines over glibc's argp: a table of options a program or subcommand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_type {
    CLI_FLAG,     /* bool *: set to true */
    CLI_STRING,   /* const char ** */
    CLI_UINT,     /* uint64_t *, within max */
    CLI_DURATION, /* int64_t *, milliseconds */
    CLI_CHOICE,   /* const char **, one of choices "a|b|c" */
    CLI_STRINGS,  /* const char *[8], up to seven, NULL-terminated */
};

struct cli_option {
    const char *name;    /* long, without dashes */
    char short_name;     /* 0: none */
    const char *metavar; /* NULL for flags */
    const char *help;
    enum cli_type type;
    void *target;
    uint64_t max;        /* CLI_UINT; 0: any */
    const char *choices; /* CLI_CHOICE */
};

struct cli {
    const char *program;
    const char *summary;  /* shown by --help above the options */
    const char *args_doc; /* "NAME [VALUE]"; NULL: none */
    const char *epilog;   /* shown below the options; NULL: none */
    const struct cli_option *options;
    size_t n_options;
    size_t min_args, max_args; /* positional */
};

/*
 * Parses argv[1..]. Positional arguments go to args (borrowed from argv, at most max_args). A wrong
 * command line prints cause and cure on stderr and exits with 2; --help and --version exit with 0.
 * Returns how many positional arguments there are.
 */
size_t cli_parse(const struct cli *cli, int argc, char **argv, const char **args);

struct cli_command {
    const char *name;
    const char *summary;
    /* argv[0] is the command's name; returns the exit status. */
    int (*run)(int argc, char **argv);
};

/*
 * Runs the command that argv[1] names. --help (or no command at all, which is an error) lists the
 * commands, --version prints the version. Returns the exit status; 2: no such command.
 */
int cli_run_command(const char *program, const char *summary, const struct cli_command *commands,
                    size_t n_commands, int argc, char **argv);
