"""Microsoft.KeyVault/vaults: api-versions, members by version, names, what can be changed and what can't.

Sources: versions.md section 3, wire-samples.md part 1, azure-rules.md sections 1, 2, 5 and 8; issues named beside the tests.
"""

import unittest

from harness import SimTest

OLD = {"sku", "tenantId", "accessPolicies", "enabledForDeployment", "vaultUri", "provisioningState"}
SINCE = (  # first api-version, member that it brought
    ("2016-10-01", "enableSoftDelete"), ("2018-02-14-preview", "networkAcls"), ("2016-10-01", "enablePurgeProtection"),
    ("2019-09-01", "softDeleteRetentionInDays"), ("2019-09-01", "enableRbacAuthorization"), ("2021-06-01-preview", "publicNetworkAccess"))
VERSIONS = ("2015-06-01", "2015-11-01", "2016-10-01", "2018-02-14-preview", "2018-02-14", "2019-09-01", "2020-04-01-preview",
            "2021-04-01-preview", "2021-06-01-preview", "2021-10-01", "2021-11-01-preview", "2022-02-01-preview", "2022-07-01",
            "2022-11-01", "2023-02-01", "2023-07-01", "2024-04-01-preview", "2024-11-01", "2024-12-01-preview", "2025-05-01",
            "2026-02-01", "2026-03-01-preview", "2026-04-01-preview", "2026-05-15-preview", "2026-05-15")


