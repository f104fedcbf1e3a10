"""The rules of revocation as a person meets them: what each cause cuts off, what restores it, what is lost.

Sources: the rule's row in docs/rules.md gives the document that says it.
"""

import datetime
import json
import unittest

from harness import ARM_AI
from rules import CONTENT, RIGHTS, RuleTest


class Revocation(RuleTest):
    """A simulator of its own: the clock moves here."""

    def advance(self, duration):
        self.assertEqual(self.control("POST", "/_sim/clock", {"advance": duration}).status, 200)

    def test_every_cause_is_listed_beside_the_effect(self):
        self.bound("r1")
        self.policies()
        self.refused(self.download(), "rev.oai-download", "rev.partial", "rev.ways", status=403)
        self.policies(self.sim.policy(self.identity, ["get", "wrapKey"]))
        self.refused(self.download(), "rev.oai-download", "rev.partial", status=403)
        self.policies(self.sim.policy(self.identity, ["unwrapKey"]))  # rev.partial: enough for reading
        before = self.counts("rev.restore")
        self.assertEqual(self.download().body, CONTENT)
        self.assert_counted("rev.restore", before, obeyed=True)
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.policies(self.sim.policy(self.identity, RIGHTS))
        self.refused(self.download(), "rev.oai-download", "life.old-version-needed", status=403)
        self.sim.arm("PATCH", self.sim.account_id(self.account), {"identity": {"type": "None"}}, ARM_AI)
        self.refused(self.download(), "rev.oai-download", "id.disable-cuts", status=403)

    def test_an_upload_needs_the_data_key_and_names_why_not(self):
        self.bound("r2")
        self.policies()
        a = self.sim.upload(self.account, CONTENT)
        self.refused(a, "rev.partial", "rev.ways", status=403)

    def test_for_other_kinds_all_data_is_blocked(self):
        s = self.sim
        s.group()
        identity = s.make_account("acctr3", "AIServices")
        self.account, self.vault = "acctr3", "vaultr3"
        self.policies(s.policy(identity, RIGHTS))
        s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.assertEqual(s.bind(self.account, self.vault, "cmk").status, 202)
        before = self.counts("rev.blocks-all")
        self.file = s.upload(self.account, CONTENT).json["id"]
        self.assertEqual(self.download().body, CONTENT)
        self.assert_counted("rev.blocks-all", before, obeyed=True)
        self.policies()
        self.refused(self.download(), "rev.blocks-all", "rev.partial", status=403)

    def test_the_vault_deleted_or_firewalled_revokes_too(self):
        self.bound("r4")
        self.sim.make_vault(self.vault, [self.sim.policy(self.sim.oid, ["all"]), self.sim.identity_policy],
                            enablePurgeProtection=True, networkAcls={"defaultAction": "Deny", "bypass": "None"})
        self.refused(self.download(), "rev.oai-download", "rev.ways", status=403)
        self.sim.make_vault(self.vault, [self.sim.policy(self.sim.oid, ["all"]), self.sim.identity_policy],
                            enablePurgeProtection=True, networkAcls={"defaultAction": "Allow", "bypass": "AzureServices"})
        self.assertEqual(self.download().status, 200)
        self.assertEqual(self.sim.arm("DELETE", self.sim.vault_id(self.vault)).status, 200)
        self.refused(self.download(), "rev.oai-download", "rev.ways", status=403)

    def test_a_key_that_expires_reads_on_and_binds_no_more(self):
        self.bound("r5", upload=False)
        now = self.sim.claims(self.sim.token("https://vault.azure.net"))["iat"]
        clock = self.control("GET", "/_sim/clock").json["now"]
        self.assertTrue(clock and now)
        at = datetime.datetime.fromisoformat(clock.replace("Z", "+00:00")).timestamp()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"exp": int(at) + 86400}})
        self.assertEqual(self.sim.bind(self.account, self.vault, "cmk").status, 202)
        self.file = self.sim.upload(self.account, CONTENT).json["id"]
        self.advance("P2D")
        before = self.counts("rev.expired")
        self.assertEqual(self.download().body, CONTENT)
        self.assert_counted("rev.expired", before, obeyed=True)
        before = self.counts("rev.expired")
        self.refused(self.sim.bind(self.account, self.vault, "cmk"), "key.usable", "rev.expired")
        self.assert_counted("rev.expired", before, broken=True)

    def test_a_deleted_key_is_recoverable_until_its_retention_ends_then_the_data_is_lost(self):
        self.bound("r6")
        self.sim.vault(self.vault, "DELETE", "/keys/cmk")
        before = self.counts("life.lost-key")
        self.refused(self.download(), "rev.oai-download", "life.old-version-needed", status=403)
        self.assert_counted("life.lost-key", before, obeyed=True)
        self.advance("P91D")
        before = self.counts("life.lost-key"), self.counts("rev.restore")
        self.refused(self.download(), "rev.oai-download", "life.lost-key", status=403)
        self.assert_counted("life.lost-key", before[0], broken=True)
        self.assert_counted("rev.restore", before[1], broken=True)

    def test_deleting_one_version_is_not_possible_deleting_the_key_takes_all(self):
        self.bound("r7", upload=False)
        s = self.sim
        s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"})
        a = s.vault(self.vault, "DELETE", "/keys/cmk/" + self.version)
        self.assertGreaterEqual(a.status, 400, "Key Vault has no deletion of a version")
        self.assertEqual(s.vault(self.vault, "GET", "/keys/cmk/" + self.version).status, 200)
        self.note("rev.delete-whole-key", "broken")
        s.vault(self.vault, "DELETE", "/keys/cmk")
        self.assertEqual(s.vault(self.vault, "GET", "/keys/cmk/" + self.version).status, 404)
        self.assertEqual(s.vault(self.vault, "GET", "/keys/cmk").status, 404)
        self.note("rev.delete-whole-key", "obeyed")

    def az_keyvault_update(self, token=None, keep=lambda policy: True, **changes):
        """What Az.KeyVault sends for a change of a vault: the vault is read, and put back whole (UpdateVault in
        azure-powershell's VaultManagementClient.cs: CreateOrUpdate with all properties, networkAcls, tags)."""
        s = self.sim
        v = s.arm("GET", s.vault_id(self.vault)).json
        p = {k: x for k, x in v["properties"].items() if k not in ("vaultUri", "provisioningState")}
        p["accessPolicies"] = [{**a, "permissions": {"certificates": [], "secrets": [], "storage": [], **a["permissions"]}}
                               for a in p["accessPolicies"] if keep(a)]
        p.update({"networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices", "ipRules": [], "virtualNetworkRules": []},
                  **changes})
        return s.arm("PUT", s.vault_id(self.vault), {"location": v["location"], "properties": p, "tags": v.get("tags", {})},
                     token=token)

    def test_the_requests_of_powershell_revoke_and_need_the_right_to(self):
        self.bound("s1")
        s = self.sim
        new = dict(l.split("=", 1) for l in s.kvsim("principal", "add", "nobody").stdout.split())
        as_nobody = lambda resource: s.token(resource, new["client_id"], new["client_secret"])
        gone = lambda a: a["objectId"] != self.identity

        self.assertEqual(self.az_keyvault_update(as_nobody("https://management.azure.com"), gone).status, 403)
        self.assertEqual(s.vault(self.vault, "DELETE", "/keys/cmk", token=as_nobody("https://vault.azure.net")).status, 403)
        self.assertEqual(self.download().status, 200)
        self.note("rev.powershell", "broken")
        self.assertEqual(self.az_keyvault_update(keep=gone).status, 200)  # Remove-AzKeyVaultAccessPolicy
        self.refused(self.download(), "rev.oai-download", "rev.partial", status=403)
        self.policies(s.identity_policy)
        self.assertEqual(self.az_keyvault_update(enableRbacAuthorization=True).status, 200)  # Update-AzKeyVault
        self.refused(self.download(), "rev.oai-download", "rev.ways", status=403)
        self.assertEqual(self.az_keyvault_update(enableRbacAuthorization=False).status, 200)
        self.assertEqual(self.download().status, 200)
        self.assertEqual(s.vault(self.vault, "DELETE", "/keys/cmk").status, 200)  # Remove-AzKeyVaultKey
        self.refused(self.download(), "rev.oai-download", "life.old-version-needed", status=403)
        self.note("rev.powershell", "obeyed")

    def test_every_use_of_the_key_and_every_refused_use_is_in_the_audit_log_of_the_vault(self):
        self.bound("r8")
        self.download()
        self.policies()
        self.download()
        self.sim.stop()  # the log is complete
        lines = [json.loads(l) for l in (self.sim.state / "audit" / "vaultd.jsonl").read_text().splitlines()]
        self.sim.start()
        mine = [json.dumps(l) for l in lines if self.identity in json.dumps(l)]
        self.assertTrue(any("KeyWrap" in l for l in mine))
        unwraps = [json.loads(l) for l in mine if "KeyUnwrap" in l]
        statuses = {str(u.get("properties", u).get("httpStatusCode", "")) for u in unwraps}
        self.assertLessEqual({"200", "403"}, statuses)
        self.note("rev.audit", "obeyed")
        self.note("rev.audit", "broken")

    def test_stored_bytes_that_were_changed_are_refused(self):
        self.bound("r9")
        before = self.counts("enc.aes256")
        self.assertEqual(self.download().body, CONTENT)
        self.assert_counted("enc.aes256", before, obeyed=True)
        blob = next(p for p in (self.sim.state / "provider" / "blobs").iterdir() if p.name.endswith(self.file))
        raw = bytearray(blob.read_bytes())
        raw[100] ^= 1
        blob.write_bytes(raw)
        before = self.counts("enc.aes256")
        self.assertEqual(self.download().status, 500)
        self.assert_counted("enc.aes256", before, broken=True)


if __name__ == "__main__":
    unittest.main()
