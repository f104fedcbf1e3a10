"""Revocation at the planes of Face, Language and Speech as a table: every way to take the key away, at every kind of operation, for every
kind of account that has them.

rev.blocks-all ("blocks all access to the data", FACE25 LANG25 AIS20), rev.ways, rev.partial, rev.expired, rev.restore, id.disable-cuts,
id.no-cross-directory. What keeps no data and needs none goes on (docs/fidelity.md).
"""

import time
import unittest

from harness import ARM_AI
from test_ai_data import PROJECT, SPEECH, TALK, TEXT, V, DataTest

STOPS, GOES_ON = True, False
FACE = "/face/v1.0"
URL = {"url": "https://images.example.com/1.jpg"}
HEAR = "/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US"
ITEM = {"displayName": "d", "locale": "en-US"}
NEW = {**PROJECT, "metadata": {**PROJECT["metadata"], "projectName": "new"}}
TALKING = {"language": "en", "projectKind": "Conversation"}

# A plane: what is there before; what reads it; what changes it, in an order that leaves it as it was ("{new}": the id of what was made last);
# what needs no stored data.
PLANES = {
    "face": (
        [("PUT", FACE + "/facelists/staff", {"name": "staff"}), ("POST", FACE + "/facelists/staff/persistedfaces", URL),
         ("PUT", FACE + "/largepersongroups/all", {"name": "all"}), ("POST", FACE + "/largepersongroups/all/persons", {"name": "Ada"})],
        [("GET", FACE + "/facelists"), ("GET", FACE + "/facelists/staff"), ("GET", FACE + "/largepersongroups"), ("GET", FACE + "/largepersongroups/all"),
         ("GET", FACE + "/largepersongroups/all/persons"), ("GET", FACE + "/largefacelists"), ("GET", FACE + "/persongroups")],
        [("PUT", FACE + "/facelists/new", {"name": "n"}), ("POST", FACE + "/facelists/new/persistedfaces", URL),
         ("PATCH", FACE + "/facelists/new", {"name": "m"}), ("DELETE", FACE + "/facelists/new"),
         ("PUT", FACE + "/persongroups/new", {"name": "n"}), ("POST", FACE + "/persongroups/new/persons", {"name": "p"}),
         ("POST", FACE + "/persongroups/new/train"), ("DELETE", FACE + "/persongroups/new")],
        [("POST", FACE + "/detect", URL)]),
    "texts": (
        [("POST", f"{TEXT}/names/:import{V}", PROJECT)],
        [("GET", TEXT + V), ("GET", f"{TEXT}/names{V}")],
        [("POST", f"{TEXT}/new/:import{V}", NEW), ("POST", f"{TEXT}/new/:export{V}"), ("DELETE", f"{TEXT}/new{V}"), ("POST", f"{TEXT}/names/:export{V}")],
        []),
    "talks": (
        [("PATCH", f"{TALK}/talk{V}", TALKING)],
        [("GET", TALK + V), ("GET", f"{TALK}/talk{V}")],
        [("PATCH", f"{TALK}/new{V}", TALKING), ("POST", f"{TALK}/new/:export{V}"), ("DELETE", f"{TALK}/new{V}")],
        []),
    "speech": (
        [("POST", SPEECH + "/models", ITEM)],
        [("GET", SPEECH + "/datasets"), ("GET", SPEECH + "/models"), ("GET", SPEECH + "/endpoints"), ("GET", SPEECH + "/models/{first}")],
        [("POST", SPEECH + "/datasets", {**ITEM, "kind": "Acoustic", "contentUrl": "https://data.example.com/a.zip"}), ("DELETE", SPEECH + "/datasets/{new}"),
         ("POST", SPEECH + "/endpoints", {**ITEM, "model": {"self": "https://x/{first}"}, "properties": {"loggingEnabled": True}}),
         ("POST", HEAR + "&cid={new}", b"audio"), ("GET", SPEECH + "/endpoints/{new}/files/logs"), ("DELETE", SPEECH + "/endpoints/{new}")],
        [("POST", HEAR, b"audio")]),
}
ALL = list(PLANES)
KINDS = {"Face": ("E0", ["face"]), "TextAnalytics": ("S", ["texts", "talks"]), "ConversationalLanguageUnderstanding": ("S", ["talks"]),
         "SpeechServices": ("S0", ["speech"]), "CognitiveServices": ("S0", ALL), "AIServices": ("S0", ALL)}


