/* SPDX-License-Identifier: MIT */
/* Audit records: every one is in the file, whole, in the documented form (azure-rules.md section
 * 6). */
#include <pthread.h>
#include <sys/stat.h>

#include "common/audit.h"
#include "common/bytes.h"
#include "common/fsutil.h"
#include "common/json.h"
#include "tests/support.h"

struct fixture {
    struct test_dir dir;
    char path[256];
    struct audit *audit;
};

static int setup(void **state)
{
    static struct fixture f;
    struct az_error err;

    test_dir_make(&f.dir);
    test_dir_file(&f.dir, "audit/x.jsonl", f.path);
    assert_ok(audit_open(f.path, 4, &f.audit, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    audit_close(f->audit);
    audit_close(NULL);
    test_dir_remove(&f->dir);
    return 0;
}

/* The file's lines, parsed. */
static json_t *lines(const struct fixture *f)
{
    CLEANUP(buf_done) struct buf text = {0};
    json_t *list = json_array();

    assert_true(file_read(f->path, 64 << 20, &text));
    for (char *p = text.data; p && *p;) {
        char *end = strchr(p, '\n');
        json_t *v;

        assert_non_null(end); /* never half a line */
        v = json_loadb(p, (size_t) (end - p), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(v);
        (void) json_array_append_new(list, v);
        p = end + 1;
    }
    return list;
}

static void a_record_has_the_documented_members(void **state)
{
    struct fixture *f = *state;
    const struct audit_record r = {.time_ms = INT64_C(1795532400078),
                                   .resource_id = "/subscriptions/s/vaults/demo",
                                   .operation_name = "KeyWrap",
                                   .operation_version = "7.4",
                                   .http_status = 200,
                                   .duration_ms = 3,
                                   .caller_ip = "127.0.0.1",
                                   .correlation_id = "c",
                                   .oid = "o",
                                   .upn = "u",
                                   .appid = "a",
                                   .client_info = "curl",
                                   .request_host = "demo:7443",
                                   .request_uri = "/keys/k/wrapkey?api-version=7.4",
                                   .id = "https://demo/keys/k/1"};
    struct stat st;

    audit_write(f->audit, 0, &r);
    audit_flush(f->audit);
    AUTO_JSON *all = lines(f);
    json_t *got = json_array_get(all, 0);
    json_t *claim = json_object_get(json_object_get(got, "identity"), "claim");
    json_t *props = json_object_get(got, "properties");

    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(json_text(got, "time"), "2026-11-24T15:00:00.0780000Z");
    assert_string_equal(json_text(got, "resourceId"), "/SUBSCRIPTIONS/S/VAULTS/DEMO");
    assert_string_equal(json_text(got, "operationName"), "KeyWrap");
    assert_string_equal(json_text(got, "operationVersion"), "7.4");
    assert_string_equal(json_text(got, "category"), "AuditEvent");
    assert_string_equal(json_text(got, "resultType"), "Success");
    assert_string_equal(json_text(got, "resultSignature"), "OK");
    assert_string_equal(json_text(got, "resultDescription"), "");
    assert_string_equal(json_text(got, "durationMs"), "3");
    assert_string_equal(json_text(got, "callerIpAddress"), "127.0.0.1");
    assert_string_equal(json_text(got, "correlationId"), "c");
    assert_string_equal(json_text(claim, "appid"), "a");
    assert_string_equal(
        json_text(claim, "http://schemas.microsoft.com/identity/claims/objectidentifier"), "o");
    assert_string_equal(
        json_text(claim, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"), "u");
    assert_int_equal(json_integer_value(json_object_get(props, "httpStatusCode")), 200);
    assert_string_equal(json_text(props, "clientInfo"), "curl");
    assert_string_equal(json_text(props, "requestUri"),
                        "https://demo:7443/keys/k/wrapkey?api-version=7.4");
    assert_string_equal(json_text(props, "id"), "https://demo/keys/k/1");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void what_is_not_known_is_left_out(void **state)
{
    struct fixture *f = *state;
    const struct audit_record r = {.http_status = 401, .result_description = "no \"token\"\n"};

    audit_write(f->audit, 99, &r); /* any lane number is taken */
    audit_flush(f->audit);
    AUTO_JSON *all = lines(f);
    json_t *got = json_array_get(all, 0);

    assert_null(json_object_get(got, "identity"));
    assert_null(json_object_get(got, "resourceId"));
    assert_string_equal(json_text(got, "resultType"),
                        "Success"); /* as the service's: fidelity.md */
    assert_string_equal(json_text(got, "resultSignature"), "Unauthorized");
    assert_string_equal(json_text(got, "resultDescription"), "no \"token\"\n");
}

static void what_a_client_sends_can_not_break_a_line(void **state)
{
    struct fixture *f = *state;
    const struct audit_record r = {
        .http_status = 200, .client_info = "a\"}\n{\"time\":1}\xff\x01", .request_uri = "/\r\n"};

    audit_write(f->audit, 0, &r);
    audit_flush(f->audit);
    AUTO_JSON *all = lines(f);

    assert_int_equal(json_array_size(all), 1);
}

struct writer {
    struct fixture *f;
    unsigned lane;
};

static void *write_many(void *arg)
{
    struct writer *w = arg;

    for (int i = 0; i < 2000; i++) {
        const struct audit_record r = {.http_status = 200, .duration_ms = i};

        audit_write(w->f->audit, w->lane, &r);
    }
    return NULL;
}

static void records_of_many_threads_are_all_there_when_the_log_is_closed(void **state)
{
    struct fixture *f = *state;
    struct writer w[4];
    pthread_t t[4];

    for (unsigned i = 0; i < 4; i++) {
        w[i] = (struct writer){f, i};
        assert_int_equal(pthread_create(&t[i], NULL, write_many, &w[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
    }
    audit_close(f->audit);
    f->audit = NULL;
    AUTO_JSON *all = lines(f);

    assert_int_equal(json_array_size(all), 8000);
}

static void a_second_start_appends(void **state)
{
    struct fixture *f = *state;
    const struct audit_record r = {.http_status = 200};
    struct az_error err;

    audit_write(f->audit, 0, &r);
    audit_close(f->audit);
    assert_ok(audit_open(f->path, 1, &f->audit, &err), &err);
    audit_write(f->audit, 0, &r);
    audit_flush(f->audit);
    AUTO_JSON *all = lines(f);

    assert_int_equal(json_array_size(all), 2);
}

static void a_log_that_can_not_be_written_is_refused(void **state)
{
    struct fixture *f = *state;
    struct audit *a = NULL;
    struct az_error err = {0};
    char path[300];

    (void) snprintf(path, sizeof(path), "%s/below-a-file.jsonl", f->path);
    assert_false(audit_open(path, 1, &a, &err));
    assert_null(a);
    assert_non_null(strstr(err.detail, "audit log"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_record_has_the_documented_members),
        CASE(what_is_not_known_is_left_out),
        CASE(what_a_client_sends_can_not_break_a_line),
        CASE(records_of_many_threads_are_all_there_when_the_log_is_closed),
        CASE(a_second_start_appends),
        CASE(a_log_that_can_not_be_written_is_refused),
    };

    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
