/* SPDX-License-Identifier: MIT */
/* The keys data plane, a row an operation. Data actions: azure-rules.md section 6. */
#include "vault/api/call.h"
#include "vault/api/key_backup.h"
#include "vault/api/key_create.h"
#include "vault/api/key_crypto.h"
#include "vault/api/key_life.h"
#include "vault/api/key_release.h"
#include "vault/api/key_rotate.h"
#include "vault/api/key_secure.h"
#include "vault/api/version.h"

#define A(action) "Microsoft.KeyVault/vaults/keys/" action
#define POLICIES  "Microsoft.KeyVault/vaults/keyrotationpolicies/"
/* Versions: rotation since 7.3-preview, deleted keys since 2016-10-01, the rest since the first. */
#define DATA     PLANE_DATA, VERSION_ANY, PERM_KEYS
#define SINCE(v) PLANE_DATA, VERSION_FROM(v), PERM_KEYS
#define SECURE   SINCE(V_2026_01_01_PREVIEW)

/* Secure wrap: versions.md 1.2; its audit names are ours. */

/* clang-format off */
const struct vault_route vault_key_routes[] = {
    {{HTTP_M_GET,    "/keys"},                                   DATA,                 KEY_PERM_LIST,              A("read"),           THROTTLE_OTHER,  "KeyList",              EXEC_LOOP,  BODY_NONE,            NULL,                      key_list_run},
    {{HTTP_M_GET,    "/keys/"},                                  DATA,                 KEY_PERM_LIST,              A("read"),           THROTTLE_OTHER,  "KeyList",              EXEC_LOOP,  BODY_NONE,            NULL,                      key_list_run},
    {{HTTP_M_POST,   "/keys/{name?}/create"},                    DATA,                 KEY_PERM_CREATE,            A("create/action"),  THROTTLE_CREATE, "KeyCreate",            EXEC_WRITE, BODY_CREATE,          key_create_prepare,        key_create_run},
    {{HTTP_M_PUT,    "/keys/{name}"},                            DATA,                 KEY_PERM_IMPORT,            A("import/action"),  THROTTLE_KEY,    "KeyImport",            EXEC_WRITE, BODY_IMPORT,          key_import_prepare,        key_import_run},
    {{HTTP_M_GET,    "/keys/{name}/versions"},                   DATA,                 KEY_PERM_LIST,              A("read"),           THROTTLE_KEY,    "KeyListVersions",      EXEC_LOOP,  BODY_NONE,            NULL,                      key_versions_run},
    {{HTTP_M_POST,   "/keys/restore"},                           DATA,                 KEY_PERM_RESTORE,           A("restore/action"), THROTTLE_OTHER,  "KeyRestore",           EXEC_WRITE, BODY_RESTORE,         key_restore_prepare,       key_restore_run},
    {{HTTP_M_POST,   "/keys/{name}/backup"},                     DATA,                 KEY_PERM_BACKUP,            A("backup/action"),  THROTTLE_KEY,    "KeyBackup",            EXEC_LOOP,  BODY_NONE,            key_backup_prepare,        key_backup_run},
    {{HTTP_M_POST,   "/keys/{name}/rotate"},                     SINCE(V_7_3_PREVIEW), KEY_PERM_ROTATE,            A("rotate/action"),  THROTTLE_CREATE, "KeyRotate",            EXEC_WRITE, BODY_NONE,            key_rotate_prepare,        key_rotate_run},
    {{HTTP_M_GET,    "/keys/{name}/rotationpolicy"},             SINCE(V_7_3_PREVIEW), KEY_PERM_GETROTATIONPOLICY, POLICIES "read",     THROTTLE_KEY,    "KeyRotationPolicyGet", EXEC_LOOP,  BODY_NONE,            NULL,                      key_policy_get_run},
    {{HTTP_M_PUT,    "/keys/{name}/rotationpolicy"},             SINCE(V_7_3_PREVIEW), KEY_PERM_SETROTATIONPOLICY, POLICIES "write",    THROTTLE_KEY,    "KeyRotationPolicySet", EXEC_WRITE, BODY_ROTATION_POLICY, NULL,                      key_policy_set_run},
    {{HTTP_M_POST,   "/keys/{name}/release"},                    SINCE(V_7_3_PREVIEW), KEY_PERM_RELEASE,           A("release/action"), THROTTLE_KEY,    "KeyRelease",           EXEC_LOOP,  BODY_RELEASE,         key_release_prepare,       key_release_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/release"},         SINCE(V_7_3_PREVIEW), KEY_PERM_RELEASE,           A("release/action"), THROTTLE_KEY,    "KeyRelease",           EXEC_LOOP,  BODY_RELEASE,         key_release_prepare,       key_release_run},
    {{HTTP_M_GET,    "/keys/{name}"},                            DATA,                 KEY_PERM_GET,               A("read"),           THROTTLE_KEY,    "KeyGet",               EXEC_LOOP,  BODY_NONE,            NULL,                      key_get_run},
    {{HTTP_M_GET,    "/keys/{name}/{version?}"},                 DATA,                 KEY_PERM_GET,               A("read"),           THROTTLE_KEY,    "KeyGet",               EXEC_LOOP,  BODY_NONE,            NULL,                      key_get_run},
    {{HTTP_M_PATCH,  "/keys/{name}"},                            DATA,                 KEY_PERM_UPDATE,            A("update/action"),  THROTTLE_KEY,    "KeyUpdate",            EXEC_WRITE, BODY_UPDATE,          NULL,                      key_update_run},
    {{HTTP_M_PATCH,  "/keys/{name}/{version?}"},                 DATA,                 KEY_PERM_UPDATE,            A("update/action"),  THROTTLE_KEY,    "KeyUpdate",            EXEC_WRITE, BODY_UPDATE,          NULL,                      key_update_run},
    {{HTTP_M_DELETE, "/keys/{name}"},                            DATA,                 KEY_PERM_DELETE,            A("delete"),         THROTTLE_KEY,    "KeyDelete",            EXEC_WRITE, BODY_NONE,            NULL,                      key_delete_run},
    {{HTTP_M_GET,    "/deletedkeys"},                            SINCE(V_2016_10_01),  KEY_PERM_LIST,              A("read"),           THROTTLE_OTHER,  "KeyListDeleted",       EXEC_LOOP,  BODY_NONE,            NULL,                      key_deleted_list_run},
    {{HTTP_M_GET,    "/deletedkeys/{name}"},                     SINCE(V_2016_10_01),  KEY_PERM_GET,               A("read"),           THROTTLE_OTHER,  "KeyGetDeleted",        EXEC_LOOP,  BODY_NONE,            NULL,                      key_deleted_get_run},
    {{HTTP_M_DELETE, "/deletedkeys/{name}"},                     SINCE(V_2016_10_01),  KEY_PERM_PURGE,             A("purge/action"),   THROTTLE_OTHER,  "KeyPurge",             EXEC_WRITE, BODY_NONE,            NULL,                      key_purge_run},
    {{HTTP_M_POST,   "/deletedkeys/{name}/recover"},             SINCE(V_2016_10_01),  KEY_PERM_RECOVER,           A("recover/action"), THROTTLE_OTHER,  "KeyRecover",           EXEC_WRITE, BODY_NONE,            NULL,                      key_recover_run},
    {{HTTP_M_POST,   "/keys/{name}/encrypt"},                    DATA,                 KEY_PERM_ENCRYPT,           A("encrypt/action"), THROTTLE_KEY,    "KeyEncrypt",           EXEC_LOOP,  BODY_USE,             NULL,                      key_encrypt_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/encrypt"},         DATA,                 KEY_PERM_ENCRYPT,           A("encrypt/action"), THROTTLE_KEY,    "KeyEncrypt",           EXEC_LOOP,  BODY_USE,             NULL,                      key_encrypt_run},
    {{HTTP_M_POST,   "/keys/{name}/decrypt"},                    DATA,                 KEY_PERM_DECRYPT,           A("decrypt/action"), THROTTLE_KEY,    "KeyDecrypt",           EXEC_LOOP,  BODY_USE,             NULL,                      key_decrypt_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/decrypt"},         DATA,                 KEY_PERM_DECRYPT,           A("decrypt/action"), THROTTLE_KEY,    "KeyDecrypt",           EXEC_LOOP,  BODY_USE,             NULL,                      key_decrypt_run},
    {{HTTP_M_POST,   "/keys/{name}/wrapkey"},                    DATA,                 KEY_PERM_WRAPKEY,           A("wrap/action"),    THROTTLE_KEY,    "KeyWrap",              EXEC_LOOP,  BODY_USE,             NULL,                      key_wrap_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/wrapkey"},         DATA,                 KEY_PERM_WRAPKEY,           A("wrap/action"),    THROTTLE_KEY,    "KeyWrap",              EXEC_LOOP,  BODY_USE,             NULL,                      key_wrap_run},
    {{HTTP_M_POST,   "/keys/{name}/unwrapkey"},                  DATA,                 KEY_PERM_UNWRAPKEY,         A("unwrap/action"),  THROTTLE_KEY,    "KeyUnwrap",            EXEC_LOOP,  BODY_USE,             NULL,                      key_unwrap_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/unwrapkey"},       DATA,                 KEY_PERM_UNWRAPKEY,         A("unwrap/action"),  THROTTLE_KEY,    "KeyUnwrap",            EXEC_LOOP,  BODY_USE,             NULL,                      key_unwrap_run},
    {{HTTP_M_POST,   "/keys/{name}/sign"},                       DATA,                 KEY_PERM_SIGN,              A("sign/action"),    THROTTLE_KEY,    "KeySign",              EXEC_LOOP,  BODY_SIGN,            NULL,                      key_sign_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/sign"},            DATA,                 KEY_PERM_SIGN,              A("sign/action"),    THROTTLE_KEY,    "KeySign",              EXEC_LOOP,  BODY_SIGN,            NULL,                      key_sign_run},
    {{HTTP_M_POST,   "/keys/{name}/verify"},                     DATA,                 KEY_PERM_VERIFY,            A("verify/action"),  THROTTLE_KEY,    "KeyVerify",            EXEC_LOOP,  BODY_VERIFY,          NULL,                      key_verify_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/verify"},          DATA,                 KEY_PERM_VERIFY,            A("verify/action"),  THROTTLE_KEY,    "KeyVerify",            EXEC_LOOP,  BODY_VERIFY,          NULL,                      key_verify_run},
    {{HTTP_M_POST,   "/keys/{name}/securewrapkey"},              SECURE,               KEY_PERM_WRAPKEY,           A("wrap/action"),    THROTTLE_KEY,    "KeySecureWrap",        EXEC_LOOP,  BODY_SECURE_WRAP,     key_secure_wrap_prepare,   key_secure_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/securewrapkey"},   SECURE,               KEY_PERM_WRAPKEY,           A("wrap/action"),    THROTTLE_KEY,    "KeySecureWrap",        EXEC_LOOP,  BODY_SECURE_WRAP,     key_secure_wrap_prepare,   key_secure_run},
    {{HTTP_M_POST,   "/keys/{name}/secureunwrapkey"},            SECURE,               KEY_PERM_UNWRAPKEY,         A("unwrap/action"),  THROTTLE_KEY,    "KeySecureUnwrap",      EXEC_LOOP,  BODY_SECURE_UNWRAP,   key_secure_unwrap_prepare, key_secure_run},
    {{HTTP_M_POST,   "/keys/{name}/{version?}/secureunwrapkey"}, SECURE,               KEY_PERM_UNWRAPKEY,         A("unwrap/action"),  THROTTLE_KEY,    "KeySecureUnwrap",      EXEC_LOOP,  BODY_SECURE_UNWRAP,   key_secure_unwrap_prepare, key_secure_run},
};
/* clang-format on */
const size_t vault_key_routes_len = ARRAY_LEN(vault_key_routes);
