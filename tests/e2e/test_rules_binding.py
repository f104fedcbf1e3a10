"""The rules of binding a key as a person meets them: each is obeyed and broken here, the refusal names it, the counters say so.

Sources: the rule's row in docs/rules.md gives the document that says it.
"""

import json
import unittest
import uuid

from harness import ARM_AI, ROOT
from rules import CONTENT, OFF, RIGHTS, RuleTest


class Binding(RuleTest):
    def setUp(self):
        self.sim.group()

    def vault_and_account(self, tag, kind="OpenAI", key={"kty": "RSA"}):
        identity = self.sim.make_account("acct" + tag, kind)
        self.vault = "vault" + tag
        self.policies(self.sim.policy(identity, RIGHTS))
        a = self.sim.vault(self.vault, "POST", "/keys/cmk/create", key)
        self.assertEqual(a.status, 200, a.body)
        return "acct" + tag

    def test_all_broken_rules_are_listed_the_first_is_named(self):
        s = self.sim
        s.make_account("acctm1")
        s.arm("PUT", s.vault_id("vaultm1"), {"location": "eastus", "properties": {
            "tenantId": s.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}})
        self.refused(s.bind("acctm1", "vaultm1", "cmk"), "kv.same-region", "kv.purge-protection", "kv.permissions", "rev.partial")

    def test_the_type_without_a_key_is_refused(self):
        self.sim.make_account("acctm2")
        for properties in (None, {}, {"keyName": "k"}):
            self.refused(self.encryption("acctm2", properties), "enc.enable-then-key")

    def test_the_identity_counts_once_the_account_is_there_and_in_a_tier_that_has_cmk(self):
        """AIS20: available only after the resource is created by using the pricing tier that's required."""
        s = self.sim
        account = self.vault_and_account("o1", "Face")
        uri = f"https://{self.vault}.vault.azure.net/keys/cmk"
        with self.shows("id.after-create"):
            body = {"kind": "Face", "sku": {"name": "E0"}, "location": "westeurope", "identity": {"type": "SystemAssigned"},
                    "properties": {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": uri}}}}
            self.refused(s.arm("PUT", s.account_id("accto2"), body, ARM_AI), "enc.no-cmk-at-create", "id.after-create")
            self.assertEqual(s.arm("PATCH", s.account_id(account), {"sku": {"name": "F0"}}, ARM_AI).status, 200)
            self.refused(s.bind(account, self.vault, "cmk"), "enc.tier", "id.after-create")
            self.assertEqual(s.arm("PATCH", s.account_id(account), {"sku": {"name": "S0"}}, ARM_AI).status, 200)
            self.refused(s.bind(account, self.vault, "cmk"), "enc.tier", "id.after-create")
            self.assertEqual(s.arm("PATCH", s.account_id(account), {"sku": {"name": "E0"}}, ARM_AI).status, 200)
            self.assertEqual(s.bind(account, self.vault, "cmk").status, 202)

    def test_an_account_under_cmk_keeps_a_tier_that_has_it(self):
        s = self.sim
        account = self.vault_and_account("o3", "Face")
        face = lambda **body: s.arm("PATCH", s.account_id(account), body, ARM_AI)
        on = {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
            "keyVaultUri": f"https://{self.vault}.vault.azure.net/keys/cmk"}}}
        self.refused(face(sku={"name": "F0"}, properties=on), "enc.tier")
        self.assertEqual(face(properties=on).status, 202)
        before = s.arm("GET", s.account_id(account), version=ARM_AI).body
        self.refused(face(sku={"name": "F0"}, tags={"a": "b"}), "enc.tier")
        self.refused(s.arm("PUT", s.account_id(account), {"kind": "Face", "sku": {"name": "F0"}, "location": "westeurope",
                                                          "properties": {}}, ARM_AI), "enc.tier")
        self.assertEqual(s.arm("GET", s.account_id(account), version=ARM_AI).body, before)
        self.assertEqual(face(sku={"name": "E0"}).status, 200)
        self.assertEqual(face(sku={"name": "F0"}, **OFF).status, 202, "with CMK disabled in the same change")
        self.assertEqual(face(sku={"name": "S0"}).status, 200)  # one free account of a kind

    def test_members_of_the_wrong_type_are_refused_by_name_and_change_nothing(self):
        s = self.sim
        account = self.vault_and_account("o4")
        self.assertEqual(s.bind(account, self.vault, "cmk").status, 202)
        before = s.arm("GET", s.account_id(account), version=ARM_AI).body
        key = {"keyVaultUri": f"https://{self.vault}.vault.azure.net/", "keyName": "cmk"}
        source = {"keySource": "Microsoft.KeyVault"}
        for target, e in (("encryption", "on"), ("encryption", []), ("keySource", {"keySource": 7}), ("keySource", {"keySource": ["Microsoft.KeyVault"]}),
                          ("keyVaultProperties", {**source, "keyVaultProperties": "cmk"}), ("keyVaultProperties", {"keyVaultProperties": [key]}),
                          *((m, {**source, "keyVaultProperties": {**key, m: 7}}) for m in ("keyVaultUri", "keyName", "keyVersion", "identityClientId"))):
            for method, rest in (("PATCH", {}), ("PUT", {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope"})):
                a = s.arm(method, s.account_id(account), {**rest, "properties": {"encryption": e}}, ARM_AI)
                self.assertEqual((a.status, a.code, a.json["error"]["target"]), (400, "InvalidRequestContent", target), (method, e))
            a = s.arm("PUT", s.account_id("accto5"), {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope", "properties": {"encryption": e}}, ARM_AI)
            self.assertEqual((a.status, a.code), (400, "InvalidRequestContent"), e)
        self.assertEqual(s.arm("GET", s.account_id(account), version=ARM_AI).body, before)
        self.assertEqual(s.arm("GET", s.account_id("accto5"), version=ARM_AI).status, 404)

    def test_a_vault_that_does_not_exist(self):
        self.sim.make_account("acctm3")
        self.refused(self.sim.bind("acctm3", "nowhere-to-be-found", "k"), "key.uri")

    def test_an_identity_client_id_is_refused_in_classic(self):
        account = self.vault_and_account("m4")
        a = self.encryption(account, {"keyVaultUri": self.sim.e["vault_url"].replace("{vault}", self.vault), "keyName": "cmk",
                                      "identityClientId": "11111111-1111-1111-1111-111111111111"})
        self.assertEqual(a.status, 400, a.body)
        self.assertIn("id.system-assigned", a.json["error"]["innererror"]["rules"])

    def test_a_managed_hsm_is_refused_in_classic(self):
        self.sim.make_account("acctm5")
        a = self.encryption("acctm5", {"keyVaultUri": "https://pool.managedhsm.azure.net/", "keyName": "k"})
        self.refused(a, "kv.key-vault-only")

    def test_a_vault_of_another_tenant(self):
        s = self.sim
        account = self.vault_and_account("m6")
        out = dict(l.split("=", 1) for l in s.kvsim("tenant", "add").stdout.split())
        owner = dict(l.split("=", 1) for l in s.kvsim("principal", "add", "--tenant", out["tenant"]).stdout.split())
        sub = dict(l.split("=", 1) for l in s.kvsim("subscription", "add", "--tenant", out["tenant"], "--owner",
                                                    owner["object_id"]).stdout.split())["subscription"]
        token = s.token("https://management.azure.com", owner["client_id"], owner["client_secret"], out["tenant"])
        rg = f"/subscriptions/{sub}/resourceGroups/rg"
        self.assertLess(s.arm("PUT", rg, {"location": "westeurope"}, token=token).status, 300)
        a = s.arm("PUT", rg + "/providers/Microsoft.KeyVault/vaults/vaultm7", {"location": "westeurope", "properties": {
            "tenantId": out["tenant"], "sku": {"family": "A", "name": "standard"}, "accessPolicies": [],
            "enablePurgeProtection": True}}, token=token)
        self.assertEqual(a.status, 200, a.body)
        self.refused(s.bind(account, "vaultm7", "cmk"), "kv.same-tenant", "kv.any-subscription")

    def test_key_types_by_kind(self):
        """OAI24: RSA and RSA-HSM of 2048 bits; LANG25: RSA of 2048 bits."""
        s = self.sim
        for tag, kind, kty, good in (("k1", "OpenAI", "RSA-HSM", True), ("k2", "AIServices", "RSA-HSM", False),
                                     ("k3", "AIServices", "RSA", True), ("k4", "Face", "RSA-HSM", True)):
            identity = s.make_account("acct" + tag, kind)
            body = {"location": "westeurope", "properties": {
                "tenantId": s.tenant, "sku": {"family": "A", "name": "premium"}, "enablePurgeProtection": True,
                "accessPolicies": [s.policy(s.oid, ["all"]), s.policy(identity, RIGHTS)]}}
            self.assertEqual(s.arm("PUT", s.vault_id("vault" + tag), body).status, 200)
            self.assertEqual(s.vault("vault" + tag, "POST", "/keys/cmk/create", {"kty": kty}).status, 200)
            a = s.bind("acct" + tag, "vault" + tag, "cmk")
            if good:
                self.assertEqual(a.status, 202, (kind, kty, a.body))
            else:
                self.refused(a, "key.rsa-2048")

    def test_imported_and_generated_keys_are_accepted_a_key_outside_is_not(self):
        own = json.loads((ROOT / "tests" / "vectors" / "rfc7515.json").read_text())["cases"][0]["jwk"]
        account = self.vault_and_account("m8")
        self.assertEqual(self.sim.bind(account, self.vault, "cmk").status, 202)
        a = self.sim.vault(self.vault, "PUT", "/keys/own", {"key": {k: own[k] for k in ("kty", "n", "e", "d", "p", "q", "dp", "dq", "qi")}})
        self.assertEqual(a.status, 200, a.body)
        before = self.counts("life.other-key")
        self.assertEqual(self.sim.bind(account, self.vault, "own").status, 202)
        self.assert_counted("life.other-key", before, obeyed=True)
        self.note("key.origin", "obeyed")
        self.refused(self.encryption(account, {"keyVaultUri": "https://keys.example.com/", "keyName": "own"}), "kv.key-vault-only")
        self.note("key.origin", "broken")

    def test_another_key_that_breaks_a_rule_leaves_the_former_bound(self):
        self.bound("m9")
        self.sim.vault(self.vault, "POST", "/keys/ec/create", {"kty": "EC"})
        before = self.counts("life.other-key")
        self.refused(self.sim.bind(self.account, self.vault, "ec"), "key.rsa-2048")
        self.assert_counted("life.other-key", before, broken=True)
        self.assertEqual(self.download().body, CONTENT)

    def test_an_update_that_names_the_version_in_use_changes_nothing(self):
        self.bound("n1")
        new = self.sim.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"}).json["key"]["kid"].split("/")[-1]
        before = self.counts("life.update-version")
        self.assertEqual(self.sim.bind(self.account, self.vault, "cmk", self.version).status, 202)
        self.assert_counted("life.update-version", before, broken=True)
        before = self.counts("life.update-version")
        self.assertEqual(self.sim.bind(self.account, self.vault, "cmk", new).status, 202)
        self.assert_counted("life.update-version", before, obeyed=True)

    def test_disabling_what_is_not_enabled_changes_nothing(self):
        self.sim.make_account("acctn2")
        before = self.counts("enc.disable")
        self.assertEqual(self.sim.arm("PATCH", self.sim.account_id("acctn2"), OFF, ARM_AI).status, 202)
        self.assert_counted("enc.disable", before, broken=True)

    def test_the_identity_is_found_by_the_name_of_the_resource(self):
        s = self.sim
        identity = s.make_account("acctn3")
        found = lambda name: s.http("GET", "https://graph.microsoft.com/v1.0/servicePrincipals?$filter=displayName%20eq%20'" + name + "'",
                                    headers={"Authorization": "Bearer " + s.token("https://graph.microsoft.com")}).json["value"]
        before = self.counts("id.named-as-resource")
        self.assertEqual([p["id"] for p in found("acctn3")], [identity])
        self.assert_counted("id.named-as-resource", before, obeyed=True)
        before = self.counts("id.named-as-resource")
        self.assertEqual(found("nobody-here"), [])
        self.assert_counted("id.named-as-resource", before, broken=True)

    def test_least_permissions_are_enough_and_two_are_not(self):
        self.bound("n4")
        new = self.sim.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"}).json["key"]["kid"].split("/")[-1]
        self.assertEqual(self.sim.bind(self.account, self.vault, "cmk", new).status, 202)
        self.assertEqual(self.download().body, CONTENT)
        self.assertEqual(self.sim.arm("PATCH", self.sim.account_id(self.account), OFF, ARM_AI).status, 202)
        self.note("kv.least-permissions", "obeyed")
        for missing in RIGHTS:
            self.policies(self.sim.policy(self.identity, [r for r in RIGHTS if r != missing]))
            self.refused(self.sim.bind(self.account, self.vault, "cmk"), "kv.permissions", status=403)
        self.note("kv.least-permissions", "broken")


class VaultProperties(RuleTest):
    def setUp(self):
        self.sim.group()

    def test_they_are_off_by_default_can_be_enabled_later_and_never_given_up(self):
        s = self.sim
        before = self.counts("kv.properties-default-off")
        a = s.make_vault("vaultp1")
        self.assertNotIn("enablePurgeProtection", a["properties"])
        self.assert_counted("kv.properties-default-off", before, obeyed=True)
        before = self.counts("kv.properties-default-off")
        s.make_vault("vaultp2", enablePurgeProtection=True)
        self.assert_counted("kv.properties-default-off", before, broken=True)
        before = self.counts("kv.properties-later")
        s.make_vault("vaultp1", enablePurgeProtection=True)
        self.assert_counted("kv.properties-later", before, obeyed=True)
        before = self.counts("kv.properties-later")
        a = s.arm("PATCH", s.vault_id("vaultp1"), {"properties": {"enablePurgeProtection": False}})
        self.assertEqual(a.status, 400, a.body)
        self.assert_counted("kv.properties-later", before, broken=True)

    def test_a_vault_goes_to_rbac_and_back_to_policies(self):
        s = self.sim
        identity = s.make_account("acctp3")
        self.vault = "vaultp3"
        self.policies(s.policy(identity, RIGHTS))
        self.assertEqual(s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"}).status, 200)
        before = self.counts("kv.back-to-policies")
        s.arm("PATCH", s.vault_id(self.vault), {"properties": {"enableRbacAuthorization": True}})
        self.assert_counted("kv.back-to-policies", before, broken=True)
        self.refused(s.bind("acctp3", self.vault, "cmk"), "kv.access-policies")
        before = self.counts("kv.back-to-policies")
        s.arm("PATCH", s.vault_id(self.vault), {"properties": {"enableRbacAuthorization": False}})
        self.assert_counted("kv.back-to-policies", before, obeyed=True)
        self.assertEqual(s.bind("acctp3", self.vault, "cmk").status, 202)


class Edition2026(RuleTest):
    args = ("--edition", "2026")

    def test_larger_keys_are_accepted_and_smaller_kinds_of_keys_are_not(self):
        """NEW26: RSA and RSA-HSM of at least 2048 bits."""
        s = self.sim
        self.assertEqual(self.control("GET", "/_sim/rules").json["edition"], "2026")
        s.group()
        identity = s.make_account("acct26")
        self.vault = "vault26"
        self.policies(s.policy(identity, RIGHTS))
        for name, key, good in (("a", {"kty": "RSA", "key_size": 3072}, True), ("b", {"kty": "EC"}, False),
                                ("c", {"kty": "RSA", "key_size": 4096}, True)):
            s.vault(self.vault, "POST", f"/keys/{name}/create", key)
            a = s.bind("acct26", self.vault, name)
            if good:
                self.assertEqual(a.status, 202, a.body)
            else:
                self.refused(a, "key.rsa-2048")

    def test_a_vault_under_rbac_breaks_no_rule_but_the_role_is_needed(self):
        s = self.sim
        s.group()
        identity = s.make_account("acct27")
        self.vault = "vault27"
        self.policies(s.policy(identity, RIGHTS))
        s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"})
        s.arm("PATCH", s.vault_id(self.vault), {"properties": {"enableRbacAuthorization": True}})
        self.refused(s.bind("acct27", self.vault, "cmk"), "kv.permissions", status=403)
        role = f"/subscriptions/{s.sub}/providers/Microsoft.Authorization/roleDefinitions/e147488a-f6f5-4113-8e2d-b22465e65bf6"
        a = s.arm("PUT", f"{s.vault_id(self.vault)}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
                  {"properties": {"roleDefinitionId": role, "principalId": identity, "principalType": "ServicePrincipal"}},
                  "2022-04-01")
        self.assertEqual(a.status, 201, a.body)  # Key Vault Crypto Service Encryption User
        self.assertEqual(s.bind("acct27", self.vault, "cmk").status, 202)

    def test_a_role_on_a_single_key_is_enough_for_that_key_and_for_no_other(self):
        """A key vault's roles can be assigned on one key (rbac-guide, "key scope"); the rules ask what is held on it."""
        s = self.sim
        s.group()
        self.identity = s.make_account("acct28")
        self.account, self.vault = "acct28", "vault28"
        self.policies()
        for key in ("mine", "other"):
            self.assertEqual(s.vault(self.vault, "POST", f"/keys/{key}/create", {"kty": "RSA"}).status, 200)
        s.arm("PATCH", s.vault_id(self.vault), {"properties": {"enableRbacAuthorization": True}})
        self.refused(s.bind("acct28", self.vault, "mine"), "kv.permissions", "rev.partial", status=403)
        role = s.assign_role(s.vault_id(self.vault) + "/keys/mine", "e147488a-f6f5-4113-8e2d-b22465e65bf6", self.identity)
        self.refused(s.bind("acct28", self.vault, "other"), "kv.permissions", "rev.partial", status=403)
        self.assertEqual(s.bind("acct28", self.vault, "mine").status, 202)
        self.file = s.upload("acct28", CONTENT).json["id"]
        self.assertEqual(self.download().body, CONTENT)
        self.assertEqual(s.arm("DELETE", role, version="2022-04-01").status, 200)
        self.refused(self.download(), "rev.oai-download", "rev.partial", "rev.ways", status=403)


if __name__ == "__main__":
    unittest.main()
