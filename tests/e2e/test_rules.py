"""The rules as a person meets them: each that needs no other data plane than files is obeyed and broken here, the refusal
names it, and the counters of GET /_sim/rules say so. kvsim rules shows, adds up and judges them.

Sources: the rule's row in docs/rules.md gives the document that says it.
"""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import unittest
import uuid

from harness import ARM_AI, KVSIM, ROOT, Sim

CONTENT = b"rule for rule\n" * 3000
RIGHTS = ["get", "wrapKey", "unwrapKey"]
OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"  # Cognitive Services OpenAI User
OFF = {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}


class RuleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(args=["--durability", "relaxed"])

    @classmethod
    def tearDownClass(cls):
        cls.sim.close()

    def control(self, method, path, body=None):
        s = self.sim
        return s.http(method, s.e["management_url"] + path, None if body is None else json.dumps(body),
                      {"x-kvsim-control": s.control, "Content-Type": "application/json"})

    def counts(self, rule):
        r = self.control("GET", "/_sim/rules/" + rule).json
        return r["obeyed"], r["broken"]

    def assert_counted(self, rule, before, obeyed=False, broken=False):
        after = self.counts(rule)
        self.assertEqual((after[0] > before[0], after[1] > before[1]), (obeyed, broken), (rule, before, after))

    def note(self, rule, verdict):
        """For a rule whose effect providerd can't see: this test has seen it."""
        self.assertEqual(self.control("POST", "/_sim/rules/" + rule, {"verdict": verdict}).status, 200)

    def policies(self, *list, vault=None):
        self.sim.make_vault(vault or self.vault, [self.sim.policy(self.sim.oid, ["all"]), *list], enablePurgeProtection=True)

    def bound(self, tag, upload=True):
        self.identity, self.version = self.sim.cmk(tag)
        self.account, self.vault = "acct" + tag, "vault" + tag
        if upload:
            self.file = self.sim.upload(self.account, CONTENT).json["id"]

    def download(self):
        return self.sim.files(self.account, "GET", f"/{self.file}/content")

    def encryption(self, account, properties, source="Microsoft.KeyVault"):
        return self.sim.arm("PATCH", self.sim.account_id(account), {"properties": {"encryption": {
            "keySource": source, **({"keyVaultProperties": properties} if properties is not None else {})}}}, ARM_AI)

    def refused(self, answer, rule, *others, status=400):
        self.assertEqual((answer.status, answer.headers.get("x-kvsim-rule")), (status, rule), answer.body)
        inner = answer.json["error"]["innererror"]
        self.assertEqual(inner["rule"], rule)
        self.assertLessEqual({rule, *others}, set(inner["rules"]))
        self.assertEqual([d["target"] for d in answer.json["error"]["details"]], inner["rules"])
        self.assertTrue(all(d["message"] for d in answer.json["error"]["details"]))


