/* SPDX-License-Identifier: MIT */
/*
 * Members and enumerated values of the keys data plane that do not exist in every api-version, and
 * the versions that have them: a row a member, a row a value.
 *
 * What is in no row exists in every version. What the service does with a member that is too new is
 * not documented: ignored on input, left out on output (assumption, fidelity.md). A value that is
 * too new is refused as one that is unknown.
 */
#pragma once

#include "vault/api/version.h"

/*
 * X(id, bodies, inside, name, versions): bodies are bits of BODY_BIT(); inside is the member that
 * holds it (NULL: the body itself). Sources: specs 7.1 (read), 7.4, 7.5, 7.6-preview.1; versions.md
 * section 1 for later ones; recordings for 2016-10-01, 7.0 and 7.2.
 */
#define KEY_SET_BODIES (BODY_BIT(BODY_CREATE) | BODY_BIT(BODY_IMPORT) | BODY_BIT(BODY_UPDATE))

#define KEY_FIELDS(X)                                                                         \
    X(KF_RECOVERABLE_DAYS, 0, "attributes", "recoverableDays", VERSION_FROM(V_7_1_PREVIEW))   \
    X(KF_EXPORTABLE, KEY_SET_BODIES, "attributes", "exportable", VERSION_FROM(V_7_3_PREVIEW)) \
    X(KF_HSM_PLATFORM, 0, "attributes", "hsmPlatform", VERSION_FROM(V_7_5_PREVIEW_1))         \
    X(KF_ATTESTATION, 0, "attributes", "attestation", VERSION_FROM(V_7_6_PREVIEW_2))          \
    X(KF_EXTERNAL_KEY, BODY_BIT(BODY_CREATE), "attributes", "external_key",                   \
      VERSION_FROM(V_2026_01_01_PREVIEW))                                                     \
    X(KF_KEY_SIZE, 0, "attributes", "key_size", VERSION_FROM(V_2026_01_01_PREVIEW))           \
    X(KF_RELEASE_POLICY, KEY_SET_BODIES, NULL, "release_policy", VERSION_FROM(V_7_3_PREVIEW)) \
    X(KF_IMMUTABLE, KEY_SET_BODIES, "release_policy", "immutable", VERSION_FROM(V_7_3))       \
    X(KF_PUBLIC_EXPONENT, BODY_BIT(BODY_CREATE), NULL, "public_exponent",                     \
      VERSION_FROM(V_7_2_PREVIEW))                                                            \
    X(KF_CREATE_ALG, BODY_BIT(BODY_CREATE), NULL, "alg", VERSION_FROM(V_2026_05_01_PREVIEW))  \
    X(KF_JWK_ALG, BODY_BIT(BODY_IMPORT), "key", "alg", VERSION_FROM(V_2026_05_01_PREVIEW))    \
    X(KF_JWK_PUB, BODY_BIT(BODY_IMPORT), "key", "pub", VERSION_FROM(V_2026_05_01_PREVIEW))    \
    X(KF_IV, BODY_BIT(BODY_USE), NULL, "iv", VERSION_FROM(V_7_2_PREVIEW))                     \
    X(KF_AAD, BODY_BIT(BODY_USE), NULL, "aad", VERSION_FROM(V_7_2_PREVIEW))                   \
    X(KF_TAG, BODY_BIT(BODY_USE), NULL, "tag", VERSION_FROM(V_7_2_PREVIEW))                   \
    X(KF_CONTEXT, BODY_BIT(BODY_SIGN) | BODY_BIT(BODY_VERIFY), NULL, "context",               \
      VERSION_FROM(V_2026_05_01_PREVIEW))                                                     \
    X(KF_EXTERNAL_MU, BODY_BIT(BODY_SIGN) | BODY_BIT(BODY_VERIFY), NULL, "external_mu",       \
      VERSION_FROM(V_2026_05_01_PREVIEW))                                                     \
    X(KF_TRUSTED_ISSUER, BODY_BIT(BODY_SECURE_UNWRAP), NULL, "applicationTrustedIssuer",      \
      VERSION_FROM(V_2026_07_01_PREVIEW))

#define KEY_FIELD_ENUM(id, bodies, inside, name, versions) id,
enum key_field { KEY_FIELDS(KEY_FIELD_ENUM) KEY_FIELD_COUNT };
#undef KEY_FIELD_ENUM

/* Does the request's version have this member? For what an answer shows. */
bool key_field_shown(const struct vault_call *c, enum key_field f);
/*
 * Takes members that the request's version does not have out of c->body, and refuses values that it
 * does not have. For the bodies of the keys data plane; others pass.
 */
bool key_body_gate(struct vault_call *c, struct az_error *reterr) MUST_CHECK;
