/* SPDX-License-Identifier: MIT */
/*
 * Customer content on disk: chunks of 64 KiB, each in the layers of the account's data keys with
 * account, file, index and last-flag as associated data. Constant memory both ways.
 *
 * Written to a temporary name, synced, renamed, then named by a record. Removed when the record's
 * deletion is committed; what a crash leaves is an orphan, removed at the next start.
 */
#pragma once

#include <stdint.h>

#include "common/http_msg.h"
#include "provider/store/layers.h"

#define BLOB_CHUNK (64 * 1024)

struct blob_writer;
/* The keys are copied. */
bool blob_create(const char *dir, const char *account_uid, const char *file_id,
                 const struct data_keys *keys, struct blob_writer **ret, struct az_error *reterr)
    MUST_CHECK;
bool blob_write(struct blob_writer *w, const void *data, size_t len, struct az_error *reterr)
    MUST_CHECK;
/* Seals the last chunk and makes the blob durable under its name. */
bool blob_finish(struct blob_writer *w, uint64_t *size, struct az_error *reterr) MUST_CHECK;
void blob_keep(struct blob_writer *w); /* its record is stored: blob_writer_free() leaves it */
/* Removes what was written unless it was kept. */
void blob_writer_free(struct blob_writer *w);

/* A response source of the plaintext. The first chunk is opened now, so a wrong key shows here. */
bool blob_open(const char *dir, const char *account_uid, const char *file_id,
               const struct data_keys *keys, uint64_t size, struct http_source *ret,
               struct az_error *reterr) MUST_CHECK;
void blob_remove(const char *dir, const char *account_uid, const char *file_id);
/* All of an account; what is being written is left to its writer. */
void blob_remove_account(const char *dir, const char *account_uid);
/* Calls known(ctx, account_uid, file_id) for each blob and removes those it does not know, and
 * leftovers. */
bool blob_remove_orphans(const char *dir, bool (*known)(void *ctx, const char *uid, const char *id),
                         void *ctx, struct az_error *reterr) MUST_CHECK;
