/* SPDX-License-Identifier: MIT */
/* multipart/form-data (RFC 7578, 2046): the same result whatever the pieces it comes in. */
#include "provider/api/multipart.h"
#include "tests/support.h"

#define TYPE    "multipart/form-data; boundary=BB"
#define PURPOSE "--BB\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
#define FILE_HEAD                                                                     \
    "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n" \
    "Content-Type: application/json\r\n\r\n"
#define TEN       "0123456789"
#define FIFTY     TEN TEN TEN TEN TEN
#define LONG_NAME FIFTY FIFTY FIFTY FIFTY FIFTY "012345" /* 256 */
#define END       "\r\n--BB--\r\n"

struct form {
    struct multipart m;
    struct buf file;
    bool ok;
    struct az_error err;
};

static bool on_file(void *ctx, const char *data, size_t len, struct az_error *reterr)
{
    (void) reterr;
    buf_add(ctx, data, len);
    return true;
}

/* Feeds a body in pieces of n bytes. */
static void feed(struct form *f, const char *body, size_t len, size_t n)
{
    *f = (struct form){0};
    f->ok = multipart_init(&f->m, sv_from(TYPE));
    assert_true(f->ok);
    f->m.on_file = on_file;
    f->m.ctx = &f->file;
    for (size_t at = 0; f->ok && at < len; at += n) {
        f->ok = multipart_feed(&f->m, body + at, len - at < n ? len - at : n, &f->err);
    }
}

static void form_done(struct form *f)
{
    multipart_done(&f->m);
    buf_done(&f->file);
}

static void a_form_is_read_the_same_in_pieces_of_any_size(void **state)
{
    /* What looks like the boundary but is not is content. */
    static const char content[] = "{\"a\":1}\r\n--B\r\n--\r\n\r\n--bb\r\n";
    static const char body[] = "a preamble\r\n" PURPOSE FILE_HEAD
                               "{\"a\":1}\r\n--B\r\n--\r\n\r\n--bb\r\n" END "an epilogue";

    (void) state;
    for (size_t n = 1; n <= sizeof(body); n++) {
        struct form f;

        feed(&f, body, sizeof(body) - 1, n);
        assert_true(f.ok && f.m.done && f.m.seen_file);
        assert_string_equal(f.m.purpose.data, "fine-tune");
        assert_string_equal(f.m.filename, "a.jsonl");
        assert_int_equal(f.file.len, sizeof(content) - 1);
        assert_memory_equal(f.file.data, content, sizeof(content) - 1);
        form_done(&f);
    }
}

static void an_empty_file_is_a_file(void **state)
{
    static const char body[] = PURPOSE FILE_HEAD END;
    struct form f;

    (void) state;
    feed(&f, body, sizeof(body) - 1, 5);
    assert_true(f.ok && f.m.done && f.m.seen_file);
    assert_int_equal(f.file.len, 0);
    form_done(&f);
}

static void fields_after_the_file_count_too(void **state)
{
    static const char body[] = FILE_HEAD "x\r\n" PURPOSE "--BB--\r\n";
    struct form f;

    (void) state;
    feed(&f, body, sizeof(body) - 1, 3);
    assert_true(f.ok && f.m.done);
    assert_string_equal(f.m.purpose.data, "fine-tune");
    assert_memory_equal(f.file.data, "x", 1);
    assert_int_equal(f.file.len, 1);
    form_done(&f);
}

static void a_form_without_its_end_is_not_done(void **state)
{
    static const char *const bodies[] = {"",
                                         "nothing of the kind",
                                         PURPOSE,
                                         PURPOSE FILE_HEAD "x",
                                         PURPOSE FILE_HEAD "x\r\n--BB",
                                         PURPOSE FILE_HEAD "x\r\n--BB-"};

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct form f;

        feed(&f, bodies[i], strlen(bodies[i]), 4);
        assert_false(f.ok && f.m.done);
        form_done(&f);
    }
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const bodies[] = {
        "--BBx\r\n", /* not the boundary, nor its end */
        PURPOSE FILE_HEAD "x\r\n--BBjunk\r\n",
        PURPOSE "--BB\r\nContent-Type: text/plain\r\n\r\nx" END, /* a part of no name */
        PURPOSE FILE_HEAD "x\r\n" FILE_HEAD "second" END,        /* two files: which of them? */
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        for (size_t n = 1; n < 100; n += 7) {
            struct form f;

            feed(&f, bodies[i], strlen(bodies[i]), n);
            assert_false(f.ok);
            assert_int_equal(f.err.errc, AZ_ERR_INVALID_PAYLOAD);
            form_done(&f);
        }
    }
}

