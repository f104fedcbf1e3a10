/* SPDX-License-Identifier: MIT */
/* Option tables: every type, and exit status 2 with the cause for every wrong command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/cli.h"

struct values {
    bool ephemeral;
    const char *state;
    uint64_t threads;
    int64_t ttl_ms;
    const char *auth;
    const char *aliases[8];
    const char *args[2];
    size_t n_args;
};

static void parse(int argc, char **argv, struct values *v)
{
    const struct cli_option options[] = {
        CLI_OPT_FLAG("ephemeral", 0, &v->ephemeral, "Keep nothing"),
        CLI_OPT_STRING("state", 's', "DIR", &v->state, "State directory"),
        CLI_OPT_UINT("threads", 't', "N", &v->threads, 64, "Loop threads"),
        CLI_OPT_DURATION("ttl", 0, "DURATION", &v->ttl_ms, "How long"),
        CLI_OPT_CHOICE("auth", 0, "MODE", &v->auth, "strict|permissive", "Who may"),
        CLI_OPT_STRINGS("alias", 0, "A", v->aliases, "Another name"),
    };
    const struct cli cli = {.program = "kvtest",
                            .summary = "A program of the tests.",
                            .args_doc = "NAME [VALUE]",
                            .epilog = "More to read.",
                            .options = options,
                            .n_options = ARRAY_LEN(options),
                            .min_args = 1,
                            .max_args = 2};

    v->n_args = cli_parse(&cli, argc, argv, v->args);
}

/* In a child, because it exits. *text gets what it printed on stdout and stderr. */
static int run(const char *line, char *text, size_t size)
{
    int fds[2];
    pid_t pid;
    int status = 0;
    size_t len = 0;
    ssize_t n;

    assert_int_equal(pipe(fds), 0);
    (void) fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct values v = {0};
        char copy[256];
        char *argv[16] = {NULL};
        int argc = 0;
        char *save = NULL;

        (void) dup2(fds[1], 1);
        (void) dup2(fds[1], 2);
        (void) close(fds[0]);
        (void) snprintf(copy, sizeof(copy), "/usr/bin/some-path %s", line);
        for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
            argv[argc++] = p;
        }
        parse(argc, argv, &v);
        (void) fflush(NULL);
        _exit(99);
    }
    (void) close(fds[1]);
    while ((n = read(fds[0], text + len, size - len - 1)) > 0) {
        len += (size_t) n;
    }
    text[len] = '\0';
    (void) close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void every_type_of_option_reaches_its_target(void **state)
{
    char *argv[] = {(char[]){"kvtest"},       (char[]){"--ephemeral"},
                    (char[]){"-s"},           (char[]){"/dir"},
                    (char[]){"--threads=64"}, (char[]){"--ttl=1h"},
                    (char[]){"name"},         (char[]){"--auth=permissive"},
                    (char[]){"--alias=a"},    (char[]){"--alias=b"},
                    (char[]){"value"},        NULL};
    struct values v = {0};

    (void) state;
    parse((int) ARRAY_LEN(argv) - 1, argv, &v);
    assert_true(v.ephemeral);
    assert_string_equal(v.state, "/dir");
    assert_int_equal(v.threads, 64);
    assert_int_equal(v.ttl_ms, 3600000);
    assert_string_equal(v.auth, "permissive");
    assert_string_equal(v.aliases[0], "a");
    assert_string_equal(v.aliases[1], "b");
    assert_null(v.aliases[2]);
    assert_int_equal(v.n_args, 2);
    assert_string_equal(v.args[0], "name");
    assert_string_equal(v.args[1], "value");
}

static void targets_keep_their_defaults(void **state)
{
    char *argv[] = {(char[]){"kvtest"}, (char[]){"name"}, NULL};
    struct values v = {.threads = 3, .auth = "strict"};

    (void) state;
    parse(2, argv, &v);
    assert_int_equal(v.threads, 3);
    assert_string_equal(v.auth, "strict");
    assert_false(v.ephemeral);
    assert_int_equal(v.n_args, 1);
}

