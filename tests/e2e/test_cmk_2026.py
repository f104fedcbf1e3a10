"""Customer-managed keys in edition 2026: what the newer documents add.

Sources: the rows of docs/rules.md give the document that says each rule.
"""

import json
import unittest

from cmk import Case
from harness import ARM_AI


class Edition2026(Case):
    args = ("--edition", "2026")

    def user_identity(self, name):
        s = self.sim
        s.group()
        id = f"/subscriptions/{s.sub}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        a = s.arm("PUT", id, {"location": "westeurope"}, "2023-01-31")
        self.assertEqual(a.status, 201, a.body)
        return id, a.json["properties"]

    def audit(self, operation):
        """The vaults' audit log, complete."""
        self.sim.stop()
        lines = (self.sim.state / "audit" / "vaultd.jsonl").read_text().splitlines()
        self.sim.start()
        return [line for line in lines if json.loads(line)["operationName"] == operation]

    def test_cmk_at_create_with_a_user_assigned_identity(self):
        s = self.sim
        id, p = self.user_identity("id1")
        self.account, self.vault = "acctu1", "vaultu1"
        s.make_vault(self.vault, [s.policy(s.oid, ["all"]), s.policy(p["principalId"], ["get", "wrapKey", "unwrapKey"])],
                     enablePurgeProtection=True, enableRbacAuthorization=False)
        self.kid = self.new_version()
        body = {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}},
                "properties": {"customSubDomainName": self.account, "encryption": {
                    "keySource": "Microsoft.KeyVault", "keyVaultProperties": {
                        "keyVaultUri": self.kid, "identityClientId": p["clientId"]}}}}
        wrong = json.loads(json.dumps(body))
        wrong["properties"]["encryption"]["keyVaultProperties"]["identityClientId"] = "00000000-0000-0000-0000-000000000001"
        a = s.arm("PUT", s.account_id(self.account), wrong, ARM_AI)
        self.assert_rule(a, 400, "enc.no-cmk-at-create")
        self.assertIn("id.system-assigned", a.json["error"]["innererror"]["rules"])
        self.assertEqual(s.arm("GET", s.account_id(self.account), version=ARM_AI).status, 404)
        a = s.arm("PUT", s.account_id(self.account), body, ARM_AI)
        self.assertEqual(a.status, 201, a.body)
        self.assertEqual(self.stored()["keyVaultProperties"]["identityClientId"], p["clientId"])
        self.upload()
        self.assert_readable()
        self.assertTrue(any(p["principalId"] in r for r in self.audit("KeyUnwrap")))
        # Detached, it is of no use.
        self.patch({"identity": {"type": "UserAssigned", "userAssignedIdentities": {id: None}}})
        self.assert_refused("ManagedIdentityDisabled")
        self.patch({"identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}})
        self.assert_readable()

    def test_without_a_version_the_newest_is_followed_at_the_next_use(self):
        s = self.sim
        self.prepare("u2")
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        a = self.encrypt(f"https://{self.vault}.vault.azure.net/", keyName="cmk", keyVersion="")
        self.assertEqual(a.status, 202, a.body)
        self.assertEqual(self.stored()["keyVaultProperties"]["keyVersion"], "")
        self.upload()
        first = self.account_record()["dek"]["version"]
        blob = self.blob()
        new = self.new_version().split("/")[-1]
        self.assertNotEqual(first, new)
        self.assert_readable()
        dek = self.account_record()["dek"]
        self.assertEqual((dek["version"], dek["follows"]), (new, True))
        self.assertEqual(self.blob(), blob)
        self.assertTrue(any(self.identity in r and new in r for r in self.audit("KeyWrap")))
        # The former is needed no more.
        self.assertEqual(s.vault(self.vault, "PATCH", f"/keys/cmk/{first}", {"attributes": {"enabled": False}}).status, 200)
        self.assert_readable()
        # Without wrapKey it stays where it is, and reads on (rev.partial).
        newest = self.new_version().split("/")[-1]
        less = s.policy(self.identity, ["get", "unwrapKey"])
        s.make_vault(self.vault, [self.own, less], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assert_readable()
        self.assertEqual(self.account_record()["dek"]["version"], new)
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assert_readable()
        self.assertEqual(self.account_record()["dek"]["version"], newest)

    def test_the_newest_version_is_followed_within_a_day_though_nobody_uses_data(self):
        """NEW26: follows the latest version automatically; Key Vault's documents: its services see it within 1-24 h."""
        s = self.sim
        self.prepare("u5")
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assertEqual(self.encrypt(f"https://{self.vault}.vault.azure.net/", keyName="cmk").status, 202)
        self.upload()
        first = self.kid.split("/")[-1]
        new = self.new_version().split("/")[-1]
        self.assertEqual(self.account_record()["dek"]["version"], first)
        s.kvsim("clock", "advance", "23h")
        self.assertEqual(self.account_record()["dek"]["version"], first, "nothing is due yet")
        s.kvsim("clock", "advance", "1h")
        self.assertEqual(self.account_record()["dek"]["version"], new)
        self.assertTrue(any(self.identity in r and new in r for r in self.audit("KeyWrap")))
        s.vault(self.vault, "PATCH", f"/keys/cmk/{first}", {"attributes": {"enabled": False}})
        self.assert_readable()
        # Out of reach on one day, it is looked for again on the next.
        newest = self.new_version().split("/")[-1]
        s.make_vault(self.vault, [self.own], enablePurgeProtection=True, enableRbacAuthorization=False)
        s.kvsim("clock", "advance", "25h")
        self.assertEqual(self.account_record()["dek"]["version"], new)
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        # Also while the account is deleted, when it is only remembered, and after it is restored.
        self.assertLess(s.arm("DELETE", s.account_id(self.account), version=ARM_AI).status, 300)
        s.kvsim("clock", "advance", "25h")
        a = s.arm("PUT", s.account_id(self.account), {"kind": "OpenAI", "location": "westeurope", "sku": {"name": "S0"},
                                                      "properties": {"restore": True}}, ARM_AI)
        self.assertIn(a.status, (200, 201), a.body)
        self.assertEqual(self.account_record()["dek"]["version"], new)
        s.kvsim("clock", "advance", "25h")
        self.assertEqual(self.account_record()["dek"]["version"], newest)
        # Nothing is looked after any more once CMK is disabled, or a version is named.
        self.assertEqual(self.encrypt(self.kid.replace(first, newest)).status, 202)
        self.assertNotIn("followAt", self.account_record()["dek"])
        last = self.new_version().split("/")[-1]
        s.kvsim("clock", "advance", "25h")
        self.assertEqual(self.account_record()["dek"]["version"], newest)
        self.assertNotEqual(last, newest)

    def test_a_key_that_rotates_by_its_policy_is_followed_through_a_year(self):
        """A rotation policy of the vault and a key without a version: nobody does anything, every version in its turn is used and expires."""
        s = self.sim
        self.prepare("u7")
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        a = s.vault(self.vault, "PUT", "/keys/cmk/rotationpolicy", {
            "lifetimeActions": [{"trigger": {"timeAfterCreate": "P30D"}, "action": {"type": "Rotate"}}], "attributes": {"expiryTime": "P60D"}})
        self.assertEqual(a.status, 200, a.body)
        self.assertEqual(self.encrypt(f"https://{self.vault}.vault.azure.net/", keyName="cmk").status, 202)
        self.upload()
        used = [self.account_record()["dek"]["version"]]
        for _ in range(12):
            s.kvsim("clock", "advance", "31d")
            used.append(self.account_record()["dek"]["version"])
            newest = s.vault(self.vault, "GET", "/keys/cmk").json
            self.assertEqual(newest["key"]["kid"].split("/")[-1], used[-1])
            self.assertTrue(newest["attributes"]["enabled"])
        self.assertEqual(len(set(used)), 13, used)
        for version in used[:-1]:
            s.vault(self.vault, "PATCH", "/keys/cmk/" + version, {"attributes": {"enabled": False}})
        self.assert_readable()
        self.assertGreaterEqual(len([r for r in self.audit("KeyWrap") if self.identity in r]), 13)

    def test_a_user_assigned_identity_by_patch_and_back_to_the_systems(self):
        s = self.sim
        id, p = self.user_identity("id3")
        self.prepare("u4")
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.upload()
        body = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {id: {}}},
                "properties": {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
                    "keyVaultUri": self.kid, "identityClientId": p["clientId"]}}}}
        before = self.account_record()
        self.assert_rule(self.patch(body), 403, "kv.permissions")
        self.assertEqual(self.account_record(), before, "not attached either")
        user = s.policy(p["principalId"], ["get", "wrapKey", "unwrapKey"])
        s.make_vault(self.vault, [self.own, user], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assertEqual(self.patch(body).status, 202)
        self.assert_readable()
        # The system-assigned one is not asked for any more, and takes over again when it is named by nothing.
        s.make_vault(self.vault, [self.own, user, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.assertNotIn("identityClientId", self.stored()["keyVaultProperties"])
        s.make_vault(self.vault, [self.own, user], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assert_refused("ForbiddenByPolicy")
        s.make_vault(self.vault, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        self.assert_readable()

    def test_a_user_assigned_identity_is_left_behind_by_a_move_too(self):
        s = self.sim
        id, p = self.user_identity("id6")
        self.prepare("u6", grant=False)
        s.make_vault(self.vault, [self.own, s.policy(p["principalId"], ["get", "wrapKey", "unwrapKey"])], enablePurgeProtection=True,
                     enableRbacAuthorization=False)
        a = self.patch({"identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}, "properties": {"encryption": {
            "keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": self.kid, "identityClientId": p["clientId"]}}}})
        self.assertEqual(a.status, 202, a.body)
        self.upload()
        there = s.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]
        for to, good in ((there, False), (s.tenant, True)):
            s.kvsim("directory", "move", "--to-tenant", to, "--resource", s.account_id(self.account))
            if good:
                self.assert_readable()
            else:
                a = self.assert_refused("ManagedIdentityLeftBehind")
                self.assertIn("id.no-cross-directory", a.json["error"]["innererror"]["rules"])

    def test_a_managed_hsm_is_accepted_by_rule_and_said_not_to_be_simulated(self):
        self.prepare("u3")
        a = self.encrypt("https://h.managedhsm.azure.net/", keyName="cmk")
        self.assertEqual((a.status, a.inner), (400, "ManagedHsmNotSimulated"), a.body)


if __name__ == "__main__":
    unittest.main()
