"""Role-based access control: Microsoft.Authorization, its evaluation by vaultd and by the resource manager.

Sources: MicrosoftDocs role-based-access-control/, key-vault/general/rbac-guide.md; 403 texts: azure-rules.md section 8.
"""

import json
import subprocess
import unittest
import uuid

from harness import BUILD, SimTest

ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
CRYPTO_OFFICER = "14b46e9e-c2b7-41b4-b07b-48a6ebf60603"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
READER = "21090545-7ca7-4776-b22c-e363652d74d2"
GENERAL_READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
VERSION = "2022-04-01"


class RbacTest(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sub = f"/subscriptions/{cls.sim.sub}"

    def principal(self):
        made = dict(l.split("=", 1) for l in self.sim.kvsim("principal", "add").stdout.split())
        made["oid"] = self.sim.claims(self.token(made))["oid"]
        return made

    def token(self, who, resource=VAULT):
        return self.sim.token(resource, who["client_id"], who["client_secret"])

    def rbac_vault(self, name):
        self.sim.make_vault(name, enableRbacAuthorization=True)
        return self.sim.vault_id(name)

    def assign(self, scope, role, principal, name=None, version=VERSION, token=None, **more):
        name = name or str(uuid.uuid4())
        body = {"properties": {"roleDefinitionId": f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                               "principalId": principal, **more}}
        return self.sim.arm("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}", body, version, token)

    def assigned(self, scope, role, who):
        a = self.assign(scope, role, who["oid"])
        self.assertEqual(a.status, 201, a.body)
        return a.json

    def assignments(self, scope, query="", version=VERSION):
        a = self.sim.arm("GET", f"{scope}/providers/Microsoft.Authorization/roleAssignments{query}", version=version)
        self.assertEqual(a.status, 200, a.body)
        return a.json["value"]

    def get(self, vault, path, who, method="GET", body=None):
        return self.sim.vault(vault, method, path, body, token=self.token(who))


class Definitions(RbacTest):
    def definitions(self, query="", scope=None, version="2022-05-01-preview"):
        a = self.sim.arm("GET", f"{self.sub if scope is None else scope}/providers/Microsoft.Authorization/roleDefinitions{query}",
                         version=version)
        self.assertEqual(a.status, 200, a.body)
        return a.json["value"]

    def test_built_in_roles_are_found_by_name_and_id(self):
        found = self.definitions("?$filter=roleName%20eq%20'Key%20Vault%20Crypto%20User'")
        self.assertEqual([d["name"] for d in found], [CRYPTO_USER])
        self.assertEqual(list(found[0]), ["properties", "id", "type", "name"])
        self.assertEqual(found[0]["id"], f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}")
        p = found[0]["properties"]
        self.assertEqual((p["type"], p["assignableScopes"]), ("BuiltInRole", ["/"]))
        self.assertIn("Microsoft.KeyVault/vaults/keys/wrap/action", p["permissions"][0]["dataActions"])
        a = self.sim.arm("GET", f"/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}", version=VERSION)
        self.assertEqual(a.json["id"], f"/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}")
        self.assertGreater(len(self.definitions()), 20)
        self.assertEqual(self.definitions("?$filter=type%20eq%20'CustomRole'"), [])

    def test_what_is_no_role_is_not_found(self):
        a = self.sim.arm("GET", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}", version=VERSION)
        self.assertEqual((a.status, a.code), (404, "RoleDefinitionDoesNotExist"))
        a = self.sim.arm("GET", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions", version="2011-01-01")
        self.assertEqual((a.status, a.code), (404, "InvalidResourceType"))

    def test_a_custom_role_lives_through_create_use_update_and_delete(self):
        vault = self.rbac_vault("customrole")
        who, id = self.principal(), str(uuid.uuid4())
        path = f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{id}"
        role = {"properties": {"roleName": "Key lister", "description": "d", "type": "CustomRole", "assignableScopes": [self.sub],
                               "permissions": [{"actions": [], "dataActions": ["Microsoft.KeyVault/vaults/keys/read"]}]}}
        a = self.sim.arm("PUT", path, role, VERSION)
        self.assertEqual((a.status, a.json["properties"]["type"]), (201, "CustomRole"), a.body)
        self.assertEqual([d["name"] for d in self.definitions("?$filter=type%20eq%20'CustomRole'")], [id])
        made = self.assigned(vault, id, who)
        self.assertEqual(self.get("customrole", "/keys", who).status, 200)
        self.assertEqual(self.get("customrole", "/keys/k/create", who, "POST", {"kty": "EC"}).inner, "ForbiddenByRbac")
        role["properties"]["permissions"][0]["dataActions"] = ["Microsoft.KeyVault/vaults/keys/create/action"]
        self.assertEqual(self.sim.arm("PUT", path, role, VERSION).status, 201)
        self.assertEqual(self.get("customrole", "/keys", who).inner, "ForbiddenByRbac")
        self.assertEqual(self.get("customrole", "/keys/k/create", who, "POST", {"kty": "EC"}).status, 200)
        a = self.sim.arm("DELETE", path, version=VERSION)
        self.assertEqual((a.status, a.code), (400, "RoleDefinitionHasAssignments"))
        self.assertEqual(self.sim.arm("DELETE", made["id"], version=VERSION).status, 200)
        self.assertEqual(self.sim.arm("DELETE", path, version=VERSION).status, 200)
        self.assertEqual(self.sim.arm("DELETE", path, version=VERSION).status, 204)

    def test_broken_custom_roles_are_refused(self):
        good = {"roleName": "Broken", "assignableScopes": [self.sub], "permissions": [{"actions": ["*/read"]}]}
        for change in ({"roleName": ""}, {"roleName": "x" * 513}, {"assignableScopes": []}, {"assignableScopes": ["/"]},
                       {"permissions": []}, {"permissions": [{"actions": "x"}]}, {"permissions": [{"actions": [1]}]}):
            with self.subTest(change=str(change)[:60]):
                a = self.sim.arm("PUT", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}",
                                 {"properties": {**good, **change}}, VERSION)
                self.assertEqual((a.status, a.code), (400, "InvalidRoleDefinition"), a.body)
        a = self.sim.arm("PUT", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}",
                         {"properties": {**good, "roleName": "Owner"}}, VERSION)
        self.assertEqual((a.status, a.code), (409, "RoleDefinitionWithSameNameExists"))
        a = self.sim.arm("PUT", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}", {"properties": good}, VERSION)
        self.assertEqual(a.code, "InvalidRoleDefinition")


