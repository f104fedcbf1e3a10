"""Every documented way to an account's customer-managed key: how a key is named, the portal's ways, the request form, moves
between directories.

Sources: the rows of docs/rules.md give the document that says each rule.
"""

import json
import unittest

from cmk import Case
from harness import ARM_AI
from rules import OFF


class Naming(Case):
    def test_a_kid_is_taken_as_it_is_copied_in_both_host_forms(self):
        self.prepare("n1")
        version = self.kid.split("/")[-1]
        shown = f"{self.sim.e['vault_url'].replace('{vault}', self.vault)}/"
        azure = f"https://{self.vault}.vault.azure.net/keys/cmk/{version}"
        for uri in (self.kid, self.kid + "/", azure, azure + "/", azure.replace(".net/", ".net:443/")):
            a = self.encrypt(uri)
            self.assertEqual(a.status, 202, a.body)
            self.assertEqual(self.stored(), {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
                "keyName": "cmk", "keyVersion": version, "keyVaultUri": shown}})
        self.upload()
        self.assert_readable()

    def test_vault_and_key_without_version_take_the_current_one_and_keep_it(self):
        self.prepare("n2")
        first = self.kid.split("/")[-1]
        base = f"https://{self.vault}.vault.azure.net"
        for i, given in enumerate(({"keyVersion": ""}, {})):
            self.assertEqual(self.encrypt(base, keyName="cmk", **given).status, 202)
            self.assertEqual(self.stored()["keyVaultProperties"]["keyVersion"], first)
        self.upload()
        second = self.new_version().split("/")[-1]
        self.assert_readable()
        self.assertEqual(self.stored()["keyVaultProperties"]["keyVersion"], first, "a new version is not followed in classic")
        # Selecting again takes the then current one.
        self.assertEqual(self.encrypt(base + "/keys/cmk").status, 202)
        self.assertEqual(self.stored()["keyVaultProperties"]["keyVersion"], second)
        self.assertEqual(self.encrypt(base, keyName="cmk", keyVersion=first).status, 202)
        self.assertEqual(self.stored()["keyVaultProperties"]["keyVersion"], first)

    def test_another_key_and_another_vault_are_chosen_and_the_former_is_needed_no_more(self):
        self.prepare("n3")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        other = self.new_version("second")
        self.assertEqual(self.encrypt(other).status, 202)
        self.sim.vault(self.vault, "DELETE", "/keys/cmk")
        self.assert_readable()
        self.sim.make_vault("vaultn3b", [self.own, self.access], enablePurgeProtection=True)
        self.assertEqual(self.encrypt(self.new_version("third", "vaultn3b")).status, 202)
        self.sim.arm("DELETE", self.sim.vault_id(self.vault))
        self.assert_readable()

    def test_while_the_key_in_use_is_out_of_reach_no_other_can_be_chosen(self):
        self.prepare("n4")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        self.new_version("second")
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        before = self.account_record()
        a = self.encrypt(f"https://{self.vault}.vault.azure.net/", keyName="second")
        self.assert_rule(a, 403, "rev.ways")
        self.assertEqual(self.account_record(), before)
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        self.assert_readable()

    def test_what_is_no_key_or_contradicts_itself_is_refused_and_changes_nothing(self):
        self.prepare("n5")
        base = f"https://{self.vault}.vault.azure.net/"
        before = self.account_record()
        for uri, kvp, rule in ((base, {"keyName": "../cmk"}, "key.uri"),
                               (base, {"keyName": "cmk", "keyVersion": "current"}, "key.select"),
                               (self.kid, {"keyName": "other"}, "key.uri"),
                               (self.kid, {"keyVersion": "f" * 32}, "key.select"),
                               (base + "secrets/cmk", {}, "key.uri"),
                               ("http://" + base[8:], {"keyName": "cmk"}, "kv.key-vault-only"),
                               (base, {"keyName": "cmk", "keyVersion": "f" * 32}, "key.usable"),
                               (base, {}, "enc.enable-then-key")):
            self.assert_rule(self.encrypt(uri, **kvp), 400, rule)
            self.assertEqual(self.account_record(), before)

    def test_a_patch_that_fails_a_rule_changes_nothing_else_either(self):
        self.prepare("n6", grant=False)
        before = self.account_record()
        a = self.patch({"tags": {"a": "b"}, "sku": {"name": "S0"}, "properties": {
            "publicNetworkAccess": "Disabled", "encryption": {
                "keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": self.kid}}}})
        self.assert_rule(a, 403, "kv.permissions")
        self.assertEqual(self.account_record(), before)

    def test_a_put_changes_the_encryption_too(self):
        self.prepare("n7")
        body = {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope", "properties": {
            "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": self.kid}}}}
        self.upload()
        a = self.sim.arm("PUT", self.sim.account_id(self.account), body, ARM_AI)
        self.assertEqual(a.status, 200, a.body)
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled")
        body["properties"]["encryption"] = {"keySource": "Microsoft.CognitiveServices"}
        a = self.sim.arm("PUT", self.sim.account_id(self.account), body, ARM_AI)
        self.assert_rule(a, 403, "enc.disable-data")
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        self.assertEqual(self.sim.arm("PUT", self.sim.account_id(self.account), body, ARM_AI).status, 200)
        self.assert_readable()