static void a_part_that_is_too_large_for_a_field_is_refused(void **state)
{
    CLEANUP(buf_done) struct buf body = {0};
    struct form f;

    (void) state;
    buf_str(&body, "--BB\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n");
    for (int i = 0; i < 5000; i++) {
        buf_add(&body, "x", 1);
    }
    buf_str(&body, END);
    feed(&f, body.data, body.len, 100);
    assert_false(f.ok);
    form_done(&f);
    body.len = 0;
    buf_str(&body, "--BB\r\nX: ");
    for (int i = 0; i < 5000; i++) { /* a head without end */
        buf_add(&body, "x", 1);
    }
    feed(&f, body.data, body.len, 100);
    assert_false(f.ok);
    form_done(&f);
}

static void memory_does_not_grow_with_the_file(void **state)
{
    struct form f;
    char piece[4096];

    (void) state;
    feed(&f, PURPOSE FILE_HEAD, sizeof(PURPOSE FILE_HEAD) - 1, 100);
    memset(piece, '\r', sizeof(piece)); /* each might begin the boundary */
    for (int i = 0; i < 256; i++) {
        assert_true(multipart_feed(&f.m, piece, sizeof(piece), &f.err));
        f.file.len = 0;
        assert_true(f.m.pending.len < 100);
    }
    assert_true(f.m.pending.cap <= 64 * 1024);
    form_done(&f);
}

/* How clients write the disposition of a file's part, and the name that is read from it. */
static void names_are_read_as_clients_write_them(void **state)
{
    static const struct {
        const char *params, *filename; /* NULL: refused */
    } rows[] = {
        {"name=\"file\"; filename=\"a.jsonl\"",                                "a.jsonl"          },
        {"name=file; filename=a.jsonl; filename*=utf-8''a.jsonl",              "a.jsonl"          }, /* .NET */
        {"name=file; filename=\"=?utf-8?B?aMOk?=\"; filename*=utf-8''h%C3%A4", "h\xc3\xa4"        },
        {"filename*=UTF-8'de'h%c3%a4; filename=\"x\"; name=\"file\"",          "h\xc3\xa4"        },
        {"name=\"file\"; filename=\"x\"; filename*=iso-8859-1''h%E4",          "x"                },
        {"name=\"file\"; filename=\"x\"; filename*=utf-8''a%00b",              "x"                },
        {"name=\"file\";filename=\"a b; name=c.jsonl\"",                       "a b; name=c.jsonl"},
        {"name=\"file\"; filename=\"a\\\"b.jsonl\"",                           "a\"b.jsonl"       }, /* curl */
        {"name=\"file\"; filename=\"a\\\\b.jsonl\"",                           "a\\b.jsonl"       }, /* httpx */
        {"name=\"file\"; filename=\"a%22b.jsonl\"",                            "a%22b.jsonl"      }, /* browsers */
        {"name=\"file\"; filename=\"C:\\dir\\a.jsonl\"",                       "C:\\dir\\a.jsonl" },
        {"NAME=\"file\" ; FileName = \"a\"",                                   "a"                },
        {"name=\"file\"; filename=\"unterminated",                             "unterminated"     },
        {"name=\"file\"",                                                      ""                 },
        {"name=\"file\"; filename=\"" LONG_NAME "\"",                          NULL               },
    };

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(buf_done) struct buf body = {0};

        buf_fmt(&body,
                PURPOSE "--BB\r\nX-Other: name=\"purpose\"\r\ncontent-disposition: form-data; "
                        "%s\r\n\r\nx" END,
                rows[i].params);
        for (size_t n = 1; n < body.len; n += 11) {
            struct form f;

            feed(&f, body.data, body.len, n);
            assert_int_equal(f.ok, rows[i].filename != NULL);
            assert_true(!f.ok || f.m.seen_file);
            assert_string_equal(f.m.filename, rows[i].filename ? rows[i].filename : "");
            assert_string_equal(f.m.purpose.data, "fine-tune");
            form_done(&f);
        }
    }
}

static void the_boundary_is_found_in_the_content_type(void **state)
{
    static const char *const good[] = {TYPE, "Multipart/Form-Data;Boundary=\"BB\"",
                                       "multipart/form-data; charset=utf-8; boundary=BB; x=y"};
    static const char *const bad[] = {
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=BB",
        "application/json",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct multipart m;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(multipart_init(&m, sv_from(good[i])));
        assert_string_equal(m.boundary, "\r\n--BB");
        multipart_done(&m);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(multipart_init(&m, sv_from(bad[i])));
    }
    assert_false(multipart_init(&m, (struct str_view){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_read_the_same_in_pieces_of_any_size),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(fields_after_the_file_count_too),
        cmocka_unit_test(a_form_without_its_end_is_not_done),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(a_part_that_is_too_large_for_a_field_is_refused),
        cmocka_unit_test(memory_does_not_grow_with_the_file),
        cmocka_unit_test(names_are_read_as_clients_write_them),
        cmocka_unit_test(the_boundary_is_found_in_the_content_type),
    };

    return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