class Assignments(RbacTest):
    def test_create_get_list_delete(self):
        vault, who = self.rbac_vault("assign"), self.principal()
        made = self.assigned(vault, CRYPTO_USER, who)
        self.assertEqual(list(made), ["properties", "id", "type", "name"])
        p = made["properties"]
        self.assertEqual((p["principalId"], p["principalType"], p["scope"]), (who["oid"], "ServicePrincipal", vault))
        self.assertEqual(p["roleDefinitionId"], f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}")
        self.assertIsNone(p["condition"])
        self.assertEqual(p["updatedBy"], self.sim.oid)
        self.assertEqual(self.sim.arm("GET", made["id"], version=VERSION).json, made)
        short = self.sim.arm("GET", made["id"], version="2015-07-01").json["properties"]
        self.assertEqual(list(short), ["roleDefinitionId", "principalId", "scope"])
        a = self.sim.arm("DELETE", made["id"], version=VERSION)
        self.assertEqual((a.status, a.json), (200, made))
        self.assertEqual(self.sim.arm("DELETE", made["id"], version=VERSION).status, 204)
        a = self.sim.arm("GET", made["id"], version=VERSION)
        self.assertEqual((a.status, a.code), (404, "RoleAssignmentNotFound"))

    def test_lists_and_filters(self):
        vault, who = self.rbac_vault("lists"), self.principal()
        names = {scope: self.assigned(scope, READER, who)["name"]
                 for scope in (self.sub, f"{self.sub}/resourceGroups/rg", vault, vault + "/keys/k1")}
        mine = lambda scope, query: sorted(a["name"] for a in self.assignments(scope, query) if a["properties"]["principalId"] == who["oid"])
        everything = sorted(names.values())
        self.assertEqual(mine(vault, ""), everything)
        self.assertEqual(mine(self.sub, ""), everything)
        self.assertEqual(mine(vault, "?$filter=atScope()"), sorted(n for s, n in names.items() if s != vault + "/keys/k1"))
        self.assertEqual(mine(self.sub, "?$filter=atScope()"), [names[self.sub]])
        by = f"?$filter=principalId%20eq%20'{who['oid']}'"
        self.assertEqual(sorted(a["name"] for a in self.assignments(self.sub, by)), everything)
        both = f"?$filter=atScope()%20and%20assignedTo('{who['oid']}')"
        self.assertEqual([a["name"] for a in self.assignments(self.sub, both)], [names[self.sub]])
        owners = [a for a in self.assignments(self.sub, "?$filter=atScope()") if a["properties"]["principalId"] == self.sim.oid]
        self.assertEqual(len(owners), 1)
        self.assertTrue(owners[0]["properties"]["roleDefinitionId"].endswith("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"))
        a = self.sim.arm("DELETE", owners[0]["id"], version=VERSION)
        self.assertEqual((a.status, a.code), (400, "BadRequest"))

    def test_what_can_not_be_assigned_is_refused(self):
        vault, who = self.rbac_vault("refusals"), self.principal()
        made = self.assigned(vault, CRYPTO_USER, who)
        hex = made["name"].replace("-", "")
        refused = lambda a, status, code: self.assertEqual((a.status, a.code), (status, code), a.body)
        a = self.assign(vault, CRYPTO_USER, who["oid"])
        refused(a, 409, "RoleAssignmentExists")
        self.assertEqual(a.json["error"]["message"],
                         f"The role assignment already exists. The ID of the existing role assignment is {hex}.")
        refused(self.assign(vault, CRYPTO_OFFICER, who["oid"], made["name"]), 400, "RoleAssignmentUpdateNotPermitted")
        refused(self.assign(self.sub, CRYPTO_USER, who["oid"], made["name"]), 400, "RoleAssignmentUpdateNotPermitted")
        self.assertEqual(self.assign(vault, CRYPTO_USER, who["oid"], made["name"], description="why").status, 200)
        stranger = str(uuid.uuid4())
        a = self.assign(vault, CRYPTO_USER, stranger)
        refused(a, 400, "PrincipalNotFound")
        self.assertIn(f"Principal {stranger.replace('-', '')} does not exist in the directory {self.sim.tenant}.", a.json["error"]["message"])
        self.assertEqual(self.assign(vault, CRYPTO_USER, stranger, principalType="ServicePrincipal").status, 201)
        refused(self.assign(vault, CRYPTO_OFFICER, who["oid"], principalType="User"), 400, "UnmatchedPrincipalType")
        refused(self.assign(vault, str(uuid.uuid4()), who["oid"]), 400, "RoleDefinitionDoesNotExist")
        refused(self.assign(vault, "x", who["oid"]), 400, "RoleDefinitionDoesNotExist")
        refused(self.assign(vault, CRYPTO_USER, "x"), 400, "InvalidPrincipalId")
        refused(self.assign(vault, CRYPTO_USER, who["oid"], "not-a-guid"), 400, "InvalidRoleAssignmentId")
        refused(self.assign(vault + "x", CRYPTO_USER, who["oid"]), 404, "ResourceNotFound")
        refused(self.assign(f"{self.sub}/resourceGroups/nope", CRYPTO_USER, who["oid"]), 404, "ResourceGroupNotFound")
        refused(self.assign(vault, READER, who["oid"], version="2010-01-01"), 404, "InvalidResourceType")

    def test_assignments_of_a_deleted_vault_are_lost(self):
        vault, who = self.rbac_vault("lost"), self.principal()
        self.assigned(vault, CRYPTO_OFFICER, who)
        self.assertEqual(self.get("lost", "/keys", who).status, 200)
        self.assertEqual(self.sim.arm("DELETE", vault).status, 200)
        a = self.sim.make_vault("lost", createMode="recover")
        self.assertTrue(a["properties"]["enableRbacAuthorization"])
        self.assertEqual(self.get("lost", "/keys", who).inner, "ForbiddenByRbac")
        self.assertEqual(self.assignments(self.sub, f"?$filter=principalId%20eq%20'{who['oid']}'"), [])


