"""The main job, end to end: a customer-managed key protects real data, and every way to revoke it bites."""

import os
import unittest

from harness import ARM_AI, SimTest

CONTENT = b"plain text that must not be found on disk\n" * 5000


class CustomerManagedKey(SimTest):
    with_group = False

    def bound(self, tag):
        s = self.sim
        self.identity, self.version = s.cmk(tag)
        self.account, self.vault = "acct" + tag, "vault" + tag
        a = s.upload(self.account, CONTENT)
        self.assertEqual(a.status, 201, a.body)
        self.file = a.json["id"]
        self.assert_readable()

    def download(self):
        return self.sim.files(self.account, "GET", f"/{self.file}/content")

    def assert_readable(self):
        a = self.download()
        self.assertEqual(a.status, 200, a.body[:300])
        self.assertEqual(a.body, CONTENT)

    def assert_refused(self, inner):
        a = self.download()
        self.assertEqual(a.status, 403, a.body[:300])
        self.assertEqual(a.inner, inner)
        self.assertEqual(a.headers["x-kvsim-rule"], "rev.oai-download")

    def policies(self, *list):
        a = self.sim.make_vault(self.vault, [self.sim.policy(self.sim.oid, ["all"]), *list], enablePurgeProtection=True)
        self.assertEqual(len(a["properties"]["accessPolicies"]), 1 + len(list))

    def blob(self):
        folder = self.sim.state / "provider" / "blobs"
        return next(p for p in folder.iterdir() if p.name.endswith(self.file)).read_bytes()

    def test_stored_bytes_are_ciphertext(self):
        self.bound("a1")
        self.assertNotIn(CONTENT[:40], self.blob())
        for folder, _, names in os.walk(self.sim.state / "provider"):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(CONTENT[:40], f.read(64 << 20))

    def test_removing_the_policy_revokes_and_giving_it_back_restores(self):
        self.bound("a2")
        self.policies()
        self.assert_refused("ForbiddenByPolicy")
        self.policies(self.sim.identity_policy)
        self.assert_readable()

    def test_disabling_the_key_revokes(self):
        self.bound("a3")
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled")
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        self.assert_readable()

    def test_deleting_the_key_revokes_and_recovering_it_restores(self):
        self.bound("a4")
        self.assertEqual(self.sim.vault(self.vault, "DELETE", "/keys/cmk").status, 200)
        self.assert_refused("KeyNotFound")
        self.assertEqual(self.sim.vault(self.vault, "POST", "/deletedkeys/cmk/recover").status, 200)
        self.assert_readable()

    def test_switching_the_identity_off_cuts_access(self):
        self.bound("a5")
        a = self.sim.arm("PATCH", self.sim.account_id(self.account), {"identity": {"type": "None"}}, ARM_AI)
        self.assertEqual(a.status, 202)
        self.assert_refused("ManagedIdentityDisabled")

    def test_an_expired_key_still_reads_but_binds_no_more(self):
        self.bound("a6")
        now = self.sim.claims(self.sim.token("https://vault.azure.net"))["iat"]
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"exp": now - 10}})
        self.assert_readable()
        a = self.sim.bind(self.account, self.vault, "cmk")
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (400, "key.usable"))
        self.assert_readable()

    def test_rotation_leaves_the_stored_bytes_alone(self):
        self.bound("a7")
        before = self.blob()
        new = self.sim.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"}).json["key"]["kid"].split("/")[-1]
        self.assertNotEqual(new, self.version)
        a = self.sim.bind(self.account, self.vault, "cmk", new)
        self.assertEqual(a.status, 202, a.body)
        self.assertEqual(a.json["properties"]["encryption"]["keyVaultProperties"]["keyVersion"], new)
        self.assertEqual(self.blob(), before)
        # The old version is no longer needed.
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/" + self.version, {"attributes": {"enabled": False}})
        self.assert_readable()

    def test_disabling_cmk_returns_to_microsoft_managed_keys(self):
        self.bound("a8")
        off = {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}
        self.policies()
        a = self.sim.arm("PATCH", self.sim.account_id(self.account), off, ARM_AI)
        self.assertEqual(a.status, 403, "the data key can't be unwrapped while the vault refuses")
        self.policies(self.sim.identity_policy)
        self.assertEqual(self.sim.arm("PATCH", self.sim.account_id(self.account), off, ARM_AI).status, 202)
        self.policies()
        self.assert_readable()

    def test_data_stored_before_comes_under_the_key_by_enabling(self):
        s = self.sim
        s.group()
        identity = s.make_account("accta9")
        self.account, self.vault = "accta9", "vaulta9"
        self.file = s.upload(self.account, CONTENT).json["id"]
        s.identity_policy = s.policy(identity, ["get", "wrapKey", "unwrapKey"])
        self.policies(s.identity_policy)
        s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.assertEqual(s.bind(self.account, self.vault, "cmk").status, 202)
        self.assert_readable()
        self.policies()
        self.assert_refused("ForbiddenByPolicy")

    def test_files_can_be_listed_got_and_deleted_in_both_forms(self):
        self.bound("b1")
        s = self.sim
        a = s.upload(self.account, b"{}", form="/openai/v1/files", query=None)
        self.assertEqual(a.status, 200)
        listed = s.files(self.account, "GET", form="/openai/v1/files", query=None).json
        self.assertEqual({f["id"] for f in listed["data"]}, {self.file, a.json["id"]})
        self.assertFalse(listed["has_more"])
        self.assertEqual(s.files(self.account, "GET", "/" + self.file).json["bytes"], len(CONTENT))
        self.assertTrue(s.files(self.account, "DELETE", "/" + self.file).json["deleted"])
        self.assertEqual(self.download().status, 404)

    def test_a_large_file_survives_the_way_through_the_chunks(self):
        self.bound("b2")
        big = os.urandom(5 * 1024 * 1024 + 17)
        self.file = self.sim.upload(self.account, big).json["id"]
        self.assertEqual(self.download().body, big)


