/* SPDX-License-Identifier: MIT */
/* Every limit on what a client controls, by name. */
#pragma once

#define LIMIT_HEADER_BYTES     (32 * 1024)   /* request line and headers together */
#define LIMIT_BODY_KEYVAULT    (256 * 1024)  /* keys, crypto */
#define LIMIT_BODY_ARM         (1024 * 1024) /* resource manager: accessPolicies of 1024 entries */
#define LIMIT_BODY_TOKEN       (64 * 1024)   /* token requests */
#define LIMIT_FILE_BYTES       (512LL * 1024 * 1024) /* documented limit of the Files API */
#define LIMIT_FILE_PAGE        10000                 /* files in a page of their list */
#define LIMIT_BODY_INFERENCE   (4 * 1024 * 1024)     /* chat, completions, embeddings; ours */
#define LIMIT_CONTEXT_TOKENS   128000            /* of what is asked of a model; ours, for all */
#define LIMIT_EMBEDDING_TOKENS 8192              /* of an input, as documented */
#define LIMIT_ANSWER_TOKENS    16384             /* of what a model says; ours, for all */
#define LIMIT_TRAINING_LINE    (1024 * 1024)     /* one example of training data; ours */
#define LIMIT_MODEL_BYTES      (256 * 1024)      /* what a simulated model remembers; ours */
#define LIMIT_EMBEDDING_INPUTS 2048              /* in one request, as documented */
#define LIMIT_JOB_PAGE         100               /* jobs, events, checkpoints in a page */
#define LIMIT_EPOCHS           50                /* of a fine-tuning job; ours */
#define LIMIT_FACE_IMAGE       (6 * 1024 * 1024) /* documented, as the next two */
#define LIMIT_FACE_LISTS       64
#define LIMIT_FACES            1000         /* in a list */
#define LIMIT_FACE_PAGE        1000         /* documented */
#define LIMIT_FACE_SETS        1000         /* large lists or groups of an account; ours */
#define LIMIT_FACE_MEMBERS     10000        /* faces or persons in one (documented: a million) */
#define LIMIT_AI_URL           4096         /* of an image or content; ours */
#define LIMIT_LANGUAGE_BODY    (384 * 1024) /* a custom project; ours, as the next two */
#define LIMIT_SPEECH_AUDIO     (256 * 1024)
#define LIMIT_LANGUAGE_JOBS    100    /* the newest of an account; ours */
#define LIMIT_AI_ITEMS         1000   /* projects, datasets, models, endpoints of an account */
#define LIMIT_LOCKBOX_REQUESTS 1000   /* kept for review; ours */
#define LIMIT_HEADER_MS        10000  /* until the headers are complete */
#define LIMIT_IDLE_MS          120000 /* keep-alive between requests, and body stalls */
#define LIMIT_TAGS             15
#define LIMIT_TAG_TEXT         256
#define LIMIT_ACCESS_POLICIES  1024
#define LIMIT_CONTACTS         100 /* of a vault's certificates; ours, as the next */
#define LIMIT_CONTACT_TEXT     256
#define LIMIT_BACKUP_VERSIONS  500                /* past versions: azure-rules.md section 1 */
#define LIMIT_BODY_RESTORE     (16 * 1024 * 1024) /* a backup of as many versions */
#define LIMIT_ATTESTATION      (64 * 1024)        /* an attestation token; ours */
#define LIMIT_NONCE            1024               /* of a release; ours */
#define LIMIT_SWEEP_STEPS      128                /* due times dealt with in one transaction */
#define LIMIT_ROTATIONS_AHEAD  64 /* keys made for due rotations before they are stored */
/* Rotations made up for after a leap of the clock; as many past versions as a backup may have. */
#define LIMIT_MISSED_ROTATIONS 500
#define LIMIT_POLICY_BYTES     65536 /* base64url of a release policy; ours */
#define LIMIT_POLICY_DEPTH     8     /* nesting of its conditions; ours */
#define LIMIT_IP_RULES         1000  /* network-security.md, as the next */
#define LIMIT_SUBNET_RULES     200
#define LIMIT_ROLE_NAME        512 /* custom-roles.md */
#define LIMIT_ROLE_SCOPES      2000
#define LIMIT_ROLE_PERMISSIONS 100
#define LIMIT_RESOURCE_ID      512
#define LIMIT_ACCOUNT_TEXT     4096 /* a string in the properties of an AI account */
#define LIMIT_ACCOUNT_LIST     1000 /* allowedFqdnList (documented), network rules */
#define LIMIT_USER_IDENTITIES  100  /* attached to one account */
#define LIMIT_FED_CREDENTIALS  20   /* federated ones of an identity, as documented */
#define LIMIT_ARM_PAGE         200  /* items in a page of a list */
#define LIMIT_ARM_TAGS         50   /* documented limit of ARM */
#define LIMIT_ARM_TAG_NAME     512
