/* SPDX-License-Identifier: MIT */
/* The operator's log: one line an event, whatever is in it. */
#include <fcntl.h>

#include "common/log.h"
#include "tests/support.h"

/* What `level` and `text` write to stderr. */
static void logged(enum log_level level, const char *text, char out[4096])
{
    FILE *f = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t n;

    assert_non_null(f);
    assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
    log_line(level, "%s", text);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void) close(saved);
    rewind(f);
    n = fread(out, 1, 4095, f);
    out[n] = '\0';
    (void) fclose(f);
}

static void a_line_has_time_program_level_and_text(void **state)
{
    char out[4096];

    (void) state;
    log_set_program("vaultd");
    log_set_level(LOG_LVL_INFO);
    logged(LOG_LVL_WARN, "the text", out);
    assert_non_null(strstr(out, "Z vaultd warn: the text\n"));
    assert_int_equal(out[4], '-');
}

static void what_is_below_the_level_is_not_written(void **state)
{
    char out[4096];

    (void) state;
    log_set_level(LOG_LVL_WARN);
    logged(LOG_LVL_INFO, "x", out);
    assert_string_equal(out, "");
    logged(LOG_LVL_ERROR, "x", out);
    assert_string_not_equal(out, "");
}

static void a_level_goes_by_its_name(void **state)
{
    const enum log_level levels[] = {LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO};
    char names[] = LOG_LEVEL_NAMES;
    char *rest = names;
    char out[4096];

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        const char *name = strsep(&rest, "|");

        assert_non_null(name);
        log_set_level_named(name);
        logged(levels[i], "x", out);
        assert_non_null(strstr(out, name));
        logged(levels[i] + 1, "x", out);
        assert_string_equal(out, "");
    }
    assert_null(rest);
}

static void a_long_text_is_cut_and_the_line_still_ends(void **state)
{
    char text[3000];
    char out[4096];

    (void) state;
    log_set_level(LOG_LVL_INFO);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    logged(LOG_LVL_ERROR, text, out);
    assert_true(strlen(out) <= 1024);
    assert_int_equal(out[strlen(out) - 1], '\n');
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void what_a_client_sends_can_not_make_a_second_line(void **state)
{
    char out[4096];

    (void) state;
    log_set_level(LOG_LVL_INFO);
    logged(LOG_LVL_ERROR, "GET /a\n2026 vaultd error: forged\r\x1b[2J", out);
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
    assert_null(strchr(out, '\r'));
    assert_null(strchr(out, '\x1b'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_program_level_and_text),
        cmocka_unit_test(what_is_below_the_level_is_not_written),
        cmocka_unit_test(a_level_goes_by_its_name),
        cmocka_unit_test(a_long_text_is_cut_and_the_line_still_ends),
        cmocka_unit_test(what_a_client_sends_can_not_make_a_second_line),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