class Vaults(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sub = f"/subscriptions/{cls.sim.sub}"

    def body(self, location="westeurope", **properties):
        return {"location": location, "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"},
                                                     "accessPolicies": [], **properties}}

    def put(self, name, version="2023-07-01", body=None, **properties):
        return self.sim.arm("PUT", self.sim.vault_id(name), body or self.body(**properties), version)

    def made(self, name, version="2023-07-01", **properties):
        a = self.put(name, version, **properties)
        self.assertEqual(a.status, 200, a.body)
        return a.json["properties"]

    def refused(self, a, status, code, text=None):
        self.assertEqual((a.status, a.code), (status, code), a.body)
        if text is not None:
            self.assertEqual(a.json["error"]["message"], text)

    # --- versions

    def test_members_are_shown_by_version(self):
        full = {"enablePurgeProtection": True, "enableRbacAuthorization": False,
                "networkAcls": {"bypass": "None", "defaultAction": "Deny"}}
        self.made("byversion", **full)
        for version in VERSIONS:
            with self.subTest(version=version):
                doc = self.sim.arm("GET", self.sim.vault_id("byversion"), version=version).json
                at = VERSIONS.index(version)
                self.assertEqual(set(doc["properties"]), OLD | {m for v, m in SINCE if VERSIONS.index(v) <= at})
                self.assertEqual("systemData" in doc, at >= VERSIONS.index("2021-04-01-preview"))

    def test_members_that_a_version_does_not_have_are_ignored_in_it(self):
        self.made("ignored", "2018-02-14", enableRbacAuthorization=True, publicNetworkAccess="Disabled", softDeleteRetentionInDays=1000)
        p = self.sim.arm("GET", self.sim.vault_id("ignored"), version="2026-05-15").json["properties"]
        self.assertNotIn("enableRbacAuthorization", p)
        self.assertEqual(p["publicNetworkAccess"], "Enabled")

    def test_rbac_is_the_default_of_creations_since_2026_02_01_and_of_nothing_else(self):
        self.assertNotIn("enableRbacAuthorization", self.made("before26", "2025-05-01"))
        for i, version in enumerate(("2026-02-01", "2026-05-15", "2031-01-01")):
            self.assertIs(self.made(f"since26-{i}", version)["enableRbacAuthorization"], True)
        self.assertIs(self.made("said26", "2026-02-01", enableRbacAuthorization=False)["enableRbacAuthorization"], False)
        self.assertNotIn("enableRbacAuthorization", self.made("before26", "2026-02-01"))  # an update never changes it
        a = self.sim.arm("PATCH", self.sim.vault_id("since26-0"), {"properties": {"enableRbacAuthorization": None}}, "2026-02-01")
        self.assertIs(a.json["properties"]["enableRbacAuthorization"], True)

    def test_token_binding_exists_in_two_previews_only(self):
        binding = {"mode": "NotEnforced", "minimumTokenBindingStrength": "Unattested"}
        self.assertNotIn("tokenBindingParameters", self.made("binding", "2026-05-15", tokenBindingParameters=binding))
        a = self.sim.arm("PATCH", self.sim.vault_id("binding"), {"properties": {"tokenBindingParameters": binding}}, "2026-04-01-preview")
        self.assertEqual(a.json["properties"]["tokenBindingParameters"], binding)
        for version in ("2026-02-01", "2026-05-15"):
            self.assertNotIn("tokenBindingParameters", self.sim.arm("GET", self.sim.vault_id("binding"), version=version).json["properties"])
        for bad in ({"mode": "Sometimes"}, {"minimumTokenBindingStrength": "Iron"}, "x"):
            a = self.sim.arm("PATCH", self.sim.vault_id("binding"), {"properties": {"tokenBindingParameters": bad}}, "2026-03-01-preview")
            self.refused(a, 400, "BadRequest")

    def test_unknown_versions_and_types_are_refused_as_the_resource_manager_does(self):
        self.made("versions")
        a = self.sim.arm("GET", self.sim.vault_id("versions"), version="2017-01-01")  # text: azure-cli issue 18483
        self.refused(a, 400, "NoRegisteredProviderFound")
        self.assertTrue(a.json["error"]["message"].startswith(
            "No registered resource provider found for location 'westeurope' and API version '2017-01-01' for type 'vaults'. The supported "
            "api-versions are '2015-06-01, 2015-11-01, 2016-10-01, "), a.body)
        a = self.sim.arm("GET", self.sim.vault_id("versions") + "/spoons/a", version="2023-07-01")
        self.refused(a, 404, "InvalidResourceType")
        self.assertTrue(a.json["error"]["message"].startswith(
            "The resource type 'vaults/spoons' could not be found in the namespace 'Microsoft.KeyVault' for api version '2023-07-01'."))
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("versions"), version="2031-01-01").status, 200)
        perimeters = self.sim.vault_id("versions") + "/networkSecurityPerimeterConfigurations"
        self.assertEqual(self.sim.arm("GET", perimeters, version="2024-12-01-preview").json, {"value": []})
        self.refused(self.sim.arm("GET", perimeters, version="2024-11-01"), 404, "InvalidResourceType")

    # --- names

    def test_names(self):
        for name in ("ab", "a" * 25, "1abc", "-abc", "abc-", "a--b", "a_b", "a.b"):
            with self.subTest(name=name):
                a = self.put(name)
                self.refused(a, 400, "VaultNameNotValid")
                self.assertTrue(a.json["error"]["message"].startswith(
                    f"The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters."))
        for name in ("azure", "Office365", "my-microsoft-vault", "windows1", "login-vault", "xbox"):
            with self.subTest(name=name):
                self.refused(self.put(name), 400, "ReservedResourceName",
                             f"The resource name '{name}' or a part of the name is a trademarked or reserved word.")
        for name in ("abc", "a" * 24, "a-1", "azure1", "catalogin"):
            self.assertEqual(self.put(name).status, 200)

    def test_check_name(self):
        check = lambda name, type="Microsoft.KeyVault/vaults": self.sim.arm(
            "POST", self.sub + "/providers/Microsoft.KeyVault/checkNameAvailability", {"name": name, "type": type})
        self.made("checked")
        self.assertEqual(check("unchecked").json, {"nameAvailable": True})
        self.assertEqual(check("CHECKED").json, {"nameAvailable": False, "reason": "AlreadyExists",
                                                 "message": "The name 'CHECKED' is already in use."})
        a = check("a--b").json
        self.assertEqual((a["nameAvailable"], a["reason"]), (False, "AccountNameInvalid"))
        self.assertIn("'a--b' is invalid", a["message"])
        self.refused(check("x" * 5, "Microsoft.Web/sites"), 400, "BadRequest")
        self.refused(check(""), 400, "BadRequest")

    # --- PUT and PATCH

    def test_a_sku_needs_family_and_name(self):  # azure-rest-api-specs issue 462
        for sku in (None, {}, {"name": "standard"}, {"family": "A"}, {"family": "B", "name": "standard"}, {"family": "A", "name": "gold"}):
            with self.subTest(sku=sku):
                body = self.body()
                body["properties"]["sku"] = sku
                if sku is None:
                    del body["properties"]["sku"]
                self.refused(self.put("sku", body=body), 400, "BadRequest", "The key vault sku is invalid.")
        self.assertEqual(self.made("sku", sku={"family": "A", "name": "premium"})["sku"], {"family": "A", "name": "premium"})

    def test_patch_changes_what_it_names_and_nothing_else(self):
        self.made("patched", enabledForDeployment=True, softDeleteRetentionInDays=10)
        self.sim.arm("PATCH", self.sim.vault_id("patched"), {"tags": {"a": "b"}})
        before = self.sim.arm("GET", self.sim.vault_id("patched")).json
        a = self.sim.arm("PATCH", self.sim.vault_id("patched"), {"properties": {"enabledForDiskEncryption": True}})
        self.assertEqual(a.json["properties"], {**before["properties"], "enabledForDiskEncryption": True})
        self.assertEqual(a.json["tags"], {"a": "b"})
        created, modified = a.json["systemData"]["createdAt"], a.json["systemData"]["lastModifiedAt"]
        self.assertLess(created, modified)
        self.assertEqual(self.sim.arm("PATCH", self.sim.vault_id("patched"), {"tags": {}}).json["tags"], {})
        self.refused(self.sim.arm("PATCH", self.sim.vault_id("nosuchv"), {"tags": {}}), 404, "ResourceNotFound")

    def test_a_vault_stays_where_it_is(self):
        self.made("settled")
        self.refused(self.put("settled", location="eastus"), 409, "InvalidResourceLocation",
                     "The resource 'settled' already exists in location 'westeurope' in resource group 'rg'. A resource with the same name "
                     "cannot be created in location 'eastus'. Please select a new resource name.")
        self.assertEqual(self.put("settled", location="West Europe").status, 200)

    def test_purge_protection_and_retention_texts(self):
        text = ('The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an '
                'irreversible action.')
        self.refused(self.put("protect", enablePurgeProtection=False), 400, "BadRequest", text)
        self.made("protect", enablePurgeProtection=True, softDeleteRetentionInDays=7)
        self.refused(self.put("protect", enablePurgeProtection=False), 400, "BadRequest", text)
        self.refused(self.put("protect", softDeleteRetentionInDays=8), 400, "BadRequest",
                     'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.')
        self.refused(self.put("protect", enableSoftDelete=False), 400, "BadRequest",
                     'The property "enableSoftDelete" can be set to false only for creating new vault. Enabling the \'soft delete\' '
                     'functionality is an irreversible action.')
        for days in (6, 91, "7", 7.5):
            self.refused(self.put("days", softDeleteRetentionInDays=days), 400, "BadRequest")
        self.assertEqual(self.sim.arm("DELETE", self.sim.vault_id("protect")).status, 200)
        deleted = self.sub + "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/protect"
        p = self.sim.arm("GET", deleted).json["properties"]
        self.assertIs(p["purgeProtectionEnabled"], True)
        a = self.sim.arm("POST", deleted + "/purge")
        self.assertEqual((a.code, a.json["error"]["message"]), ("MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed."))

    def test_a_compound_identity_needs_both_ids(self):
        c = self.sim.claims(self.sim.token("https://vault.azure.net"))
        other = "11111111-2222-3333-4444-555555555555"
        for application, status in ((c["appid"], 200), (other, 403)):
            policy = {**self.sim.policy(self.sim.oid, ["list"]), "applicationId": application}
            self.made("compound", accessPolicies=[policy])
            self.assertEqual(self.sim.vault("compound", "GET", "/keys").status, status)
        both = [{**self.sim.policy(self.sim.oid, ["get"]), "applicationId": other}, self.sim.policy(self.sim.oid, ["list"])]
        self.assertEqual(self.made("compound", accessPolicies=both)["accessPolicies"], both)
        self.assertEqual(self.sim.vault("compound", "GET", "/keys").status, 200)
        self.assertEqual(self.sim.vault("compound", "GET", "/keys/x").inner, "ForbiddenByPolicy")

    def test_operations_and_providers(self):
        rows = self.sim.arm("GET", "/providers/Microsoft.KeyVault/operations").json["value"]
        self.assertEqual(rows[0], {"name": "Microsoft.KeyVault/register/action", "display": {
            "provider": "Microsoft Key Vault", "resource": "Subscription", "operation": "Register Subscription",
            "description": "Registers a subscription"}, "isDataAction": False})
        names = [r["name"] for r in rows]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn({"name": "Microsoft.KeyVault/vaults/keys/wrap/action", "isDataAction": True}.items(),
                      [{k: r[k] for k in ("name", "isDataAction")}.items() for r in rows])
        p = self.sim.arm("GET", self.sub + "/providers/microsoft.keyvault", version="2021-04-01").json
        self.assertEqual((p["namespace"], p["registrationState"]), ("Microsoft.KeyVault", "Registered"))
        self.assertIn("vaults", [t["resourceType"] for t in p["resourceTypes"]])
        listed = self.sim.arm("GET", self.sub + "/providers", version="2021-04-01").json["value"]
        self.assertIn("Microsoft.Authorization", [p["namespace"] for p in listed])
        self.refused(self.sim.arm("GET", self.sub + "/providers/Microsoft.Spoons", version="2021-04-01"), 404, "InvalidResourceNamespace",
                     "The resource namespace 'Microsoft.Spoons' is invalid.")

    def test_private_links(self):
        self.made("linked")
        id = self.sim.vault_id("linked")
        self.assertEqual(self.sim.arm("GET", id + "/privateLinkResources").json, {"value": [
            {"id": id + "/privateLinkResources/vault", "name": "vault", "type": "Microsoft.KeyVault/vaults/privateLinkResources",
             "properties": {"groupId": "vault", "requiredMembers": ["default"], "requiredZoneNames": ["privatelink.vaultcore.azure.net"]}}]})
        self.assertEqual(self.sim.arm("GET", id + "/privateEndpointConnections").json, {"value": []})
        self.refused(self.sim.arm("GET", self.sim.vault_id("nosuchv") + "/privateLinkResources"), 404, "ResourceNotFound")


if __name__ == "__main__":
    unittest.main(verbosity=2)
