/* SPDX-License-Identifier: MIT */
/* Encrypted blobs. A chunk that is cut off, moved or of another file does not open. */
#include "provider/store/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "common/crash.h"
#include "common/fsutil.h"

struct place {
    char uid[40];
    char id[64];
};

struct blob_writer {
    char path[4200];
    char tmp[4224];
    char dir[4096];
    struct place place;
    struct data_keys keys;
    int fd;
    uint64_t index;
    uint64_t size;
    size_t fill;
    bool finished, kept;
    uint8_t chunk[BLOB_CHUNK];
};

static struct str_view aad(const struct place *p, uint64_t index, bool last, char out[160])
{
    int n = snprintf(out, 160, "%s/%s/%llu/%c", p->uid, p->id, (unsigned long long) index,
                     last ? 'L' : '-');

    return (struct str_view){out, (size_t) n};
}

static void make_path(char *out, size_t size, const char *dir, const char *uid, const char *id)
{
    (void) snprintf(out, size, "%s/%s_%s", dir, uid, id);
}

bool blob_create(const char *dir, const char *account_uid, const char *file_id,
                 const struct data_keys *keys, struct blob_writer **ret, struct az_error *reterr)
{
    struct blob_writer *w = calloc(1, sizeof(*w));

    if (!w) {
        return az_fail_internal(reterr, "out of memory");
    }
    (void) snprintf(w->dir, sizeof(w->dir), "%s", dir);
    (void) snprintf(w->place.uid, sizeof(w->place.uid), "%s", account_uid);
    (void) snprintf(w->place.id, sizeof(w->place.id), "%s", file_id);
    make_path(w->path, sizeof(w->path), w->dir, account_uid, file_id);
    (void) snprintf(w->tmp, sizeof(w->tmp), "%s.tmp", w->path);
    w->keys = *keys;
    crash_point();
    w->fd = open(w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (w->fd < 0) {
        (void) az_fail_internal(reterr, "%.200s: %s", w->tmp, strerror(errno));
        w->tmp[0] = '\0';
        blob_writer_free(w);
        return false;
    }
    *ret = w;
    return true;
}

static bool write_chunk(struct blob_writer *w, bool last, struct az_error *reterr)
{
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    char text[160];
    size_t done = 0;

    if (!layers_seal(&w->keys, aad(&w->place, w->index, last, text), w->chunk, w->fill, &sealed,
                     reterr)) {
        return false;
    }
    crash_point();
    while (done < sealed.len) {
        ssize_t n = write(w->fd, sealed.data + done, sealed.len - done);

        if (n < 0 && errno != EINTR) {
            return az_fail_internal(reterr, "writing a blob: %s", strerror(errno));
        }
        done += n > 0 ? (size_t) n : 0;
    }
    w->index++;
    w->fill = 0;
    return true;
}

bool blob_write(struct blob_writer *w, const void *data, size_t len, struct az_error *reterr)
{
    const uint8_t *p = data;

    w->size += len;
    while (len > 0) {
        size_t n = BLOB_CHUNK - w->fill;

        /* A full chunk waits for the next byte: only then is it known not to be the last. */
        if (n == 0) {
            if (!write_chunk(w, false, reterr)) {
                return false;
            }
            continue;
        }
        n = n < len ? n : len;
        memcpy(w->chunk + w->fill, p, n);
        w->fill += n;
        p += n;
        len -= n;
    }
    return true;
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        (void) close(fd);
    }
    return ok;
}

bool blob_finish(struct blob_writer *w, uint64_t *size, struct az_error *reterr)
{
    if (!write_chunk(w, true, reterr)) {
        return false;
    }
    crash_point();
    if (fsync(w->fd) < 0 || rename(w->tmp, w->path) < 0) {
        return az_fail_internal(reterr, "storing a blob: %s", strerror(errno));
    }
    crash_point();
    if (!sync_dir(w->dir)) {
        return az_fail_internal(reterr, "storing a blob: %s", strerror(errno));
    }
    w->finished = true;
    *size = w->size;
    return true;
}

void blob_keep(struct blob_writer *w)
{
    w->kept = true;
}

void blob_writer_free(struct blob_writer *w)
{
    if (!w) {
        return;
    }
    if (w->fd >= 0) {
        (void) close(w->fd);
    }
    if (!w->kept && w->tmp[0]) {
        (void) unlink(w->finished ? w->path : w->tmp);
    }
    OPENSSL_cleanse(w, sizeof(*w));
    free(w);
}

struct blob_reader {
    struct place place;
    struct data_keys keys;
    int fd;
    uint64_t index;
    uint64_t left;      /* sealed bytes not yet read */
    struct bytes plain; /* the open chunk */
    size_t at;
};

