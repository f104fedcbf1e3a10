/* SPDX-License-Identifier: MIT */
/*
 * A providerd without sockets and threads: one tenant, subscription, group and operator, a frozen
 * clock, and a vault client that answers from a few facts and really wraps.
 */
#pragma once

#include "provider/api/call.h"
#include "tests/api/client.h"

#define TENANT       "00000000-0000-0000-0000-00000000007e"
#define SUB          "00000000-0000-0000-0000-000000000051"
#define OPERATOR     "00000000-0000-0000-0000-0000000000a1"
#define STRANGER     "00000000-0000-0000-0000-0000000000a2"

#define ARM_HOST     "management.localhost:7444"
#define ACCOUNT_HOST "acct.openai.localhost:7444"
#define ACCOUNT_PATH \
    "/subscriptions/" SUB "/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/"
#define ARM_DEFAULT "2023-05-01" /* of what provider_arm() asks */
#define ARM_VERSION "api-version=" ARM_DEFAULT

/* How the vault takes changes of roles. */
struct fake_roles {
    json_t *changes; /* what was written through, in order */
    bool stale;      /* the next change meets another epoch, once */
    bool down;       /* changes are not taken */
};

/* The one vault, "demo", and its one key, "k". */
struct fake_vault {
    struct vault_facts vault;
    struct key_facts key;
    enum cmk_key_state state;
    bool revoked;     /* wrap and unwrap are refused with 403 */
    bool unreachable; /* they find no vault at all */
    unsigned wraps, unwraps;
    char last_token[4096]; /* with which the vault was last called */
    struct fake_roles *roles;
    /* Called inside the next wrap or change of roles, once: what happens while prepare runs. */
    void (*meanwhile)(void *ctx);
    void (*in_unwrap)(void *ctx); /* the same, inside the next unwrap */
    void *meanwhile_ctx;
};

struct provider_fixture {
    struct test_dir dir;
    struct providerd d;
    struct vault_client client;
    struct fake_vault fake;
    struct fake_roles roles;
    char *token; /* the operator's, for the resource manager */
    struct api_answer a;
};

void provider_fixture_open(struct provider_fixture *f);
void provider_fixture_close(struct provider_fixture *f);
/* For cmocka: a fixture of its own for each test, empty or with the account "acct". */
int provider_setup(void **state);
int provider_setup_account(void **state);
int provider_teardown(void **state);

int provider_call(struct provider_fixture *f, const struct api_request *r);
/* A resource manager request of the operator; api-version is added. */
int provider_arm(struct provider_fixture *f, const char *method, const char *path,
                 const char *body);
/* With the control token. */
int provider_control(struct provider_fixture *f, const char *method, const char *path,
                     const char *body);
/* The same of an api-version of the test's choice. */
int provider_arm_at(struct provider_fixture *f, const char *version, const char *method,
                    const char *path, const char *body);
/* The OpenAI account "acct" in rg, with a system-assigned identity. */
void provider_make_account(struct provider_fixture *f);
/* PATCHes the account to the fake vault's key. */
int provider_bind(struct provider_fixture *f);
/* Uploads text through the Files API with the account's own key; the id into `id`. */
int provider_upload(struct provider_fixture *f, const char *text, char id[64]);
int provider_download(struct provider_fixture *f, const char *id, struct buf *out);
void provider_advance(struct provider_fixture *f, int64_t seconds);
