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

/*
 * Rows of a table of options; short_name 0: none. A target of another type than the option's does
 * not compile.
 */
#define CLI_TARGET(type, target) (1 ? (target) : (type *) NULL)
#define CLI_OPT(type, name, short_name, metavar, target, max, choices, help) \
    {                                                                        \
        name, short_name, metavar, help, type, target, max, choices          \
    }
#define CLI_OPT_FLAG(name, short_name, target, help) \
    CLI_OPT(CLI_FLAG, name, short_name, NULL, CLI_TARGET(bool, target), 0, NULL, help)
#define CLI_OPT_STRING(name, short_name, metavar, target, help) \
    CLI_OPT(CLI_STRING, name, short_name, metavar, CLI_TARGET(const char *, target), 0, NULL, help)
#define CLI_OPT_UINT(name, short_name, metavar, target, max, help) \
    CLI_OPT(CLI_UINT, name, short_name, metavar, CLI_TARGET(uint64_t, target), max, NULL, help)
#define CLI_OPT_DURATION(name, short_name, metavar, target, help) \
    CLI_OPT(CLI_DURATION, name, short_name, metavar, CLI_TARGET(int64_t, target), 0, NULL, help)
#define CLI_OPT_CHOICE(name, short_name, metavar, target, choices, help)                         \
    CLI_OPT(CLI_CHOICE, name, short_name, metavar, CLI_TARGET(const char *, target), 0, choices, \
            help)
#define CLI_OPT_STRINGS(name, short_name, metavar, target, help) \
    CLI_OPT(CLI_STRINGS, name, short_name, metavar, CLI_TARGET(const char *, target), 0, NULL, help)

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
