"""Revocation at the OpenAI data plane as a table: every way to take the key away, at every operation, for accounts of both kinds that have it.

rev.blocks-all, rev.ways, rev.oai-download, rev.oai-fine-tune, rev.oai-deploy, rev.oai-serving, rev.partial, rev.expired, rev.restore, id.disable-cuts,
life.lost-key. What the documents do not list as stopped goes on (docs/fidelity.md).
"""

import time
import unittest

from harness import ARM_AI, Sim
from test_openai import CHAT, OLD, Base

STOPS, GOES_ON = True, False
DATA = "goes on for OpenAI, which the documents give by name; stops for AIServices (rev.blocks-all)"


def inner(a):
    """In the dated form "innererror", in v1 "inner_error"."""
    return a.json["error"].get("innererror") or a.json["error"]["inner_error"]


def operations(t):
    """Name -> (what revocation does to it, the rule that says so, how it is asked, what is put back after it went well)."""
    ai = lambda *a, **kw: lambda: t.ai("acct", *a, **kw)
    say = {"messages": [{"role": "user", "content": "question 5"}]}
    job = {"model": "gpt-4o-mini", "training_file": t.training}
    cancel = lambda a: t.ok(200, "acct", "POST", f"/fine_tuning/jobs/{a.json['id']}/cancel")
    return {
        "a training file is downloaded": (STOPS, "rev.oai-download", ai("GET", f"/files/{t.training}/content"), None),
        "a training file is downloaded in v1": (STOPS, "rev.oai-download", ai("GET", f"/files/{t.training}/content", version=None), None),
        "a result file is downloaded": (STOPS, "rev.oai-download", ai("GET", f"/files/{t.results}/content"), None),
        "a file is uploaded": (STOPS, "rev.ways", lambda: t.sim.upload("acct", CHAT), lambda a: t.ok(200, "acct", "DELETE", "/files/" + a.json["id"])),
        "a model is fine-tuned": (STOPS, "rev.oai-fine-tune", ai("POST", "/fine_tuning/jobs", job), cancel),
        "a model is fine-tuned in v1": (STOPS, "rev.oai-fine-tune", ai("POST", "/fine_tuning/jobs", job, version=None), cancel),
        "a model is fine-tuned by /fine-tunes": (STOPS, "rev.oai-fine-tune", ai("POST", "/fine-tunes", job, version=OLD),
                                                 lambda a: t.ok(200, "acct", "POST", f"/fine-tunes/{a.json['id']}/cancel", version=OLD)),
        "a fine-tuned model is deployed": (STOPS, "rev.oai-deploy", lambda: t.deploy("acct", "second", t.model), lambda a: t.undeploy("second")),
        "a fine-tuned model is deployed on the data plane": (
            STOPS, "rev.oai-deploy", ai("POST", "/deployments", {"model": t.model, "scale_settings": {"scale_type": "standard"}}, version=OLD),
            lambda a: t.undeploy(a.json["id"])),
        "a deployment is changed to a fine-tuned model": (
            STOPS, "rev.oai-deploy", ai("PATCH", "/deployments/base", {"model": t.model, "scale_settings": {"scale_type": "standard"}}, version=OLD),
            lambda a: t.deploy("acct", "base", "gpt-4o-mini")),
        "the deployment that is there serves": (GOES_ON, None, lambda: t.ask("acct", "tuned", "question 5"), None),
        "it serves in the form v1": (GOES_ON, None, ai("POST", "/chat/completions", {**say, "model": "tuned"}, version=None), None),
        "a base model serves": (GOES_ON, None, lambda: t.ask("acct", "base", "x"), None),
        "a base model is deployed": (GOES_ON, None, lambda: t.deploy("acct", "third", "gpt-4o-mini"), lambda a: t.undeploy("third")),
        "files are listed": (DATA, None, ai("GET", "/files"), None),
        "a file is looked at": (DATA, None, ai("GET", "/files/" + t.training), None),
        "a file is deleted": (DATA, None, lambda: t.ai("acct", "DELETE", "/files/" + t.spare.pop()), None),
        "jobs are listed": (DATA, None, ai("GET", "/fine_tuning/jobs"), None),
        "a job is looked at": (DATA, None, ai("GET", f"/fine_tuning/jobs/{t.job_id}"), None),
        "its events are listed": (DATA, None, ai("GET", f"/fine_tuning/jobs/{t.job_id}/events"), None),
        "models are listed": (DATA, None, ai("GET", "/models"), None),
        "a fine-tuned model is looked at": (DATA, None, ai("GET", "/models/" + t.model), None),
        "deployments are listed": (GOES_ON, None, ai("GET", "/deployments", version=OLD), None),
        "the account is looked at": (GOES_ON, None, lambda: t.sim.arm("GET", t.sim.account_id("acct"), version=ARM_AI), None),
    }