class DataPlane(RbacTest):
    def test_the_owner_has_no_data_actions_and_the_text_is_exact(self):
        self.rbac_vault("notext")
        a = self.sim.vault("notext", "GET", "/keys/k1")
        self.assertEqual((a.status, a.code, a.inner), (403, "Forbidden", "ForbiddenByRbac"))
        c = self.sim.claims(self.sim.token(VAULT))
        self.assertEqual(
            a.json["error"]["message"],
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were "
            f"changed recently, please observe propagation time.\r\nCaller: appid={c['appid']};oid={c['oid']};iss={c['iss']}\r\n"
            "Action: 'Microsoft.KeyVault/vaults/keys/read'\r\n"
            f"Resource: '/subscriptions/{self.sim.sub}/resourcegroups/rg/providers/microsoft.keyvault/vaults/notext/keys/k1'\r\n"
            "Assignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\n"
            "Vault: notext;location=westeurope\r\n")

    def test_policies_are_ignored_under_rbac_and_roles_under_policies(self):
        who = self.principal()
        vault = self.rbac_vault("switch")
        self.assertEqual(self.sim.vault("switch", "GET", "/keys").status, 403)
        self.assigned(vault, CRYPTO_OFFICER, who)
        self.assertEqual(self.get("switch", "/keys", who).status, 200)
        self.assertEqual(self.sim.arm("PATCH", vault, {"properties": {"enableRbacAuthorization": False}}).status, 200)
        self.assertEqual(self.sim.vault("switch", "GET", "/keys").status, 200)
        self.assertEqual(self.get("switch", "/keys", who).inner, "ForbiddenByPolicy")

    def test_an_assignment_works_at_once_at_each_scope_and_ends_at_once(self):
        vault = self.rbac_vault("scopes")
        admin = self.principal()
        self.assigned(vault, ADMINISTRATOR, admin)
        for k in ("one", "two"):
            self.assertEqual(self.get("scopes", f"/keys/{k}/create", admin, "POST", {"kty": "EC"}).status, 200)
        for scope in (self.sub, f"{self.sub}/resourceGroups/RG", vault, vault + "/keys/ONE"):
            with self.subTest(scope=scope):
                who = self.principal()
                self.assertEqual(self.get("scopes", "/keys/one", who).status, 403)
                made = self.assigned(scope, READER, who)
                a = self.get("scopes", "/keys/one", who)
                self.assertEqual(a.status, 200, a.body)
                self.assertEqual(a.headers["x-ms-keyvault-rbac-assignment-id"], made["name"].replace("-", ""))
                whole = scope != vault + "/keys/ONE"
                self.assertEqual(self.get("scopes", "/keys/two", who).status, 200 if whole else 403)
                self.assertEqual(self.get("scopes", "/keys", who).status, 200 if whole else 403)
                self.assertEqual(self.sim.arm("DELETE", made["id"], version=VERSION).status, 200)
                self.assertEqual(self.get("scopes", "/keys/one", who).status, 403)

    def test_assignments_survive_both_daemons(self):
        vault, who = self.rbac_vault("restart"), self.principal()
        self.assigned(vault, CRYPTO_OFFICER, who)
        self.sim.stop()
        self.sim.own, own = False, self.sim.own
        self.sim.start()
        self.sim.own = own
        self.assertEqual(self.get("restart", "/keys", who).status, 200)
        other = self.principal()
        self.assigned(vault, READER, other)
        self.assertEqual(self.get("restart", "/keys", other).status, 200)

    def test_facts_for_the_rules_say_what_roles_give(self):
        vault, who = self.rbac_vault("facts"), self.principal()
        facts = lambda: self.sim.http("GET", self.sim.e["vault_url"].replace("{vault}", "facts") + f"/_sim/vaults/facts?principal={who['oid']}",
                                      headers={"x-kvsim-control": self.sim.control}).json
        self.assertEqual((facts()["rbac"], facts()["identityKeyPerms"]), (True, 0))
        self.assigned(vault, ENCRYPTION_USER, who)
        get, list, wrap, unwrap = 1 << 6, 1 << 7, 1 << 2, 1 << 3
        self.assertEqual(facts()["identityKeyPerms"], get | list | wrap | unwrap)


