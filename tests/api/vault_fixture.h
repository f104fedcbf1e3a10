/* SPDX-License-Identifier: MIT */
/* A vaultd without sockets and threads: strict tokens, a frozen clock, one vault named demo. */
#pragma once

#include "tests/api/client.h"
#include "vault/api/call.h"

#define TENANT     "00000000-0000-0000-0000-00000000007e"
#define SUB        "00000000-0000-0000-0000-000000000051"
#define OPERATOR   "00000000-0000-0000-0000-0000000000a1"
#define STRANGER   "00000000-0000-0000-0000-0000000000a2"

#define VAULT_HOST "demo.vault.localhost:7443"
#define ARM_HOST   "management.localhost:7444"
#define VAULT_PATH "/subscriptions/" SUB "/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/"

struct vault_fixture {
    struct test_dir dir;
    struct vaultd d;
    struct token_signer *signer;
    char *token;     /* the operator's, for vaults */
    char *arm_token; /* the operator's, for the resource manager */
    struct api_answer a;
};

/* The operator may do everything in demo, which is soft-deleting with 90 days. */
void vault_fixture_open(struct vault_fixture *f);
void vault_fixture_close(struct vault_fixture *f);
/* For cmocka: a fixture of its own for each test. */
int vault_setup(void **state);
int vault_teardown(void **state);

/* A data-plane request of the operator; the answer is f->a. api-version is added
 * where the path has none. */
int vault_call(struct vault_fixture *f, const char *method, const char *path, const char *body);
/* The same with another token (NULL: none). */
int vault_call_as(struct vault_fixture *f, const char *token, const char *method, const char *path,
                  const char *body);
/* A resource manager request of the operator, as providerd passes it on. */
int vault_arm(struct vault_fixture *f, const char *method, const char *path, const char *body);
/* The operator's permissions in demo become these: "\"get\",\"list\"". */
void vault_grant(struct vault_fixture *f, const char *names);
void vault_advance(struct vault_fixture *f, int64_t seconds);
