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