static bool next_chunk(struct blob_reader *r, struct az_error *reterr)
{
    size_t whole = BLOB_CHUNK + layers_overhead(&r->keys);
    size_t want = r->left < whole ? (size_t) r->left : whole;
    CLEANUP(bytes_clear_free) struct bytes sealed = {0};
    char text[160];
    size_t got = 0;

    if (!bytes_alloc(&sealed, want)) {
        return az_fail_internal(reterr, "out of memory");
    }
    while (got < want) {
        ssize_t n = read(r->fd, sealed.data + got, want - got);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            return az_fail_internal(reterr, "a blob is cut off");
        }
        got += n > 0 ? (size_t) n : 0;
    }
    r->left -= want;
    bytes_clear_free(&r->plain);
    r->at = 0;
    return layers_unseal(&r->keys, aad(&r->place, r->index++, r->left == 0, text), sealed.data,
                         sealed.len, &r->plain, reterr);
}

static ssize_t reader_read(void *ctx, uint8_t *out, size_t cap)
{
    struct blob_reader *r = ctx;
    struct az_error err;
    size_t n;

    if (r->at == r->plain.len && r->left > 0 && !next_chunk(r, &err)) {
        return -1;
    }
    n = r->plain.len - r->at < cap ? r->plain.len - r->at : cap;
    if (n > 0) {
        memcpy(out, r->plain.data + r->at, n);
        r->at += n;
    }
    return (ssize_t) n;
}

static void reader_close(void *ctx)
{
    struct blob_reader *r = ctx;

    if (r->fd >= 0) {
        (void) close(r->fd);
    }
    bytes_clear_free(&r->plain);
    OPENSSL_cleanse(r, sizeof(*r));
    free(r);
}

bool blob_open(const char *dir, const char *account_uid, const char *file_id,
               const struct data_keys *keys, uint64_t size, struct http_source *ret,
               struct az_error *reterr)
{
    struct blob_reader *r = calloc(1, sizeof(*r));
    char path[4200];
    off_t end;

    if (!r) {
        return az_fail_internal(reterr, "out of memory");
    }
    make_path(path, sizeof(path), dir, account_uid, file_id);
    (void) snprintf(r->place.uid, sizeof(r->place.uid), "%s", account_uid);
    (void) snprintf(r->place.id, sizeof(r->place.id), "%s", file_id);
    r->keys = *keys;
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    end = r->fd >= 0 ? lseek(r->fd, 0, SEEK_END) : -1;
    if (end < 0 || lseek(r->fd, 0, SEEK_SET) < 0) {
        (void) az_fail_internal(reterr, "a blob can't be opened: %s", strerror(errno));
        reader_close(r);
        return false;
    }
    r->left = (uint64_t) end;
    if (!next_chunk(r, reterr)) {
        reader_close(r);
        return false;
    }
    *ret = (struct http_source){
        .read = reader_read, .close = reader_close, .ctx = r, .has_length = true, .length = size};
    return true;
}

void blob_remove(const char *dir, const char *account_uid, const char *file_id)
{
    char path[4200];

    make_path(path, sizeof(path), dir, account_uid, file_id);
    crash_point();
    (void) unlink(path);
}

/* Calls fn for each entry of dir, "uid_id" taken apart. False: dir can't be read. */
static bool each_blob(const char *dir,
                      void (*fn)(void *ctx, int dirfd, const char *entry, const char *uid,
                                 const char *id),
                      void *ctx)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    if (!d) {
        return false;
    }
    while ((e = readdir(d))) {
        char name[256];
        char *id;

        (void) snprintf(name, sizeof(name), "%s", e->d_name);
        id = strchr(name, '_');
        if (id) {
            *id++ = '\0';
            fn(ctx, dirfd(d), e->d_name, name, id);
        }
    }
    (void) closedir(d);
    return true;
}

static bool unfinished(const char *id)
{
    return strstr(id, ".tmp") != NULL;
}

static void remove_if_of(void *account_uid, int dir, const char *entry, const char *uid,
                         const char *id)
{
    if (strcmp(uid, account_uid) == 0 && !unfinished(id)) {
        (void) unlinkat(dir, entry, 0);
    }
}

void blob_remove_account(const char *dir, const char *account_uid)
{
    char uid[40];

    (void) snprintf(uid, sizeof(uid), "%s", account_uid);
    (void) each_blob(dir, remove_if_of, uid);
}

struct orphans {
    bool (*known)(void *ctx, const char *uid, const char *id);
    void *ctx;
};

static void remove_if_unknown(void *ctx, int dir, const char *entry, const char *uid,
                              const char *id)
{
    const struct orphans *o = ctx;

    if (unfinished(id) || !o->known(o->ctx, uid, id)) {
        (void) unlinkat(dir, entry, 0);
    }
}

bool blob_remove_orphans(const char *dir, bool (*known)(void *ctx, const char *uid, const char *id),
                         void *ctx, struct az_error *reterr)
{
    struct orphans o = {known, ctx};

    return (dir_make(dir) && each_blob(dir, remove_if_unknown, &o)) ||
           az_fail_internal(reterr, "%.200s: %s", dir, strerror(errno));
}
