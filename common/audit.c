/* SPDX-License-Identifier: MIT */
/*
 * Audit records: written as text into the lane's buffer, appended by one thread, rotated by size.
 */
#include "common/audit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "common/http_msg.h"
#include "common/log.h"

#define ROTATE_BYTES ((off_t) 64 * 1024 * 1024)
#define FLUSH_MS     50
#define MAX_LANES    64

struct lane {
    pthread_mutex_t lock;
    struct buf text;
};

struct audit {
    char path[4096];
    int fd;
    off_t size;
    unsigned lanes;
    struct lane lane[MAX_LANES];
    pthread_t thread;
    pthread_mutex_t lock; /* of file and condition */
    pthread_cond_t wake;
    bool stopping;
    struct buf spare; /* swapped with a lane's buffer */
};

static bool open_file(struct audit *a)
{
    a->fd = open(a->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    a->size = a->fd >= 0 ? lseek(a->fd, 0, SEEK_END) : 0;
    return a->fd >= 0;
}

/* NAME.jsonl -> NAME.jsonl.1 -> ... -> NAME.jsonl.4 -> gone */
static void rotate(struct audit *a)
{
    char from[4200];
    char to[4200];

    for (int i = AUDIT_KEEP_FILES; i > 0; i--) {
        (void) snprintf(to, sizeof(to), "%s.%d", a->path, i);
        if (i == 1) {
            (void) snprintf(from, sizeof(from), "%s", a->path);
        } else {
            (void) snprintf(from, sizeof(from), "%s.%d", a->path, i - 1);
        }
        (void) rename(from, to);
    }
    (void) close(a->fd);
    if (!open_file(a)) {
        log_error("audit log %s: %s", a->path, strerror(errno));
    }
}

static void append(struct audit *a, const struct buf *text)
{
    size_t done = 0;

    while (a->fd >= 0 && done < text->len) {
        ssize_t n = write(a->fd, text->data + done, text->len - done);

        if (n < 0 && errno != EINTR) {
            log_error("audit log %s: %s", a->path, strerror(errno));
            return;
        }
        done += n > 0 ? (size_t) n : 0;
    }
    a->size += (off_t) done;
    if (a->size > ROTATE_BYTES) {
        rotate(a);
    }
}

/* Locked. */
static void drain(struct audit *a)
{
    for (unsigned i = 0; i < a->lanes; i++) {
        struct buf text;

        (void) pthread_mutex_lock(&a->lane[i].lock);
        text = a->lane[i].text;
        a->lane[i].text = a->spare;
        (void) pthread_mutex_unlock(&a->lane[i].lock);
        append(a, &text);
        text.len = 0;
        a->spare = text;
    }
}

static void *appender(void *arg)
{
    struct audit *a = arg;

    (void) pthread_mutex_lock(&a->lock);
    while (!a->stopping) {
        struct timespec until;

        (void) clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += FLUSH_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void) pthread_cond_timedwait(&a->wake, &a->lock, &until);
        drain(a);
    }
    (void) pthread_mutex_unlock(&a->lock);
    return NULL;
}

bool audit_open(const char *path, unsigned lanes, struct audit **ret, struct az_error *reterr)
{
    struct audit *a = calloc(1, sizeof(*a));
    pthread_condattr_t monotonic; /* a clock set back does not hold up what is to be written */
    char dir[4096];
    char *slash;

    if (!a) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(a->path, sizeof(a->path), "%s", path);
    (void) snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash) {
        *slash = '\0';
    }
    if ((slash && !dir_make(dir)) || !open_file(a)) {
        free(a);
        return az_fail_internal(reterr, "audit log %s: %s", path, strerror(errno));
    }
    a->lanes = lanes == 0 ? 1 : lanes > MAX_LANES ? MAX_LANES : lanes;
    (void) pthread_mutex_init(&a->lock, NULL);
    (void) pthread_condattr_init(&monotonic);
    (void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&a->wake, &monotonic);
    (void) pthread_condattr_destroy(&monotonic);
    for (unsigned i = 0; i < a->lanes; i++) {
        (void) pthread_mutex_init(&a->lane[i].lock, NULL);
    }
    if (pthread_create(&a->thread, NULL, appender, a) != 0) {
        (void) close(a->fd);
        free(a);
        return az_fail_internal(reterr, "the audit thread could not start");
    }
    *ret = a;
    return true;
}