class Table(RuleTest):
    def test_the_table_is_served_with_text_basis_kinds_editions_and_counters(self):
        doc = self.control("GET", "/_sim/rules").json
        self.assertEqual(doc["edition"], "classic")
        ids = [r["id"] for r in doc["rules"]]
        self.assertEqual(len(ids), len(set(ids)))
        for r in doc["rules"]:
            self.assertTrue(r["text"] and r["basis"] and r["kinds"] and r["editions"] and r["effect"], r)
            self.assertEqual(r["exempt"], r["id"] == "sec.speech-no-training")
            self.assertTrue(r["exempt"] or (r["whenObeyed"] and r["whenBroken"]), r)
        kinds = {k["name"]: k for k in doc["kinds"]}
        self.assertFalse(kinds["ComputerVision"]["cmk"])
        self.assertEqual(kinds["AIServices"]["keyTypes"], "RSA")
        self.assertEqual(kinds["OpenAI"]["revocation"], "rev.oai-*")

    def test_every_rule_of_the_list_of_rules_is_in_the_table(self):
        source = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference" / "cmk-rules.md"
        if not source.exists():
            self.skipTest("../shared is not here: the list of rules can't be compared")
        listed = {line.split("|")[1].strip() for line in source.read_text().splitlines()
                  if line.startswith("| ") and "." in line.split("|")[1] and " " not in line.split("|")[1].strip()}
        self.assertGreater(len(listed), 70)
        self.assertEqual(listed - {r["id"] for r in self.control("GET", "/_sim/rules").json["rules"]}, set())

    def test_the_table_needs_the_control_token(self):
        self.assertEqual(self.sim.http("GET", self.sim.e["management_url"] + "/_sim/rules").status, 403)

    def test_only_rules_outside_the_provider_can_be_noted(self):
        for path, body, status in (("kv.same-region", {"verdict": "obeyed"}, 400), ("rev.cli", {"verdict": "perhaps"}, 400),
                                   ("rev.cli", {}, 400), ("no.such-rule", {"verdict": "obeyed"}, 404)):
            self.assertEqual(self.control("POST", "/_sim/rules/" + path, body).status, status, (path, body))
        self.assertEqual(self.counts("rev.cli"), (0, 0))

    def test_kvsim_lists_shows_and_judges(self):
        s = self.sim
        self.assertIn("kv.purge-protection", s.kvsim("rules", "list").stdout)
        shown = json.loads(s.kvsim("rules", "show", "rev.ways", "--format", "json").stdout)
        self.assertEqual(shown["section"], "E")
        self.assertEqual(s.kvsim("rules", "show", "no.such", check=False).returncode, 1)
        self.assertEqual(s.kvsim("rules", "frobnicate", check=False).returncode, 2)
        self.assertEqual(s.kvsim("rules", "coverage", "--fail-under", "100", check=False).returncode, 1)
        self.assertEqual(s.kvsim("rules", "coverage", "--fail-under", "0").returncode, 0)
        self.assertEqual(s.kvsim("rules", "note", "kv.same-region", "obeyed", check=False).returncode, 1)

    def test_the_table_can_be_read_while_nothing_runs(self):
        with tempfile.TemporaryDirectory() as empty:
            run = lambda *a: subprocess.run([KVSIM, "rules", *a, "--state", empty], capture_output=True, text=True)
            self.assertIn("enc.default-mmk", run("list").stdout)
            self.assertEqual(run("show", "kv.same-tenant").returncode, 0)
            self.assertEqual(run("coverage").returncode, 1)


class CoverageOfSeveralRuns(unittest.TestCase):
    def test_each_stop_leaves_a_line_and_lines_add_up(self):
        with tempfile.TemporaryDirectory() as folder:
            old = os.environ.get("KVSIM_RULES_COVERAGE")
            os.environ["KVSIM_RULES_COVERAGE"] = folder + "/new"
            try:
                s = Sim(args=["--durability", "relaxed"])
                try:
                    s.group()
                    s.make_account("one")
                    s.stop()
                    s.start()
                    s.make_account("two")
                    s.stop()
                    lines = (s.state / "rules-coverage.json").read_text().splitlines()
                finally:
                    s.close()
            finally:
                if old is None:
                    del os.environ["KVSIM_RULES_COVERAGE"]
                else:
                    os.environ["KVSIM_RULES_COVERAGE"] = old
            self.assertEqual([json.loads(l)["rules"]["enc.default-mmk"]["obeyed"] for l in lines], [1, 1])
            files = list(pathlib.Path(folder, "new").glob("*.json"))
            self.assertEqual(len(files), 2)
            added = self.coverage("--from", folder + "/new", "--format", "json")
            self.assertEqual(json.loads(added.stdout)["rules"]["enc.default-mmk"]["obeyed"], 2)
            pending = pathlib.Path(folder, "pending")
            for none in ("# none\n", ""):
                pending.write_text(none)
                self.assertEqual(self.coverage("--from", files[0], "--pending", pending).returncode, 1, "not a crash")
            pending.write_text("".join(r + "\n" for r, c in json.loads(added.stdout)["rules"].items() if not c["exempt"]))
            self.assertEqual(self.coverage("--from", files[0], "--pending", pending).returncode, 0)
            pending.write_text("no.such-rule\n")
            self.assertEqual(self.coverage("--from", files[0], "--pending", pending).returncode, 1)
            pathlib.Path(folder, "bad.json").write_text("{")
            self.assertEqual(self.coverage("--from", folder + "/bad.json").returncode, 1)

    @staticmethod
    def coverage(*args):
        return subprocess.run([KVSIM, "rules", "coverage", *map(str, args)], capture_output=True, text=True)


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
        import datetime
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


