/* SPDX-License-Identifier: MIT */
/* Control endpoints: guarded by the token, never through the proxy; the clock by request. */
#include <sys/stat.h>

#include "common/control.h"
#include "common/json.h"
#include "tests/support.h"

#define DAY INT64_C(86400000)

struct fixture {
    struct test_dir dir;
    struct sim_clock *clock;
    struct control control;
};

static int setup(void **state)
{
    static struct fixture f;
    struct az_error err;

    test_dir_make(&f.dir);
    assert_ok(sim_clock_open(NULL, &f.clock, &err), &err);
    assert_ok(sim_clock_freeze(f.clock, &err), &err);
    assert_ok(control_open(&f.control, f.dir.path, "vaultd", f.clock, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    sim_clock_close(f->clock);
    test_dir_remove(&f->dir);
    return 0;
}

struct ask {
    enum http_method method;
    const char *target;
    const char *token; /* NULL: none */
    const char *body;
    bool tunnelled;
};

/* The answer's status, 0 when control has none; the body, parsed, in *doc. */
static int ask(struct fixture *f, struct ask a, json_t **doc)
{
    struct http_request req = {
        .method = a.method, .tunnelled = a.tunnelled, .body = sv_from(a.body)};
    struct http_response resp = {0};
    int status = 0;

    assert_true(http_request_parse_target(&req, sv_from(a.target)));
    if (a.token) {
        req.headers[req.n_headers++] =
            (struct http_header){sv_from("X-Kvsim-Control"), sv_from(a.token)};
    }
    if (control_handle(&f->control, &req, &resp)) {
        status = resp.status;
        json_decref(*doc);
        *doc = json_loadb(resp.body.data, resp.body.len, 0, NULL);
        assert_non_null(*doc);
    }
    http_response_done(&resp);
    http_request_done(&req);
    return status;
}

static void the_token_is_made_once_for_the_owner_only(void **state)
{
    struct fixture *f = *state;
    struct control again;
    struct az_error err;
    struct stat st;
    char path[256];

    assert_int_equal(strlen(f->control.token), 64);
    assert_int_equal(stat(test_dir_file(&f->dir, "control-token", path), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(control_open(&again, f->dir.path, "providerd", f->clock, &err), &err);
    assert_string_equal(again.token, f->control.token);
    assert_false(control_open(&again, "/nonexistent", "x", f->clock, &err));
}

static void health_needs_no_token(void **state)
{
    struct fixture *f = *state;
    AUTO_JSON *doc = NULL;

    assert_int_equal(ask(f, (struct ask){HTTP_M_GET, "/health", NULL, NULL, false}, &doc), 200);
    assert_string_equal(json_text(doc, "daemon"), "vaultd");
    assert_string_equal(json_text(doc, "status"), "ok");
}

static void without_the_right_token_the_clock_is_not_touched(void **state)
{
    struct fixture *f = *state;
    const char *body = "{\"advance\":\"P1D\"}";
    int64_t before = sim_clock_now_ms(f->clock);
    char wrong[65];
    char longer[80];
    AUTO_JSON *doc = NULL;

    memcpy(wrong, f->control.token, sizeof(wrong));
    wrong[63] ^= 1;
    (void) snprintf(longer, sizeof(longer), "%sx", f->control.token);
    const struct ask asks[] = {
        {HTTP_M_POST, "/_sim/clock",         NULL,             body, false},
        {HTTP_M_POST, "/_sim/clock",         "",               body, false},
        {HTTP_M_POST, "/_sim/clock",         wrong,            body, false},
        {HTTP_M_POST, "/_sim/clock",         longer,           body, false},
        {HTTP_M_POST, "/_sim/clock",         f->control.token, body, true }, /* through the proxy */
        {HTTP_M_GET,  "/_sim/anything/else", NULL,             NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        assert_int_equal(ask(f, asks[i], &doc), 403);
        assert_null(strstr(json_text(json_object_get(doc, "error"), "message"), f->control.token));
    }
    assert_int_equal(sim_clock_now_ms(f->clock), before);
}

static void other_paths_are_not_controls_affair(void **state)
{
    static const char *const paths[] = {"/", "/keys/k", "/healthy", "/health/x", "/x/_sim/clock"};
    struct fixture *f = *state;
    AUTO_JSON *doc = NULL;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_int_equal(
            ask(f, (struct ask){HTTP_M_GET, paths[i], f->control.token, NULL, false}, &doc), 0);
    }
    /* With the token, what control does not know is the daemon's own. */
    assert_int_equal(
        ask(f, (struct ask){HTTP_M_GET, "/_sim/vaults/x", f->control.token, NULL, false}, &doc), 0);
}

static void the_clock_moves_as_it_is_told(void **state)
{
    struct fixture *f = *state;
    int64_t before = sim_clock_now_ms(f->clock);
    struct ask a = {HTTP_M_GET, "/_sim/clock", f->control.token, NULL, false};
    char text[TIME_TEXT_MAX];
    AUTO_JSON *doc = NULL;

    assert_int_equal(ask(f, a, &doc), 200);
    assert_string_equal(json_text(doc, "now"), time_format(text, before, TIME_MS));
    assert_true(json_is_true(json_object_get(doc, "frozen")));
    a.method = HTTP_M_POST;
    a.body = "{\"advance\":\"P90D\"}";
    assert_int_equal(ask(f, a, &doc), 200);
    assert_int_equal(sim_clock_now_ms(f->clock), before + 90 * DAY);
    a.body = "{\"set\":\"2099-01-01T00:00:00Z\"}";
    assert_int_equal(ask(f, a, &doc), 200);
    assert_string_equal(json_text(doc, "now"), "2099-01-01T00:00:00.000Z");
    a.body = "{\"run\":true}";
    assert_int_equal(ask(f, a, &doc), 200);
    assert_false(sim_clock_frozen(f->clock));
    a.body = "{\"freeze\":true}";
    assert_int_equal(ask(f, a, &doc), 200);
    assert_true(sim_clock_frozen(f->clock));
}

static void a_bad_request_for_the_clock_changes_nothing(void **state)
{
    static const char *const bodies[] = {
        NULL,
        "",
        "x",
        "[]",
        "{}",
        "{\"advance\":7}",
        "{\"advance\":\"tomorrow\"}",
        "{\"advance\":\"P1D\",\"run\":true}",
        "{\"set\":\"1999-01-01T00:00:00Z\"}",
        "{\"set\":\"soon\"}",
        "{\"freeze\":false}",
        "{\"run\":1}",
        "{\"back\":\"P1D\"}",
        "{\"advance\":\"P1D\",\"advance\":\"P2D\"}",
    };
    struct fixture *f = *state;
    int64_t before = sim_clock_now_ms(f->clock);
    AUTO_JSON *doc = NULL;

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct ask a = {HTTP_M_POST, "/_sim/clock", f->control.token, bodies[i], false};

        assert_int_equal(ask(f, a, &doc), 400);
        assert_true(json_text(json_object_get(doc, "error"), "message")[0] != '\0');
    }
    assert_int_equal(
        ask(f, (struct ask){HTTP_M_DELETE, "/_sim/clock", f->control.token, NULL, false}, &doc),
        405);
    assert_int_equal(sim_clock_now_ms(f->clock), before);
    assert_true(sim_clock_frozen(f->clock));
}

static void the_identity_header_is_derived_and_is_not_the_token(void **state)
{
    struct fixture *f = *state;
    char a[65];
    char b[65];

    control_identity_header(f->control.token, a);
    control_identity_header(f->control.token, b);
    assert_string_equal(a, b);
    assert_string_not_equal(a, f->control.token);
    assert_int_equal(strlen(a), 64);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_token_is_made_once_for_the_owner_only),
        CASE(health_needs_no_token),
        CASE(without_the_right_token_the_clock_is_not_touched),
        CASE(other_paths_are_not_controls_affair),
        CASE(the_clock_moves_as_it_is_told),
        CASE(a_bad_request_for_the_clock_changes_nothing),
        CASE(the_identity_header_is_derived_and_is_not_the_token),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