static void wrong_command_lines_exit_with_2_and_name_the_cause(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"",                                                                                  "NAME"                          },
        {"a b c",                                                                             "unexpected argument 'c'"       },
        {"a --threads=65",                                                                    "of at most 64, not '65'"       },
        {"a --threads=-1",                                                                    "--threads needs a whole number"},
        {"a --threads=+1",                                                                    "--threads needs a whole number"},
        {"a --threads=1x",                                                                    "--threads needs a whole number"},
        {"a --threads=",                                                                      "--threads needs a whole number"},
        {"a --threads=99999999999999999999999",                                               "--threads needs a whole number"},
        {"a --ttl=soon",                                                                      "--ttl needs a duration"        },
        {"a --auth=stric",                                                                    "one of strict|permissive"      },
        {"a --auth=strict|permissive",                                                        "one of strict|permissive"      },
        {"a --nothing",                                                                       "--nothing"                     },
        {"a --state",                                                                         "--state"                       },
        {"a --ephemeral=yes",                                                                 "--ephemeral"                   },
        {"a --alias=1 --alias=2 --alias=3 --alias=4 --alias=5 --alias=6 --alias=7 --alias=8",
         "seven times at most"                                                                                                },
    };
    char text[4096];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(run(rows[i].line, text, sizeof(text)), 2);
        assert_non_null(strstr(text, rows[i].says));
        assert_non_null(strstr(text, "kvtest")); /* the program's name and the cure: --help */
    }
}

static void help_and_version_exit_with_0(void **state)
{
    char text[4096];

    (void) state;
    assert_int_equal(run("--help", text, sizeof(text)), 0);
    assert_non_null(strstr(text, "A program of the tests."));
    assert_non_null(strstr(text, "--state=DIR"));
    assert_non_null(strstr(text, "-t, --threads=N"));
    assert_non_null(strstr(text, "NAME [VALUE]"));
    assert_non_null(strstr(text, "More to read."));
    assert_int_equal(run("--version", text, sizeof(text)), 0);
    assert_string_equal(text, "kvtest " KVSIM_VERSION "\n");
}

static int seen_argc;
static char seen_name[16]; /* a copy: argv lives in dispatch() */

static int run_status(int argc, char **argv)
{
    seen_argc = argc;
    (void) snprintf(seen_name, sizeof(seen_name), "%s", argv[0]);
    return 7;
}

static int dispatch(const char *first)
{
    static const struct cli_command commands[] = {
        {"status", "Say what runs", run_status},
    };
    char name[16] = "";
    char *argv[] = {(char[]){"kvtest"}, first ? name : NULL, (char[]){"--json"}, NULL};

    (void) snprintf(name, sizeof(name), "%s", first ? first : "");
    seen_argc = 0;
    return cli_run_command("kvtest", "A tool.", commands, ARRAY_LEN(commands), first ? 3 : 1, argv);
}

static void a_command_gets_its_own_arguments(void **state)
{
    (void) state;
    assert_int_equal(dispatch("status"), 7);
    assert_int_equal(seen_argc, 2);
    assert_string_equal(seen_name, "status");
}

static void an_unknown_or_missing_command_is_2_and_help_is_0(void **state)
{
    static const struct {
        const char *first;
        int want;
    } rows[] = {
        {NULL,        2},
        {"stat",      2},
        {"Status",    2},
        {"--json",    2},
        {"--help",    0},
        {"help",      0},
        {"--version", 0},
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(dispatch(rows[i].first), rows[i].want);
        assert_int_equal(seen_argc, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_own_arguments),
        cmocka_unit_test(an_unknown_or_missing_command_is_2_and_help_is_0),
        cmocka_unit_test(every_type_of_option_reaches_its_target),
        cmocka_unit_test(help_and_version_exit_with_0),
        cmocka_unit_test(targets_keep_their_defaults),
        cmocka_unit_test(wrong_command_lines_exit_with_2_and_name_the_cause),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