class Endpoint(RuleTest):
    def setUp(self):
        self.sim.group()

    def list(self, account, **headers):
        url = self.sim.e["openai_url"].replace("{account}", account) + "/openai/files?api-version=2024-10-21"
        return self.sim.http("GET", url, headers={k.replace("_", "-"): v for k, v in headers.items()}).status

    def test_keys_tokens_rotation_and_local_authentication_off(self):
        s = self.sim
        s.make_account("accte1")
        keys = s.arm("POST", s.account_id("accte1") + "/listKeys", version=ARM_AI).json
        token = "Bearer " + s.token("https://cognitiveservices.azure.com")
        self.assertEqual(self.list("accte1", Authorization=token), 401, "the owner of the subscription has no data action")
        s.assign_role(s.account_id("accte1"), OPENAI_USER)
        checks = (("sec.auth-key", {"api_key": keys["key1"]}, {"api_key": "0" * 32}),
                  ("sec.auth-entra", {"Authorization": token}, {"Authorization": token[:-8] + "AAAAAAAA"}))
        for rule, good, bad in checks:
            before = self.counts(rule)
            self.assertEqual(self.list("accte1", **good), 200)
            self.assert_counted(rule, before, obeyed=True)
            before = self.counts(rule)
            self.assertEqual(self.list("accte1", **bad), 401)
            self.assert_counted(rule, before, broken=True)
        before = self.counts("sec.key-rotation")
        s.arm("POST", s.account_id("accte1") + "/regenerateKey", {"keyName": "Key1"}, version=ARM_AI)
        self.assertEqual((self.list("accte1", api_key=keys["key1"]), self.list("accte1", api_key=keys["key2"])), (401, 200))
        self.assert_counted("sec.key-rotation", before, obeyed=True, broken=True)
        before = self.counts("sec.local-auth-off")
        s.arm("PATCH", s.account_id("accte1"), {"properties": {"disableLocalAuth": True}}, ARM_AI)
        self.assertEqual((self.list("accte1", api_key=keys["key2"]), self.list("accte1", Authorization=token)), (403, 200))
        self.assert_counted("sec.local-auth-off", before, obeyed=True, broken=True)

    def test_a_file_that_was_deleted_is_gone(self):
        s = self.sim
        s.make_account("accte2")
        before = self.counts("data.files")
        file = s.upload("accte2", CONTENT).json["id"]
        s.files("accte2", "DELETE", "/" + file)
        self.assertEqual(s.files("accte2", "GET", f"/{file}/content").status, 404)
        self.assert_counted("data.files", before, obeyed=True, broken=True)

    def connect(self, version):
        tls = ssl.create_default_context(cafile=self.sim.e["ca"])
        tls.minimum_version = ssl.TLSVersion.TLSv1
        tls.maximum_version = version
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        port = int(self.sim.e["management_url"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            with tls.wrap_socket(raw, server_hostname="management.localhost") as s:
                return s.version()

    def test_tls_1_2_is_the_least(self):
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        self.assertEqual(self.connect(ssl.TLSVersion.TLSv1_2), "TLSv1.2")
        self.note("sec.tls12", "obeyed")
        for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.connect(old)
        port = int(self.sim.e["management_url"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: management.localhost\r\n\r\n")
            try:
                self.assertNotIn(b"HTTP/1.1 200", raw.recv(100))
            except ConnectionError:
                pass
        self.note("sec.tls12", "broken")


class Edition2026(RuleTest):
    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(args=["--durability", "relaxed", "--edition", "2026"])

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