class RefusedBindings(SimTest):
    """Each rule of the binding, broken once; the refusal names it and changes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        cls.identity = s.make_account("acct")
        cls.access = [s.policy(s.oid, ["all"]), s.policy(cls.identity, ["get", "wrapKey", "unwrapKey"])]

    def refused(self, rule, vault, key="cmk", account="acct", status=400):
        before = self.sim.arm("GET", self.sim.account_id(account), version=ARM_AI).json["properties"].get("encryption")
        a = self.sim.bind(account, vault, key)
        self.assertEqual((a.status, a.headers.get("x-kvsim-rule")), (status, rule), a.body)
        self.assertEqual(a.json["error"]["innererror"]["rule"], rule)
        after = self.sim.arm("GET", self.sim.account_id(account), version=ARM_AI).json["properties"].get("encryption")
        self.assertEqual(before, after)

    def vault(self, name, policies=None, key={"kty": "RSA"}, **properties):
        self.sim.make_vault(name, self.access if policies is None else policies,
                            **{"enablePurgeProtection": True, **properties})
        if key:
            a = self.sim.vault(name, "POST", "/keys/cmk/create", key)
            self.assertEqual(a.status, 200, a.body)

    def test_vault_without_purge_protection(self):
        self.sim.make_vault("vaultp", self.access)
        self.sim.vault("vaultp", "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.refused("kv.purge-protection", "vaultp")
        self.vault("vaultp", key=None)  # kv.properties-later
        self.assertEqual(self.sim.bind("acct", "vaultp", "cmk").status, 202)
        self.sim.arm("PATCH", self.sim.account_id("acct"),
                     {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}, ARM_AI)

    def test_vault_without_soft_delete(self):
        self.sim.make_vault("vaults", self.access, enableSoftDelete=False)
        self.sim.vault("vaults", "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.refused("kv.soft-delete", "vaults")
        # kv.properties-later: both are enabled on the existing vault, one after the other.
        self.sim.make_vault("vaults", self.access, enableSoftDelete=True)
        self.refused("kv.purge-protection", "vaults")
        self.sim.make_vault("vaults", self.access, enableSoftDelete=True, enablePurgeProtection=True)
        self.assertEqual(self.sim.bind("acct", "vaults", "cmk").status, 202)
        self.sim.arm("PATCH", self.sim.account_id("acct"),
                     {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}, ARM_AI)

    def test_vault_in_another_region(self):
        body = {"location": "eastus", "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"},
                                                     "accessPolicies": self.access, "enablePurgeProtection": True}}
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("vaultr"), body).status, 200)
        self.sim.vault("vaultr", "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.refused("kv.same-region", "vaultr")

    def test_vault_under_rbac(self):
        self.vault("vaultb")
        self.vault("vaultb", key=None, enableRbacAuthorization=True)
        self.refused("kv.access-policies", "vaultb")

    def test_vault_with_a_firewall_without_the_bypass(self):
        self.vault("vaultf")
        self.vault("vaultf", key=None, networkAcls={"defaultAction": "Deny", "bypass": "None"})
        self.refused("kv.firewall-trusted", "vaultf")

    def test_identity_lacking_any_one_permission(self):
        self.vault("vaulti")
        for missing in ("get", "wrapKey", "unwrapKey"):
            keys = [k for k in ("get", "wrapKey", "unwrapKey") if k != missing]
            self.vault("vaulti", [self.access[0], self.sim.policy(self.identity, keys)], key=None)
            self.refused("kv.permissions", "vaulti", status=403)

    def test_account_without_identity(self):
        self.vault("vaultn")
        self.sim.make_account("noid")
        self.sim.arm("PATCH", self.sim.account_id("noid"), {"identity": {"type": "None"}}, ARM_AI)
        self.refused("id.enable-first", "vaultn", account="noid")

    def test_keys_that_are_no_rsa_2048(self):
        for key in ({"kty": "EC"}, {"kty": "RSA", "key_size": 3072}):
            self.vault("vaultk", key=key)
            self.refused("key.rsa-2048", "vaultk")

    def test_keys_that_can_not_be_used(self):
        self.vault("vaultu")
        self.refused("key.usable", "vaultu", key="missing")
        for change in ({"attributes": {"enabled": False}}, {"attributes": {"enabled": True, "exp": 1000}},
                       {"attributes": {"exp": 4000000000}, "key_ops": ["sign"]}):
            self.assertEqual(self.sim.vault("vaultu", "PATCH", "/keys/cmk/", change).status, 200)
            self.refused("key.usable", "vaultu")

    def test_a_uri_that_is_no_vault(self):
        a = self.sim.arm("PATCH", self.sim.account_id("acct"), {"properties": {"encryption": {
            "keySource": "Microsoft.KeyVault",
            "keyVaultProperties": {"keyVaultUri": "https://example.com/", "keyName": "k"}}}}, ARM_AI)
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (400, "kv.key-vault-only"))

    def test_cmk_at_creation_and_for_kinds_and_tiers_without_it(self):
        cmk = {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
            "keyVaultUri": "https://vaultk.vault.azure.net/", "keyName": "cmk"}}}
        for kind, sku, rule in (("OpenAI", "S0", "enc.no-cmk-at-create"), ("ComputerVision", "S1", "enc.supported-kind")):
            a = self.sim.arm("PUT", self.sim.account_id("fresh"), {"kind": kind, "sku": {"name": sku},
                                                                  "location": "westeurope", "properties": cmk}, ARM_AI)
            self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (400, rule))
        self.assertEqual(self.sim.arm("GET", self.sim.account_id("fresh"), version=ARM_AI).status, 404)
        self.vault("vaultt")
        a = self.sim.arm("PUT", self.sim.account_id("cheap"), {"kind": "Face", "sku": {"name": "F0"}, "location": "westeurope",
                                                              "identity": {"type": "SystemAssigned"}, "properties": {}}, ARM_AI)
        self.assertEqual(a.status, 201)
        self.refused("enc.tier", "vaultt", account="cheap")

    def test_a_vault_of_another_subscription_is_accepted_and_of_another_tenant_refused(self):
        s = self.sim
        sub = s.kvsim("subscription", "add").stdout.split("subscription=")[1].split()[0]
        own, s.sub = s.sub, sub
        try:
            s.group()
            self.vault("vaultx")
        finally:
            s.sub = own
        self.assertEqual(s.bind("acct", "vaultx", "cmk").status, 202)
        s.arm("PATCH", s.account_id("acct"), {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}, ARM_AI)


if __name__ == "__main__":
    unittest.main()
