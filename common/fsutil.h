/* SPDX-License-Identifier: MIT */
/* Small files: read whole, replaced atomically and durably. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/bytes.h"

#define LIMIT_SMALL_FILE ((size_t) 4 * 1024 * 1024)

/* False with errno: missing, unreadable, or longer than max. */
bool file_read(const char *path, size_t max, struct buf *ret);
/* Temporary file, fsync, rename. False with errno. */
bool file_write_atomic(const char *path, const void *data, size_t len, mode_t mode);
/* mkdir -p with 0700 for what is missing. */
bool dir_make(const char *path);
/* For json_dump_callback: data is a struct buf. */
int file_dump_piece(const char *text, size_t len, void *data);
