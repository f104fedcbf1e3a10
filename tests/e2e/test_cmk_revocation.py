"""Revocation as a table, the resource manager's side: every way to take the key away, at every change of the account's encryption.

rev.ways, rev.partial, rev.expired, rev.restore, enc.disable-data, life.other-key, life.old-version-needed, id.disable-cuts. What is
refused changes nothing: the stored record is compared as it stands in the file. The data plane's side: test_openai_revocation.py.
"""

import time
import unittest

from cmk import Case
from harness import ARM_AI
from rules import OFF

CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"  # Key Vault Crypto Service Encryption User
DAY = 86400
KEY = ("a newer version", "the version in use")
VAULT = (*KEY, "another key")
ALL = (*VAULT, "a key of another vault")


class Table(Case):
    """All of it happens to one account, one way after the other."""

    kind = "OpenAI"

    def vault_is(self, keys=("get", "wrapKey", "unwrapKey"), **properties):
        s = self.sim
        acls = properties.pop("networkAcls", {"defaultAction": "Allow", "bypass": "AzureServices"})
        s.make_vault(self.vault, [self.own, *([s.policy(self.identity, list(keys))] if keys else [])], enablePurgeProtection=True,
                     networkAcls=acls, enableRbacAuthorization=properties.pop("rbac", False))

    def key_is(self, path="/keys/cmk/", **attributes):
        self.assertEqual(self.sim.vault(self.vault, "PATCH", path, {"attributes": attributes}).status, 200)

    def identity_is(self, type):
        a = self.patch({"identity": {"type": type}})
        self.assertEqual(a.status, 202, a.body)
        self.identity = a.json.get("identity", {}).get("principalId", self.identity)
        if type != "None":  # a new identity: its access is given by hand
            self.vault_is()
            self.sim.make_vault(self.second, [self.own, self.sim.policy(self.identity, ["get", "wrapKey", "unwrapKey"])], enablePurgeProtection=True,
                                enableRbacAuthorization=False)

    def move(self, to):
        self.sim.kvsim("directory", "move", "--to-tenant", to, "--resource", self.sim.account_id(self.account))

    def ways(self):
        """Name -> (is the data key out of reach?, which keys can't be bound now?, taking away, giving back)."""
        s, vault = self.sim, self.vault_is
        return {
            "the access policy": (True, ALL, lambda: vault(()), vault),
            "unwrapKey alone": (True, ALL, lambda: vault(("get", "wrapKey")), vault),
            "wrapKey alone": (False, VAULT, lambda: vault(("get", "unwrapKey")), vault),
            "get alone": (False, VAULT, lambda: vault(("wrapKey", "unwrapKey")), vault),
            "the version in use is disabled": (True, ALL, lambda: self.key_is(self.version, enabled=False),
                                               lambda: self.key_is(self.version, enabled=True)),
            "the key has expired": (False, KEY, lambda: [self.key_is(v, exp=int(time.time()) - DAY) for v in self.versions],
                                    lambda: [self.key_is(v, exp=int(time.time()) + 9999 * DAY) for v in self.versions]),
            "the key is deleted": (True, ALL, lambda: s.vault(self.vault, "DELETE", "/keys/cmk"),
                                   lambda: s.vault(self.vault, "POST", "/deletedkeys/cmk/recover")),
            "the vault is deleted": (True, ALL, lambda: s.arm("DELETE", s.vault_id(self.vault)), lambda: s.arm("PUT", s.vault_id(self.vault), {
                "location": "westeurope", "properties": {"createMode": "recover", "tenantId": s.tenant, "sku": {"family": "A", "name": "standard"}}})),
            "the vault is behind a firewall": (True, ALL, lambda: vault(networkAcls={"defaultAction": "Deny", "bypass": "None"}), vault),
            "the same, with trusted services let in": (False, (), lambda: vault(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"}), vault),
            "the vault goes to RBAC, where the identity has no role": (True, ALL, lambda: vault(rbac=True), vault),
            "the account moved to another directory": (True, ALL, lambda: self.move(self.there), lambda: self.move(s.tenant)),
            "the identity is switched off": (True, ALL, lambda: self.identity_is("None"), lambda: self.identity_is("SystemAssigned")),
        }

    def begin(self):
        s = self.sim
        self.there = s.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]
        self.prepare("rt", kind=self.kind)
        self.vault_is()
        self.second = "vaultrtb"
        s.make_vault(self.second, [self.own, self.access], enablePurgeProtection=True, enableRbacAuthorization=False)
        newer = self.new_version()
        self.versions = ["/keys/cmk/" + kid.split("/")[-1] for kid in (self.kid, newer)]
        self.version = self.versions[0]
        self.targets = dict(zip(ALL, (newer, self.kid, self.new_version("other"), self.new_version("far", self.second))))
        self.bind_again()
        self.upload()

    def bind_again(self):
        a = self.encrypt(self.kid)
        self.assertEqual(a.status, 202, a.body)

    def refused(self, answer, before, rule=None):
        self.assertIn(answer.status, (400, 403), answer.body)
        inner = answer.json["error"]["innererror"]
        self.assertEqual(answer.headers["x-kvsim-rule"], inner["rule"])
        self.assertEqual(inner["rules"][0] if rule is None else rule, inner["rule"])
        self.assertEqual(self.account_record(), before, "nothing is changed")
        return inner["rules"]

    def while_revoked(self, unreachable, refused):
        before = self.account_record()
        for name in refused:
            with self.subTest(binds=name):
                self.refused(self.encrypt(self.targets[name]), before)
        a = self.patch({"tags": {"still": "managed"}})
        self.assertEqual(a.status, 200, "what needs no key goes on")
        before = self.account_record()
        self.assertEqual(self.download().status, 403 if unreachable else 200)
        if unreachable:
            with self.subTest("disabling"):
                rules = self.refused(self.patch(OFF), before, "enc.disable-data")
                self.assertIn("rev.ways", rules)

    def what_goes_on(self, refused):
        """Changes that the way leaves open; each from the state that the one before it left."""
        for name in [n for n in ALL if n not in refused]:
            with self.subTest(goes_on=name):
                a = self.encrypt(self.targets[name])
                self.assertEqual(a.status, 202, a.body)
                self.assert_readable()
        self.assertEqual(self.patch(OFF).status, 202)
        self.assert_readable()

    def test_every_way_at_every_change_of_the_encryption(self):
        self.begin()
        for way, (unreachable, refused, take, give) in self.ways().items():
            with self.subTest(way=way):
                take()
                self.while_revoked(unreachable, refused)
                if not unreachable:
                    self.what_goes_on(refused)
                give()
                self.bind_again()
                self.assert_readable()


class WithLayers(Table):
    kind = "AIServices"


class Edition2026(Table):
    args = ("--edition", "2026")

    def test_a_vault_under_rbac_revokes_by_taking_the_role_away(self):
        """NEW26: "removing permissions, disabling or deleting the key"; a vault may use roles."""
        s = self.sim
        self.prepare("rr")
        assigned = []

        def give():
            assigned[:] = [s.assign_role(s.vault_id(self.vault), CRYPTO_USER, self.identity)]

        self.vault_is(rbac=True)
        give()
        self.bind_again()
        self.upload()
        self.assert_readable()
        self.assertEqual(s.arm("DELETE", assigned[0], version="2022-04-01").status, 200)
        before = self.account_record()
        self.assertIn("rev.partial", self.refused(self.download(), before, "rev.oai-download"))
        self.assertIn("kv.permissions", self.refused(self.encrypt(self.kid), before))
        self.refused(self.patch(OFF), before, "enc.disable-data")
        self.vault_is(rbac=True)  # an access policy says nothing in such a vault
        self.refused(self.download(), before, "rev.oai-download")
        give()
        self.assert_readable()
        self.assertEqual(self.patch(OFF).status, 202)

    def test_a_user_assigned_identity_that_is_deleted_revokes(self):
        s = self.sim
        self.prepare("ru", grant=False)
        id = f"/subscriptions/{s.sub}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/idru"
        p = s.arm("PUT", id, {"location": "westeurope"}, "2023-01-31").json["properties"]
        s.make_vault(self.vault, [self.own, s.policy(p["principalId"], ["get", "wrapKey", "unwrapKey"])], enablePurgeProtection=True,
                     enableRbacAuthorization=False)
        a = self.patch({"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {id: {}}},
                        "properties": {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
                            "keyVaultUri": self.kid, "identityClientId": p["clientId"]}}}})
        self.assertEqual(a.status, 202, a.body)
        self.upload()
        self.assert_readable()
        self.assertEqual(self.patch({"identity": {"type": "None"}}).status, 202, "the account's own identities are off")
        self.assertIn("id.disable-cuts", self.refused(self.download(), self.account_record()))
        self.assertEqual(self.patch({"identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}}).status, 202)
        self.assert_readable()
        self.assertEqual(s.arm("DELETE", id, version="2023-01-31").status, 200)
        self.refused(self.download(), self.account_record())
        self.refused(self.patch(OFF), self.account_record(), "enc.disable-data")


class LostWithLayers(Case):
    def test_when_the_key_is_lost_the_data_is_gone_and_the_account_says_so(self):
        """life.lost-key, the same for a kind with layers; for OpenAI: test_openai_revocation.py."""
        s = self.sim
        self.prepare("rl", kind="Face")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        s.vault(self.vault, "DELETE", "/keys/cmk")
        s.kvsim("clock", "advance", "91d")
        before = self.account_record()
        other = self.new_version("other")
        for a in (self.patch(OFF), self.encrypt(other)):
            self.assertEqual((a.status, a.inner), (403, "CustomerManagedKeyLost"), a.body)
            self.assertIn("can't be recovered", a.json["error"]["message"])
            self.assertIn("life.lost-key", a.json["error"]["innererror"]["rules"])
        self.assertEqual(self.account_record(), before)
        # A new key of the same name opens nothing; the account can be deleted.
        self.new_version()
        self.assertEqual(self.patch(OFF).status, 403)
        self.assertIn(s.arm("DELETE", s.account_id(self.account), version=ARM_AI).status, (200, 202, 204))


if __name__ == "__main__":
    unittest.main()