class Portal(Case):
    def save(self, **body):
        return self.control("PUT", f"/_sim/portal/accounts/{self.sim.sub}/rg/{self.account}/encryption",
                            {"keySource": "Microsoft.KeyVault", **body})

    def prepare(self, tag):
        super().prepare(tag, grant=False)
        self.assertEqual(self.patch({"identity": {"type": "None"}}).status, 202)
        self.upload()

    def test_enabling_switches_the_identity_on_registers_it_and_gives_it_access(self):
        self.prepare("p1")
        a = self.save(keyUri=self.kid, subscription=self.sim.sub)
        self.assertEqual(a.status, 200, a.body)
        identity = a.json["identity"]["principalId"]
        self.assertNotEqual(identity, self.identity)
        policies = self.sim.arm("GET", self.sim.vault_id(self.vault)).json["properties"]["accessPolicies"]
        mine = [p["permissions"]["keys"] for p in policies if p["objectId"] == identity]
        self.assertEqual([[k.lower() for k in keys] for keys in mine], [["get", "wrapkey", "unwrapkey"]])
        graph = self.sim.http("GET", "https://graph.microsoft.com/v1.0/servicePrincipals?$filter=displayName%20eq%20'" + self.account + "'",
                              headers={"Authorization": "Bearer " + self.sim.token("https://graph.microsoft.com")})
        self.assertIn(identity, [v["id"] for v in graph.json["value"]])
        self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled")

    def test_the_plain_way_does_none_of_it(self):
        self.prepare("p2")
        self.assert_rule(self.encrypt(self.kid), 400, "id.enable-first")
        self.assertNotIn("principalId", self.sim.arm("GET", self.sim.account_id(self.account), version=ARM_AI).json
                         .get("identity", {}))

    def test_select_update_other_key_and_disable(self):
        self.prepare("p3")
        select = {"subscription": self.sim.sub, "vault": self.vault, "key": "cmk"}
        first = self.save(**select).json
        self.assertEqual(first["properties"]["encryption"]["keyVaultProperties"]["keyVersion"], self.kid.split("/")[-1])
        new = self.new_version().split("/")[-1]
        second = self.save(**select).json
        self.assertEqual(second["properties"]["encryption"]["keyVaultProperties"]["keyVersion"], new)
        self.assertEqual(second["identity"], first["identity"])
        self.new_version("other")
        a = self.save(**{**select, "key": "other", "version": ""})
        self.assertEqual(a.json["properties"]["encryption"]["keyVaultProperties"]["keyName"], "other")
        self.assert_readable()
        a = self.save(keySource="Microsoft.CognitiveServices")
        self.assertEqual((a.status, a.json["properties"]["encryption"]), (200, {"keySource": "Microsoft.CognitiveServices"}))
        self.assertEqual(a.json["identity"], first["identity"], "the identity stays")
        self.sim.vault(self.vault, "PATCH", "/keys/other/", {"attributes": {"enabled": False}})
        self.assert_readable()

    def test_by_kvsim(self):
        self.prepare("p5")
        id, kvsim = self.sim.account_id(self.account), self.sim.kvsim
        shown = json.loads(kvsim("portal", "encryption", id, "--key-uri", self.kid).stdout)
        self.assertEqual(shown["keyVaultProperties"]["keyVersion"], self.kid.split("/")[-1])
        new = self.new_version().split("/")[-1]
        shown = json.loads(kvsim("portal", "encryption", id, "--vault", self.vault, "--key", "cmk").stdout)
        self.assertEqual(shown["keyVaultProperties"]["keyVersion"], new)
        self.assert_readable()
        wrong = kvsim("portal", "encryption", id, "--key-uri", self.kid, "--subscription", "0" * 8, check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("subscription", wrong.stderr)
        shown = json.loads(kvsim("portal", "encryption", id, "--microsoft-managed").stdout)
        self.assertEqual(shown, {"keySource": "Microsoft.CognitiveServices"})
        for args in (["encryption", id], ["encryption", "acct", "--microsoft-managed"], ["else", id, "--microsoft-managed"],
                     ["encryption", id, "--key-uri", self.kid, "--microsoft-managed"]):
            self.assertEqual(kvsim("portal", *args, check=False).returncode, 2, args)
        self.assertTrue(kvsim("approval", "submit").stdout.startswith("Waiting, answer on "))
        self.assertTrue(kvsim("approval", "refuse").stdout.startswith("Waiting"))
        self.assertTrue(kvsim("approval").stdout.startswith("Waiting"))
        self.assertEqual(kvsim("approval", "perhaps", check=False).returncode, 2)

    def test_a_wrong_subscription_is_refused_before_anything_is_given(self):
        self.prepare("p4")
        before = self.account_record()
        for subscription in ("00000000-0000-0000-0000-000000000001",):
            self.assert_rule(self.save(keyUri=self.kid, subscription=subscription), 400, "key.uri-subscription")
            self.assert_rule(self.save(vault=self.vault, key="cmk", subscription=subscription), 400, "key.uri-subscription")
        self.assertEqual(self.account_record(), before)
        policies = self.sim.arm("GET", self.sim.vault_id(self.vault)).json["properties"]["accessPolicies"]
        self.assertEqual(len(policies), 1, "nobody was given access")
        for body in ({}, {"keyUri": self.kid}, {"subscription": self.sim.sub}, {"keySource": "Else"}):
            self.assertEqual(self.save(**body).status, 400)
        self.account = "none"
        self.assertEqual(self.save(keyUri=self.kid, subscription=self.sim.sub).status, 404)

    def policies_of(self, vault):
        return self.sim.arm("GET", self.sim.vault_id(vault)).json["properties"]["accessPolicies"]

    def refused_whole(self, rule, status=400, **body):
        """Neither the account nor who may use the vault has changed."""
        before = self.account_record(), self.policies_of(self.vault)
        self.assert_rule(self.save(**body), status, rule)
        self.assertEqual((self.account_record(), self.policies_of(self.vault)), before)

    def test_what_breaks_a_rule_is_refused_before_identity_and_access_are_given(self):
        s = self.sim
        self.prepare("p6")
        select = {"subscription": s.sub, "vault": self.vault, "key": "cmk"}
        change = lambda **p: self.assertEqual(s.arm("PATCH", s.vault_id(self.vault), {"properties": p}).status, 200)
        self.refused_whole("enc.enable-then-key", subscription=s.sub, vault=self.vault)
        change(networkAcls={"defaultAction": "Deny", "bypass": "None"})
        self.refused_whole("kv.firewall-trusted", **select)
        change(networkAcls={"defaultAction": "Allow", "bypass": "AzureServices"}, enableRbacAuthorization=True)
        self.refused_whole("kv.access-policies", **select)
        change(enableRbacAuthorization=False)
        purgeable, self.vault = self.vault, "vaultp6b"
        s.make_vault(self.vault, [self.own])
        self.refused_whole("kv.purge-protection", keyUri=self.new_version(vault=self.vault), subscription=s.sub)
        self.vault = purgeable
        self.refused_whole("key.uri", vault="no-such-vault", key="cmk", subscription=s.sub)
        self.refused_whole("kv.key-vault-only", keyUri="https://example.com/keys/cmk", subscription=s.sub)
        # A rule about the key is judged when it can be seen: the access that was given for that stays, the account is as it was.
        before = self.account_record()
        self.assertEqual(s.vault(self.vault, "POST", "/keys/ec/create", {"kty": "EC"}).status, 200)
        self.assert_rule(self.save(**{**select, "key": "ec"}), 400, "key.rsa-2048")
        self.assert_rule(self.save(**{**select, "key": "none"}), 400, "key.usable")
        self.assertEqual(self.account_record(), before)

    def test_disabling_and_changing_while_the_key_is_out_of_reach_are_refused(self):
        s = self.sim
        self.prepare("p7")
        select = {"subscription": s.sub, "vault": self.vault, "key": "cmk"}
        self.assertEqual(self.save(**select).status, 200)
        other = self.new_version("other")
        s.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.refused_whole("enc.disable-data", 403, keySource="Microsoft.CognitiveServices")
        self.refused_whole("rev.ways", 403, keyUri=other, subscription=s.sub)
        s.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        a = self.save(keyUri=other, subscription=s.sub)
        self.assertEqual(a.json["properties"]["encryption"]["keyVaultProperties"]["keyName"], "other")
        self.assert_readable()

    def test_access_that_was_taken_away_is_given_by_saving_again(self):
        s = self.sim
        self.prepare("p8")
        select = {"subscription": s.sub, "vault": self.vault, "key": "cmk"}
        self.assertEqual(self.save(**select).status, 200)
        s.make_vault(self.vault, [self.own], enablePurgeProtection=True)
        self.assert_refused("ForbiddenByPolicy")
        self.assertEqual(self.save(**select).status, 200)
        self.assert_readable()
        self.assertEqual(len(self.policies_of(self.vault)), 2)

    def test_kinds_and_tiers_without_cmk_are_refused_and_get_no_identity(self):
        s = self.sim
        self.prepare("p9")
        for kind, sku, rule in (("ComputerVision", "S1", "enc.supported-kind"), ("Face", "F0", "enc.tier")):
            self.account = "acctp9" + kind.lower()
            a = s.arm("PUT", s.account_id(self.account), {"kind": kind, "sku": {"name": sku}, "location": "westeurope", "properties": {}}, ARM_AI)
            self.assertEqual(a.status, 201, a.body)
            self.refused_whole(rule, subscription=s.sub, vault=self.vault, key="cmk")


class Form(Case):
    args = ("--approval", "form")

    def test_cmk_waits_for_the_answer_to_the_form(self):
        s = self.sim
        self.prepare("f1")
        form = f"/_sim/approvals/{s.sub}"
        s.kvsim("clock", "freeze")
        s.kvsim("clock", "set", "2030-01-04T10:00:00Z")  # a Friday
        s.tokens.clear()
        self.assert_rule(self.encrypt(self.kid), 400, "enc.request-form")
        self.assertEqual(self.control("GET", form).json["state"], "NotSubmitted")
        self.assertEqual(self.control("PATCH", form, {"decision": "refuse"}).status, 409)
        a = self.control("PUT", form)
        self.assertEqual((a.status, a.json["state"], a.json["submittedOn"]), (201, "Waiting", "2030-01-04T10:00:00Z"))
        # 3 to 5 business days after a Friday: Wednesday to the next Friday.
        self.assertIn(a.json["answerOn"], ("2030-01-09T10:00:00Z", "2030-01-10T10:00:00Z", "2030-01-11T10:00:00Z"))
        self.assertEqual(self.control("PUT", form).status, 409)
        self.assertEqual(self.control("PATCH", form, {"decision": "perhaps"}).status, 400)
        self.assertEqual(self.control("PATCH", form, {"decision": "refuse"}).json["state"], "Waiting")
        self.assert_rule(self.encrypt(self.kid), 400, "enc.request-form")
        s.kvsim("clock", "set", a.json["answerOn"])
        self.assertEqual(self.control("GET", form).json["state"], "Refused")
        self.assert_rule(self.encrypt(self.kid), 400, "enc.request-form")
        a = self.control("PUT", form)
        self.assertEqual(a.status, 201)
        self.control("PATCH", form, {"decision": "approve"})
        s.kvsim("clock", "set", a.json["answerOn"])
        self.assertEqual(self.control("GET", form).json["state"], "Approved")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        # Other kinds need no form.
        self.assertEqual(self.control("GET", "/_sim/approvals/00000000-0000-0000-0000-000000000001").status, 404)
        other = s.kvsim("subscription", "add").stdout.split("subscription=")[1].split()[0]
        s.sub = other
        self.prepare("f2", kind="Face")
        self.assertEqual(self.control("GET", f"/_sim/approvals/{other}").json["state"], "NotSubmitted")
        self.assertEqual(self.encrypt(self.kid).status, 202)


class Move(Case):
    def setUp(self):
        self.there = self.sim.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]

    def move(self, *what, to=None, check=True):
        return self.sim.kvsim("directory", "move", "--to-tenant", to or self.there, *what, check=check)

    def bound(self, tag):
        self.prepare(tag)
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        self.assert_readable()

    def test_a_moved_account_leaves_its_identity_behind_and_works_again_when_it_comes_back(self):
        self.bound("m1")
        for what in (["--resource", self.sim.account_id(self.account)], ["--group", "rg"]):
            self.move(*what)
            a = self.assert_refused("ManagedIdentityLeftBehind")
            self.assertIn("id.no-cross-directory", a.json["error"]["innererror"]["rules"])
            a = self.encrypt(self.kid)
            self.assertEqual(a.status, 400)
            self.assertLessEqual({"kv.same-tenant", "id.no-cross-directory"}, set(a.json["error"]["innererror"]["rules"]))
            self.assertEqual(self.patch(OFF).status, 403)
            self.move(*what, to=self.sim.tenant)
            self.assert_readable()

    def test_with_a_new_identity_and_the_vault_moved_too_it_works_again(self):
        s = self.sim
        self.bound("m2")
        self.move("--resource", s.account_id(self.account))
        self.patch({"identity": {"type": "None"}})
        a = self.patch({"identity": {"type": "SystemAssigned"}})
        self.assertEqual(a.json["identity"]["tenantId"], self.there)
        new = a.json["identity"]["principalId"]
        self.assertNotEqual(new, self.identity)
        a = self.download()
        self.assertEqual(a.status, 403, "the vault stayed in the other directory")
        self.assertIn("rev.ways", a.json["error"]["innererror"]["rules"])
        self.move("--resource", s.vault_id(self.vault))
        v = s.arm("GET", s.vault_id(self.vault)).json["properties"]
        self.assertEqual((v["tenantId"], v["accessPolicies"]), (self.there, []))
        self.assertEqual(self.download().status, 403)
        a = s.arm("PATCH", s.vault_id(self.vault), {"properties": {"accessPolicies": [
            {"tenantId": self.there, "objectId": new, "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]}}]}})
        self.assertEqual(a.status, 200, a.body)
        self.assert_readable()

    def test_a_moved_subscription_has_an_owner_of_the_new_directory(self):
        s = self.sim
        own, s.sub = s.sub, s.kvsim("subscription", "add").stdout.split("subscription=")[1].split()[0]
        self.addCleanup(setattr, s, "sub", own)
        self.bound("m3")
        a = self.move("--subscription", s.sub, check=False)
        self.assertEqual(a.returncode, 1)
        self.assertIn("owner", a.stderr)
        self.assert_readable()
        out = s.kvsim("principal", "add", "mover", "--tenant", self.there).stdout
        said = dict(line.split("=", 1) for line in out.split())
        key = s.api_key(self.account)
        self.move("--subscription", s.sub, "--owner", said["object_id"])
        s.api_key = lambda account: key
        self.addCleanup(s.__dict__.pop, "api_key")
        self.assert_refused("ManagedIdentityLeftBehind")
        token = s.token("https://management.azure.com", said["client_id"], said["client_secret"], self.there)
        a = s.arm("GET", s.account_id(self.account), version=ARM_AI, token=token)
        self.assertEqual(a.status, 200, a.body)
        self.assertEqual(s.arm("GET", s.account_id(self.account), version=ARM_AI).code, "InvalidAuthenticationTokenTenant")

    def test_what_is_not_there_or_can_not_be_moved_is_said(self):
        self.bound("m4")
        before = self.account_record()
        for what in (["--resource", self.sim.account_id("nobody")],
                     ["--resource", f"/subscriptions/{self.sim.sub}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x"],
                     ["--resource", "acct"], ["--subscription", "x"]):
            self.assertEqual(self.move(*what, check=False).returncode, 1, what)
        self.assertEqual(self.move("--group", "rg", to="00000000-0000-0000-0000-000000000001", check=False).returncode, 1)
        self.assertEqual(self.move(check=False).returncode, 2)
        self.assertEqual(self.account_record(), before)


if __name__ == "__main__":
    unittest.main()
