/* SPDX-License-Identifier: MIT */
/*
 * Fine-tuning jobs: a child of the account in the collection JOBS, and, while it runs, an entry in
 * the index of due times, class 'J' (second, account's uid, id), so that a job ends when its time
 * has come, whoever asks next.
 */
#pragma once

#include "provider/store/child_store.h"

#define JOBS_COLLECTION "fineTuningJobs"

/* Stores a job and its due entry (job member "finish", while "state" is "active"); old: what was
 * stored before, NULL: it is new. */
bool job_store_put(struct kvdb_txn *txn, const char *uid, const json_t *old, const json_t *job,
                   struct az_error *reterr) MUST_CHECK;
bool job_store_get(struct kvdb_txn *txn, const char *uid, const char *id, json_t **ret,
                   struct az_error *reterr) MUST_CHECK;
void job_store_del(struct kvdb_txn *txn, const char *uid, const json_t *job);
/* The job that is due by then and follows the index's entry `after` (empty: the first): its own
 * entry, its account's uid and its id. `after` and `entry` may be the same. */
bool job_store_due(struct kvdb_txn *txn, int64_t now_s, const struct kvkey *after,
                   struct kvkey *entry, char uid[64], char id[64]);
/* Takes the entry of a job that is not there any more out of the index. */
void job_store_forget_due(struct kvdb_txn *txn, const struct kvkey *entry);