static void add_member(struct buf *b, const char *name, const char *value)
{
    if (value) {
        buf_str(b, ",\"");
        buf_str(b, name);
        buf_str(b, "\":");
        buf_json_str(b, value, strlen(value));
    }
}

static void add_upper(struct buf *b, const char *name, const char *value)
{
    char upper[768];
    size_t i;

    for (i = 0; value && value[i] && i < sizeof(upper) - 1; i++) {
        upper[i] = (char) toupper((unsigned char) value[i]);
    }
    upper[i] = '\0';
    add_member(b, name, value ? upper : NULL);
}

static void add_identity(struct buf *b, const struct audit_record *r)
{
    if (!r->oid && !r->upn && !r->appid) {
        return;
    }
    buf_str(b, ",\"identity\":{\"claim\":{\"oid\":");
    buf_json_str(b, r->oid ? r->oid : "", r->oid ? strlen(r->oid) : 0);
    add_member(b, "http://schemas.microsoft.com/identity/claims/objectidentifier", r->oid);
    add_member(b, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", r->upn);
    add_member(b, "appid", r->appid);
    buf_str(b, "}}");
}

static void add_uri(struct buf *b, const struct audit_record *r)
{
    char uri[2048];

    if (r->request_host && r->request_uri) {
        (void) snprintf(uri, sizeof(uri), "https://%s%s", r->request_host, r->request_uri);
        add_member(b, "requestUri", uri);
    } else {
        add_member(b, "requestUri", r->request_uri);
    }
}

/*
 * Member order and names: azure-rules.md section 6, AuditEvent; the example of logging.md has the
 * status' phrase as resultSignature. resultType: "Success" in every published record, also of
 * refused calls (fidelity.md).
 */
static void add_record(struct buf *b, const struct audit_record *r)
{
    char text[TIME_TEXT_MAX];
    char number[24];

    buf_str(b, "{\"time\":\"");
    buf_str(b, time_format(text, r->time_ms, TIME_100NS));
    buf_str(b, "\"");
    add_upper(b, "resourceId", r->resource_id);
    add_member(b, "operationName", r->operation_name);
    add_member(b, "operationVersion", r->operation_version);
    buf_str(b, ",\"category\":\"AuditEvent\"");
    add_member(b, "resultType", r->result_type ? r->result_type : "Success");
    add_member(b, "resultSignature", http_status_phrase(r->http_status));
    add_member(b, "resultDescription", r->result_description ? r->result_description : "");
    (void) snprintf(number, sizeof(number), "%" PRId64, r->duration_ms);
    add_member(b, "durationMs", number);
    add_member(b, "callerIpAddress", r->caller_ip);
    add_member(b, "correlationId", r->correlation_id);
    add_identity(b, r);
    buf_str(b, ",\"properties\":{\"clientInfo\":");
    buf_json_str(b, r->client_info ? r->client_info : "",
                 r->client_info ? strlen(r->client_info) : 0);
    add_uri(b, r);
    add_member(b, "id", r->id);
    (void) snprintf(number, sizeof(number), "%d", r->http_status);
    buf_str(b, ",\"httpStatusCode\":");
    buf_str(b, number);
    buf_str(b, "}}\n");
}

void audit_write(struct audit *a, unsigned lane, const struct audit_record *r)
{
    struct lane *l = &a->lane[lane % a->lanes];

    (void) pthread_mutex_lock(&l->lock);
    add_record(&l->text, r);
    if (!buf_ok(&l->text)) {
        buf_done(&l->text);
    }
    (void) pthread_mutex_unlock(&l->lock);
}

void audit_flush(struct audit *a)
{
    (void) pthread_mutex_lock(&a->lock);
    drain(a);
    (void) pthread_mutex_unlock(&a->lock);
}

const char *audit_path(const struct audit *a)
{
    return a->path;
}

void audit_close(struct audit *a)
{
    if (!a) {
        return;
    }
    (void) pthread_mutex_lock(&a->lock);
    a->stopping = true;
    (void) pthread_cond_signal(&a->wake);
    (void) pthread_mutex_unlock(&a->lock);
    (void) pthread_join(a->thread, NULL);
    drain(a);
    for (unsigned i = 0; i < a->lanes; i++) {
        buf_done(&a->lane[i].text);
    }
    buf_done(&a->spare);
    if (a->fd >= 0) {
        (void) close(a->fd);
    }
    free(a);
}