def matches(pattern, action):
    """A second opinion on wildcards, for the matrix."""
    parts = pattern.lower().split("*")
    action = action.lower()
    if len(parts) == 1:
        return pattern.lower() == action
    if not action.startswith(parts[0]) or not action.endswith(parts[-1]) or len(action) < len(parts[0]) + len(parts[-1]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = action.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(action) - len(parts[-1])


class Matrix(RbacTest):
    """Every operation of the data plane against every role, and against every permission of access policies."""

    args = ("--secure-wrap",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        out = subprocess.run([BUILD / "vault" / "vaultd", "--print-routes"], capture_output=True, text=True, check=True).stdout
        rows = [l.split("\t") for l in out.splitlines()]
        # plane, method, path, first version, permission, data action
        cls.rows = [(r[1], r[2], r[4], r[5]) for r in rows if r[0] == "data" and r[2].split("/")[1].removeprefix("deleted") == "keys"]
        assert len(cls.rows) > 20

    def path(self, template):
        return template.replace("{name?}", "k1").replace("{name}", "k1").replace("{version?}", "0" * 32).replace("{version}", "0" * 32)

    def call(self, vault, row, token):
        method, path = row[0], self.path(row[1])
        return self.sim.vault(vault, method, path, {} if method in ("POST", "PUT", "PATCH") else None, version="2026-04-01", token=token)

    def test_operation_by_role(self):
        vault = self.rbac_vault("matrixr")
        a = self.sim.arm("GET", f"{self.sub}/providers/Microsoft.Authorization/roleDefinitions", version=VERSION)
        judged = 0
        for role in a.json["value"]:
            p = role["properties"]["permissions"][0]
            who = self.principal()
            self.assigned(vault, role["name"], who)
            for row in self.rows:
                allowed = any(matches(x, row[3]) for x in p["dataActions"]) and not any(matches(x, row[3]) for x in p["notDataActions"])
                a = self.call("matrixr", row, self.token(who))
                with self.subTest(role=role["properties"]["roleName"], operation=row[:2]):
                    inner = a.inner if a.status == 403 else None
                    self.assertEqual(inner != "ForbiddenByRbac", allowed, a.body)
                judged += 1
        self.assertGreater(judged, 500)

    def test_operation_by_permission(self):
        names = sorted({r[2] for r in self.rows})
        self.assertNotIn("-", names)
        for name in names:
            who = self.principal()
            vault = "matrixp" + name[:17].lower()
            self.sim.make_vault(vault, [self.sim.policy(who["oid"], [name])])
            for row in self.rows:
                a = self.call(vault, row, self.token(who))
                with self.subTest(permission=name, operation=row[:2]):
                    refused = a.status == 403 and a.inner == "ForbiddenByPolicy"
                    self.assertEqual(refused, row[2] != name, a.body)
                    if refused:
                        self.assertIn(f"does not have keys {row[2]} permission on key vault '{vault};location=westeurope'",
                                      a.json["error"]["message"])


class ResourceManager(RbacTest):
    def arm(self, who, method, path, body=None, version="2023-07-01"):
        return self.sim.arm(method, path, body, version, self.token(who, ARM))

    def test_without_a_role_nothing_is_allowed_and_the_text_names_action_and_scope(self):
        vault, who = self.rbac_vault("nobody"), self.principal()
        a = self.arm(who, "GET", vault)
        self.assertEqual((a.status, a.code), (403, "AuthorizationFailed"))
        self.assertEqual(
            a.json["error"]["message"],
            f"The client '{who['client_id']}' with object id '{who['oid']}' does not have authorization to perform action "
            f"'Microsoft.KeyVault/vaults/read' over scope '{vault}' or the scope is invalid. If access was recently granted, please "
            "refresh your credentials.")
        self.assertEqual(self.arm(who, "GET", "/subscriptions").json["value"], [])

    def test_operation_by_role(self):
        vault = self.rbac_vault("armroles")
        rg, gone = f"{self.sub}/resourceGroups/rg", f"{self.sub}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/x"
        grant = lambda: f"{vault}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        body = {"properties": {"roleDefinitionId": READER, "principalId": self.sim.oid}}
        rows = (  # method, path, body, version, roles that may
            ("GET", vault, None, "2023-07-01", {CONTRIBUTOR, GENERAL_READER, USER_ACCESS_ADMINISTRATOR}),
            ("PATCH", vault, {"tags": {"a": "b"}}, "2023-07-01", {CONTRIBUTOR}),
            ("PUT", vault + "/accessPolicies/add", {"properties": {"accessPolicies": []}}, "2023-07-01", {CONTRIBUTOR}),
            ("GET", rg, None, "2021-04-01", {CONTRIBUTOR, GENERAL_READER, ADMINISTRATOR, READER, USER_ACCESS_ADMINISTRATOR}),
            ("GET", f"{vault}/providers/Microsoft.Authorization/roleAssignments", None, VERSION,
             {CONTRIBUTOR, GENERAL_READER, ADMINISTRATOR, READER, USER_ACCESS_ADMINISTRATOR}),
            ("PUT", rg, {"location": "westeurope"}, "2021-04-01", set()),
            ("POST", gone + "/purge", None, "2023-07-01", set()),  # notActions of Key Vault Contributor
            ("PUT", grant, body, VERSION, {USER_ACCESS_ADMINISTRATOR}),
        )
        for role in (CONTRIBUTOR, GENERAL_READER, ADMINISTRATOR, READER, CRYPTO_USER, USER_ACCESS_ADMINISTRATOR):
            who = self.principal()
            self.assigned(self.sub, role, who)
            for method, path, content, version, may in rows:
                path = path() if callable(path) else path
                with self.subTest(role=role, operation=(method, path[-60:])):
                    a = self.arm(who, method, path, content, version)
                    refused = a.status == 403 and a.code == "AuthorizationFailed"
                    self.assertEqual(not refused, role in may, a.body)

    def test_changing_the_permission_model_needs_the_right_to_assign_roles(self):
        who = self.principal()
        self.assigned(self.sub, CONTRIBUTOR, who)
        body = {"location": "westeurope", "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"},
                                                         "accessPolicies": [], "enableRbacAuthorization": True}}
        vault = self.sim.vault_id("model")
        self.assertEqual(self.arm(who, "PUT", vault, body).status, 200)
        self.assertEqual(self.arm(who, "PUT", vault, body).status, 200)
        a = self.arm(who, "PATCH", vault, {"properties": {"enableRbacAuthorization": False}})
        self.assertEqual((a.status, a.code), (403, "AuthorizationFailed"))
        self.assertIn("'Microsoft.Authorization/roleAssignments/write'", a.json["error"]["message"])
        body["properties"]["enableRbacAuthorization"] = False
        self.assertEqual(self.arm(who, "PUT", vault, body).status, 403)
        self.assertTrue(self.sim.arm("GET", vault).json["properties"]["enableRbacAuthorization"])
        self.assigned(vault, USER_ACCESS_ADMINISTRATOR, who)
        self.assertEqual(self.arm(who, "PATCH", vault, {"properties": {"enableRbacAuthorization": False}}).status, 200)

    def test_a_role_at_a_group_reaches_what_is_in_it_only(self):
        self.sim.group("mine")
        who = self.principal()
        self.assigned(f"{self.sub}/resourceGroups/mine", "b24988ac-6180-42a0-ab88-20f7382dd24c", who)
        body = {"location": "westeurope", "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
        self.assertEqual(self.arm(who, "PUT", self.sim.vault_id("inmine", "mine"), body).status, 200)
        self.assertEqual(self.arm(who, "PUT", self.sim.vault_id("inother"), body).code, "AuthorizationFailed")
        self.assertEqual([s["subscriptionId"] for s in self.arm(who, "GET", "/subscriptions").json["value"]], [self.sim.sub])
        self.assertEqual(self.assign(f"{self.sub}/resourceGroups/mine", READER, who["oid"], token=self.token(who, ARM)).code, "AuthorizationFailed")
        mine = self.arm(who, "GET", f"{self.sub}/resourceGroups/mine/providers/Microsoft.Authorization/permissions", version=VERSION)
        self.assertIn("Microsoft.Authorization/*/Write", json.dumps(mine.json))


if __name__ == "__main__":
    unittest.main(verbosity=2)
