/* SPDX-License-Identifier: MIT */
/*
 * The operator: the first tenant, subscription and principal of a state, made by its first `kvsim
 * up`. The ids are kept in operator.json, the secret in operator-secret (0600).
 *
 * bootstrap.json is there from before the daemons store the operator until operator.json is
 * written. A first start that was cut short is taken up with the same ids: the store may have them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base64url.h"
#include "common/fsutil.h"
#include "common/kvdb.h"
#include "tools/kvsim.d/kvsim.h"

static json_t *read_doc(const char *path)
{
    CLEANUP(buf_done) struct buf text = {0};

    return file_read(path, LIMIT_SMALL_FILE, &text) ? json_loadb(text.data, text.len, 0, NULL)
                                                    : NULL;
}

static void write_file(const char *dir, const char *name, const char *data, size_t len)
{
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (!file_write_atomic(path, data, len, 0600)) {
        die("%s: %s", path, strerror(errno));
    }
}

static bool take_ids(struct operator_ids *ids, const json_t *doc)
{
    (void) snprintf(ids->tenant, sizeof(ids->tenant), "%s", endpoint(doc, "tenant"));
    (void) snprintf(ids->subscription, sizeof(ids->subscription), "%s",
                    endpoint(doc, "subscription"));
    (void) snprintf(ids->client_id, sizeof(ids->client_id), "%s", endpoint(doc, "client_id"));
    return guid_valid(ids->tenant) && guid_valid(ids->subscription) && guid_valid(ids->client_id);
}

static bool in_state(const char *dir, const char *name)
{
    char path[4200];

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

/* A state that has run once has all of these: without one of them it would start and not work. */
static void need_whole_state(const char *dir)
{
    static const char *const stores[] = {"vault", "provider"};
    char path[4200];

    if (!in_state(dir, "operator-secret")) {
        die("%s/operator-secret is missing: restore it, or begin anew with kvsim reset --state %s",
            dir, dir);
    }
    for (size_t i = 0; i < ARRAY_LEN(stores); i++) {
        (void) snprintf(path, sizeof(path), "%s/%s", dir, stores[i]);
        if (!kvdb_exists(path)) {
            die("the store in %s is missing: restore it, or begin anew with kvsim reset --state %s",
                path, dir);
        }
    }
}

static json_t *make(void)
{
    guid_text tenant, subscription, client_id;
    char secret[BASE64URL_SECRET];

    guid_random(tenant);
    guid_random(subscription);
    guid_random(client_id);
    if (!base64url_secret(secret)) {
        die("no randomness");
    }
    return json_pack("{s:s,s:s,s:s,s:s}", "tenant", tenant, "subscription", subscription,
                     "client_id", client_id, "client_secret", secret);
}

bool operator_load(const char *dir, struct operator_ids *ids, char bootstrap[4200])
{
    CLEANUP(buf_done) struct buf out = {0};
    char path[4200];

    (void) snprintf(bootstrap, 4200, "%s/bootstrap.json", dir);
    if (in_state(dir, "operator.json")) {
        (void) snprintf(path, sizeof(path), "%s/operator.json", dir);
        AUTO_JSON *old = read_doc(path);

        if (!take_ids(ids, old)) {
            die("%s is damaged: restore it, or begin anew with kvsim reset --state %s", path, dir);
        }
        need_whole_state(dir);
        return false;
    }
    AUTO_JSON *doc = read_doc(bootstrap);

    if (!doc) {
        (void) snprintf(path, sizeof(path), "%s/provider", dir);
        if (kvdb_exists(path)) {
            die("%s/operator.json is missing: restore it, or begin anew with kvsim reset --state %s",
                dir, dir);
        }
        doc = make();
        json_write(&out, doc);
        write_file(dir, "bootstrap.json", out.data, out.len);
    }
    if (!take_ids(ids, doc)) {
        die("%s is damaged: begin anew with kvsim reset --state %s", bootstrap, dir);
    }
    write_file(dir, "operator-secret", endpoint(doc, "client_secret"),
               strlen(endpoint(doc, "client_secret")));
    return true;
}

void operator_keep(const char *dir, const struct operator_ids *ids, const char *bootstrap)
{
    CLEANUP(buf_done) struct buf out = {0};
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s}", "tenant", ids->tenant, "subscription",
                               ids->subscription, "client_id", ids->client_id);

    json_write(&out, doc);
    write_file(dir, "operator.json", out.data, out.len);
    (void) unlink(bootstrap);
}
