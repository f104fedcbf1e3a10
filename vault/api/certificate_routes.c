/* SPDX-License-Identifier: MIT */
/*
 * Of the certificates data plane: the contacts. All three operations need managecontacts
 * (certificates.json); the roles' documents have one data action for them. Audit names: logging.md.
 */
#include "vault/api/certificate_contacts.h"
#include "vault/api/version.h"

#define CONTACTS "Microsoft.KeyVault/vaults/certificatecontacts/write"

/* clang-format off */
#define ROW(method, audit, exec, body, run) \
    {{method, "/certificates/contacts"}, PLANE_DATA, VERSION_ANY, PERM_CERTIFICATES, CERT_PERM_MANAGECONTACTS, CONTACTS, THROTTLE_OTHER, audit, exec, body, NULL, run}
const struct vault_route vault_certificate_routes[] = {
    ROW(HTTP_M_GET,    "CertificateContactsGet",    EXEC_LOOP,  BODY_NONE, contacts_get_run),
    ROW(HTTP_M_PUT,    "CertificateContactsSet",    EXEC_WRITE, BODY_JSON, contacts_set_run),
    ROW(HTTP_M_DELETE, "CertificateContactsDelete", EXEC_WRITE, BODY_NONE, contacts_delete_run),
};
/* clang-format on */
const size_t vault_certificate_routes_len = ARRAY_LEN(vault_certificate_routes);