class Table(Base):
    kind = "OpenAI"

    def setUp(self):
        s = self.sim
        self.identity, self.version = s.cmk("", self.kind)  # accounts and vaults named "acct" and "vault"
        done = self.tuned("acct")
        self.model, self.results, self.training, self.job_id = done["fine_tuned_model"], done["result_files"][0], done["training_file"], done["id"]
        self.assertEqual(self.deploy("acct", "tuned", self.model).status, 201)
        self.assertEqual(self.deploy("acct", "base", "gpt-4o-mini").status, 201)
        self.spare = [self.file("acct") for _ in range(40)]
        self.all_spare = list(self.spare)
        self.there = s.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]

    def undeploy(self, name):
        self.assertIn(self.sim.arm("DELETE", self.sim.account_id("acct") + "/deployments/" + name, version=ARM_AI).status, (200, 202))

    def vault(self, identity_keys=("get", "wrapKey", "unwrapKey"), **properties):
        s = self.sim
        access = [s.policy(self.identity, list(identity_keys))] if identity_keys else []
        s.make_vault("vault", [s.policy(s.oid, ["all"]), *access], enablePurgeProtection=True,
                     networkAcls=properties.pop("networkAcls", {"defaultAction": "Allow", "bypass": "AzureServices"}), **properties)

    def key(self, **attributes):
        a = self.sim.vault("vault", "PATCH", "/keys/cmk", {"attributes": attributes})
        self.assertEqual(a.status, 200, a.body)

    def identity_is(self, type):
        a = self.sim.arm("PATCH", self.sim.account_id("acct"), {"identity": {"type": type}}, ARM_AI)
        self.assertIn(a.status, (200, 202), a.body)
        self.identity = a.json.get("identity", {}).get("principalId", self.identity)
        self.vault()

    def move(self, to):
        self.sim.kvsim("directory", "move", "--to-tenant", to, "--resource", self.sim.account_id("acct"))

    def ways(self):
        """Name -> (does data stop?, may the key still be bound anew?, taking away, giving back)."""
        s, vault = self.sim, self.vault
        perms = lambda *keys: lambda: vault(identity_keys=keys)
        day = 86400
        return {
            "the access policy": (STOPS, STOPS, perms(), vault),
            "unwrapKey alone": (STOPS, STOPS, perms("get", "wrapKey"), vault),
            "wrapKey alone": (GOES_ON, STOPS, perms("get", "unwrapKey"), vault),
            "get alone": (GOES_ON, STOPS, perms("wrapKey", "unwrapKey"), vault),
            "the key is disabled": (STOPS, STOPS, lambda: self.key(enabled=False), lambda: self.key(enabled=True)),
            "the key has expired": (GOES_ON, STOPS, lambda: self.key(exp=int(time.time()) - day), lambda: self.key(exp=int(time.time()) + 9999 * day)),
            "the key is deleted": (STOPS, STOPS, lambda: s.vault("vault", "DELETE", "/keys/cmk"), lambda: s.vault("vault", "POST", "/deletedkeys/cmk/recover")),
            "the vault is deleted": (STOPS, STOPS, lambda: s.arm("DELETE", s.vault_id("vault")), lambda: s.arm("PUT", s.vault_id("vault"), {
                "location": "westeurope", "properties": {"createMode": "recover", "tenantId": s.tenant, "sku": {"family": "A", "name": "standard"}}})),
            "the vault is behind a firewall": (STOPS, STOPS, lambda: vault(networkAcls={"defaultAction": "Deny", "bypass": "None"}), vault),
            "the same, with trusted services let in": (GOES_ON, GOES_ON, lambda: vault(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"}), vault),
            "the account moved to another directory": (STOPS, STOPS, lambda: self.move(self.there), lambda: self.move(s.tenant)),
            "the identity is switched off": (STOPS, STOPS, lambda: self.identity_is("None"), lambda: self.identity_is("SystemAssigned")),
        }

    def judge(self, name, way, operation):
        stops, rule, ask, put_back = operation
        a = ask()
        if self.kind != "OpenAI" and stops in (STOPS, DATA):
            stops, rule = STOPS, "rev.blocks-all"
        stops = stops == STOPS
        if stops and way:
            self.assertEqual((a.status, a.code), (403, "CustomerManagedKeyAccessDenied"), (name, a.body[:400]))
            rules = inner(a)["rules"]
            self.assertLessEqual({rule, "rev.ways"}, set(rules), name)
            self.assertEqual(a.headers["x-kvsim-rule"], rules[0], name)
            return
        self.assertLess(a.status, 300, (name, a.body[:400]))
        if "chat" in name or name == "the deployment that is there serves":
            self.assertEqual(a.json["choices"][0]["message"]["content"], "answer 5")
        if put_back:
            put_back(a)

    def stored(self):
        """What is in the store of the data plane, but for the spare files."""
        s = self.sim
        blobs = {p.name.split("_")[-1] for p in (s.state / "provider" / "blobs").iterdir()}
        deployments = s.arm("GET", s.account_id("acct") + "/deployments", version=ARM_AI).json["value"]
        return blobs - set(self.all_spare), sorted((d["name"], d["properties"]["model"]["name"]) for d in deployments)

    def serving(self):
        return self.sim.http("GET", self.sim.e["management_url"] + "/_sim/rules/rev.oai-serving", headers={"x-kvsim-control": self.sim.control}).json

    def bind(self, stops):
        a = self.sim.bind("acct", "vault", "cmk", self.version)
        self.assertEqual(a.status in (400, 403), stops, a.body)

    def test_every_way_stops_what_the_documents_list_and_nothing_else_and_giving_back_restores_all(self):
        for way, (data, binding, take, give) in self.ways().items():
            before = self.stored()
            take()
            for name, operation in operations(self).items():
                with self.subTest(way=way, operation=name):
                    self.judge(name, data, operation)
            with self.subTest(way=way):
                self.assertEqual(self.stored(), before, "what is refused leaves nothing behind")
                self.bind(binding)
            give()
            for name, operation in operations(self).items():
                with self.subTest(restored=way, operation=name):
                    self.judge(name, False, operation)

    def test_a_deployment_that_was_deleted_meanwhile_does_not_come_back(self):
        self.vault(identity_keys=())
        before = self.serving()
        self.assertEqual(self.ask("acct", "tuned", "question 5").status, 200)
        self.undeploy("tuned")
        self.assertEqual(self.ask("acct", "tuned", "question 5").code, "DeploymentNotFound")
        after = self.serving()
        self.assertTrue(after["obeyed"] > before["obeyed"] and after["broken"] > before["broken"], (before, after))
        self.assertEqual(self.deploy("acct", "tuned", self.model).headers["x-kvsim-rule"], "rev.oai-deploy" if self.kind == "OpenAI" else "rev.blocks-all")
        self.vault()
        self.assertEqual(self.deploy("acct", "tuned", self.model).status, 201)
        self.assertEqual(self.ask("acct", "tuned", "question 5").json["choices"][0]["message"]["content"], "answer 5")

    def test_when_the_key_is_lost_the_data_is_gone_and_the_service_says_so(self):
        s = self.sim
        running = self.job("acct")
        self.assertEqual(s.vault("vault", "DELETE", "/keys/cmk").status, 200)
        self.later(91 * 86400)  # purge protection ends with the retention
        self.assertEqual(s.vault("vault", "GET", "/deletedkeys/cmk").status, 404)
        for name, (stops, rule, ask, _) in operations(self).items():
            a = ask()
            with self.subTest(operation=name):
                if stops != STOPS:
                    self.assertLess(a.status, 300, a.body[:300])
                    continue
                e = a.json["error"]
                self.assertEqual((a.status, e["code"], a.headers["x-kvsim-rule"]), (403, "CustomerManagedKeyAccessDenied", rule), a.body[:400])
                self.assertEqual(inner(a)["code"], "CustomerManagedKeyLost")
                self.assertIn("life.lost-key", inner(a)["rules"])
                self.assertIn("can't be recovered", e["message"])
        failed = self.ok(200, "acct", "GET", f"/fine_tuning/jobs/{running['id']}")
        self.assertEqual((failed["status"], failed["error"]["code"]), ("failed", "CustomerManagedKeyAccessDenied"))
        off = s.arm("PATCH", s.account_id("acct"), {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}, ARM_AI)
        self.assertEqual((off.status, off.headers["x-kvsim-rule"]), (403, "enc.disable-data"), off.body)
        self.assertEqual(s.vault("vault", "POST", "/keys/cmk/create", {"kty": "RSA"}).status, 200)
        self.assertEqual(s.bind("acct", "vault", "cmk").status, 403, "a new key of the same name opens nothing")
        self.assertEqual(self.ai("acct", "GET", f"/files/{self.training}/content").inner, "CustomerManagedKeyLost")
        for file in self.ok(200, "acct", "GET", "/files")["data"]:
            self.ok(200, "acct", "DELETE", "/files/" + file["id"])
        for path in (s.account_id("acct"), f"/subscriptions/{s.sub}/providers/Microsoft.CognitiveServices/locations/westeurope/resourceGroups/rg/deletedAccounts/acct"):
            self.assertIn(s.arm("DELETE", path, version=ARM_AI).status, (200, 202, 204))
        self.assertEqual([p.name for p in (s.state / "provider" / "blobs").iterdir()], [])
        s.make_account("acct")
        self.assertEqual(self.ok(200, "acct", "GET", "/files")["data"], [])
        self.assertEqual(s.upload("acct", CHAT).status, 201, "and the account begins anew")


class Afresh(Table):
    """A daemon for each test."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.sim = Sim(args=["--durability", "relaxed"])
        self.addCleanup(self.sim.close)
        self.sim.group()
        super().setUp()


class AIServices(Afresh):
    """The same data plane, but revoking blocks all access to data; what is deployed serves on (docs/fidelity.md)."""
    kind = "AIServices"

    test_when_the_key_is_lost_the_data_is_gone_and_the_service_says_so = None


del Table

if __name__ == "__main__":
    unittest.main()
