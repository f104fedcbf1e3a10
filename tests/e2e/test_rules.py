"""The table of rules, its counters over one run and several, kvsim rules on top of it; and the rules of an endpoint: keys, tokens, TLS.

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

from harness import ARM_AI, KVSIM, Sim
from rules import CONTENT, RuleTest

OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"  # Cognitive Services OpenAI User


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


if __name__ == "__main__":
    unittest.main()
