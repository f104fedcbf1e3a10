/* SPDX-License-Identifier: MIT */
/* Small files, the careful way. */
#include "common/fsutil.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_read(const char *path, size_t max, struct buf *ret)
{
    char piece[16384];
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return false;
    }
    while ((n = read(fd, piece, sizeof(piece))) > 0) {
        if (ret->len + (size_t) n > max) {
            errno = EFBIG;
            n = -1;
            break;
        }
        buf_add(ret, piece, (size_t) n);
    }
    (void) close(fd);
    return n == 0 && buf_ok(ret);
}

static bool write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        p += n;
        len -= (size_t) n;
    }
    return true;
}

bool file_write_atomic(const char *path, const void *data, size_t len, mode_t mode)
{
    char tmp[4096];
    bool ok;
    int fd;

    if ((size_t) snprintf(tmp, sizeof(tmp), "%s.%ld.tmp", path, (long) getpid()) >= sizeof(tmp)) {
        errno = ENAMETOOLONG;
        return false;
    }
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return false;
    }
    ok = fchmod(fd, mode) == 0 && write_all(fd, data, len) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(tmp, path) == 0;
    if (!ok) {
        (void) unlink(tmp);
    }
    return ok;
}

bool dir_make(const char *path)
{
    char part[4096];
    size_t len = strlen(path);

    if (len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (mkdir(part, 0700) < 0 && errno != EEXIST) {
                return false;
            }
        }
    }
    return true;
}

int file_dump_piece(const char *text, size_t len, void *data)
{
    buf_add(data, text, len);
    return buf_ok(data) ? 0 : -1;
}