class Table(DataTest):
    def setUp(self):
        s = self.sim
        self.identities, self.first = {}, {}
        self.accounts = {f"r{len(self._testMethodName)}{kind.lower()[:12]}": kind for kind in KINDS}
        for name, kind in self.accounts.items():
            self.identities[name] = self.account(name, kind, KINDS[kind][0])
            for call in self.each(name, 0):
                a = self.ask(name, call)
                self.assertLess(a.status, 300, (kind, call, a.body))
                if call[1] == SPEECH + "/models":
                    self.first[name] = a.json["self"].split("/")[-1]
        self.access()
        self.assertEqual(s.vault("vault", "POST", "/keys/cmk/create", {"kty": "RSA"}).status, 200)
        for name in self.accounts:
            self.assertIn(s.bind(name, "vault", "cmk").status, (200, 202), name)
        self.there = s.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]

    def each(self, account, part):
        for plane in KINDS[self.accounts[account]][1]:
            yield from PLANES[plane][part]

    def ask(self, account, call, new="none"):
        fill = lambda x: x.replace("{new}", new).replace("{first}", self.first.get(account, "none")) if isinstance(x, str) else \
            {k: fill(v) for k, v in x.items()} if isinstance(x, dict) else x
        return self.ai(account, *(fill(x) for x in call))

    def access(self, keys=("get", "wrapKey", "unwrapKey"), **properties):
        s = self.sim
        s.make_vault("vault", [s.policy(s.oid, ["all"]), *(s.policy(i, list(keys)) for i in self.identities.values() if keys)],
                     enablePurgeProtection=True, networkAcls=properties.pop("networkAcls", {"defaultAction": "Allow", "bypass": "AzureServices"}))

    def key(self, **attributes):
        self.assertEqual(self.sim.vault("vault", "PATCH", "/keys/cmk", {"attributes": attributes}).status, 200)

    def identity_is(self, type):
        for name in self.accounts:
            a = self.sim.arm("PATCH", self.sim.account_id(name), {"identity": {"type": type}}, ARM_AI)
            self.assertIn(a.status, (200, 202), a.body)
            self.identities[name] = a.json.get("identity", {}).get("principalId", self.identities[name])
        self.access()

    def move(self, to):
        for name in self.accounts:
            self.sim.kvsim("directory", "move", "--to-tenant", to, "--resource", self.sim.account_id(name))

    def ways(self):
        s = self.sim
        day = 86400
        return {
            "the access policy": (STOPS, lambda: self.access(()), self.access),
            "unwrapKey alone": (STOPS, lambda: self.access(("get", "wrapKey")), self.access),
            "wrapKey alone": (GOES_ON, lambda: self.access(("get", "unwrapKey")), self.access),
            "get alone": (GOES_ON, lambda: self.access(("wrapKey", "unwrapKey")), self.access),
            "the key is disabled": (STOPS, lambda: self.key(enabled=False), lambda: self.key(enabled=True)),
            "the key has expired": (GOES_ON, lambda: self.key(exp=int(time.time()) - day), lambda: self.key(exp=int(time.time()) + 9999 * day)),
            "the key is deleted": (STOPS, lambda: s.vault("vault", "DELETE", "/keys/cmk"), lambda: s.vault("vault", "POST", "/deletedkeys/cmk/recover")),
            "the vault is deleted": (STOPS, lambda: s.arm("DELETE", s.vault_id("vault")), lambda: s.arm("PUT", s.vault_id("vault"), {
                "location": "westeurope", "properties": {"createMode": "recover", "tenantId": s.tenant, "sku": {"family": "A", "name": "standard"}}})),
            "the vault is behind a firewall": (STOPS, lambda: self.access(networkAcls={"defaultAction": "Deny", "bypass": "None"}), self.access),
            "the same, with trusted services let in": (GOES_ON, lambda: self.access(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices"}), self.access),
            "the account moved to another directory": (STOPS, lambda: self.move(self.there), lambda: self.move(s.tenant)),
            "the identity is switched off": (STOPS, lambda: self.identity_is("None"), lambda: self.identity_is("SystemAssigned")),
        }

    def judge(self, way, stops):
        for name, kind in self.accounts.items():
            new = "none"
            for call in [*self.each(name, 1), *self.each(name, 2)]:
                a = self.ask(name, call, new)
                with self.subTest(way=way, kind=kind, call=call[:2]):
                    if not stops:
                        self.assertLess(a.status, 300, a.body)
                        new = a.json["self"].split("/")[-1] if call[0] == "POST" and SPEECH in call[1] else new
                        continue
                    self.assertEqual((a.status, a.code, a.headers["x-kvsim-rule"]), (403, "CustomerManagedKeyAccessDenied", "rev.blocks-all"), a.body)
                    error = a.json.get("error", a.json)
                    self.assertIn("rev.ways", (error.get("innererror") or error["innerError"])["rules"])
            for call in self.each(name, 3):
                with self.subTest(way=way, kind=kind, call=call[:2]):
                    self.assertEqual(self.ask(name, call).status, 200, "it needs no stored data")

    def read(self):
        return {(name, call[1]): self.ask(name, call).body for name in self.accounts for call in self.each(name, 1)}

    def test_a_kind_has_its_own_planes_and_no_other(self):
        for name, kind in self.accounts.items():
            for plane, (_, reads, changes, free) in PLANES.items():
                if plane not in KINDS[kind][1]:
                    for call in [*reads, *changes, *free]:
                        a = self.ask(name, call)
                        with self.subTest(kind=kind, call=call[:2]):
                            self.assertEqual((a.status, a.json.get("error", a.json)), (404, {"code": "404", "message": "Resource not found"}))

    def test_every_way_blocks_all_data_and_nothing_else_and_giving_back_restores_all(self):
        before = self.read()
        with self.shows("rev.blocks-all"):
            for way, (stops, take, give) in self.ways().items():
                take()
                self.judge(way, stops)
                give()
                self.assertEqual(self.read(), before, "given back after: " + way)
                self.judge("given back after: " + way, GOES_ON)


if __name__ == "__main__":
    unittest.main()
