/* SPDX-License-Identifier: MIT */
/* Microsoft.Authorization at every scope: tenant, subscription, group, resource, and an object in a
 * resource. */
#include "common/json.h"
#include "provider/api/role_definitions.h"
#include "provider/api/roles.h"

/* Nothing denies beyond what is not granted; no classic administrators: empty lists. */
static bool empty_run(struct provider_call *c, struct kvdb_txn *txn, struct az_error *reterr)
{
    AUTO_JSON *doc = json_pack("{s:[]}", "value");

    (void) txn;
    (void) reterr;
    return provider_answer_json(c, 200, doc);
}

#define TENANT       ""
#define SUBSCRIPTION "/subscriptions/{s}"
#define GROUP        SUBSCRIPTION "/resourceGroups/{g}"
#define RESOURCE     GROUP "/providers/{ns}/{type}/{n}"
#define OBJECT       RESOURCE "/{type2}/{n2}"
#define ROW(methods, scope, tail, exec, body, prepare, run)                                        \
    {                                                                                              \
        {methods, scope "/providers/Microsoft.Authorization/" tail}, PPLANE_ARM, NULL, exec, body, \
            0, NULL, prepare, run                                                                  \
    }

/* clang-format off */
#define DEFINITIONS(scope)                                                                                                                      \
    ROW(HTTP_M_GET,    scope, "roleDefinitions",      EXEC_LOOP,  false, NULL,                           role_definition_list_run),             \
    ROW(HTTP_M_GET,    scope, "roleDefinitions/{id}", EXEC_LOOP,  false, NULL,                           role_definition_get_run),              \
    ROW(HTTP_M_PUT,    scope, "roleDefinitions/{id}", EXEC_WRITE, true,  role_definition_put_prepare,    role_definition_put_run),              \
    ROW(HTTP_M_DELETE, scope, "roleDefinitions/{id}", EXEC_WRITE, false, role_definition_delete_prepare, role_definition_delete_run)
#define ASSIGNMENTS(scope)                                                                                                                      \
    ROW(HTTP_M_GET,    scope, "roleAssignments",      EXEC_LOOP,  false, NULL,                           role_assignment_list_run),             \
    ROW(HTTP_M_GET,    scope, "roleAssignments/{id}", EXEC_LOOP,  false, NULL,                           role_assignment_get_run),              \
    ROW(HTTP_M_PUT,    scope, "roleAssignments/{id}", EXEC_WRITE, true,  role_assignment_put_prepare,    role_assignment_put_run),              \
    ROW(HTTP_M_DELETE, scope, "roleAssignments/{id}", EXEC_WRITE, false, role_assignment_delete_prepare, role_assignment_delete_run),           \
    ROW(HTTP_M_GET,    scope, "denyAssignments",      EXEC_LOOP,  false, NULL,                           empty_run),                            \
    ROW(HTTP_M_GET,    scope, "permissions",          EXEC_LOOP,  false, NULL,                           role_permissions_run)

const struct provider_route provider_authorization_routes[] = {
    ROW(HTTP_M_GET, TENANT, "roleDefinitions",      EXEC_LOOP, false, NULL, role_definition_list_run),
    ROW(HTTP_M_GET, TENANT, "roleDefinitions/{id}", EXEC_LOOP, false, NULL, role_definition_get_run),
    ROW(HTTP_M_GET, SUBSCRIPTION, "classicAdministrators", EXEC_LOOP, false, NULL, empty_run),
    DEFINITIONS(SUBSCRIPTION), ASSIGNMENTS(SUBSCRIPTION),
    DEFINITIONS(GROUP),        ASSIGNMENTS(GROUP),
    DEFINITIONS(RESOURCE),     ASSIGNMENTS(RESOURCE),
    DEFINITIONS(OBJECT),       ASSIGNMENTS(OBJECT),
};
/* clang-format on */
const size_t provider_authorization_routes_len = ARRAY_LEN(provider_authorization_routes);
