"""An account, a vault and a key between them, for the tests of customer-managed keys."""

import json

from harness import ARM_AI, SimTest
from rules import Rules

CONTENT = b"plain text of a customer\n" * 9000  # more than one chunk


class Case(Rules, SimTest):
    with_group = False

    def prepare(self, tag, kind="OpenAI", grant=True):
        """A vault with purge protection and a key, an account with an identity; not bound."""
        s = self.sim
        s.group()
        self.account, self.vault = "acct" + tag, "vault" + tag
        self.identity = s.make_account(self.account, kind)
        self.own = s.policy(s.oid, ["all"])
        self.access = s.policy(self.identity, ["get", "wrapKey", "unwrapKey"])
        s.make_vault(self.vault, [self.own, *([self.access] if grant else [])], enablePurgeProtection=True)
        self.kid = self.new_version()

    def new_version(self, name="cmk", vault=None):
        a = self.sim.vault(vault or self.vault, "POST", f"/keys/{name}/create", {"kty": "RSA"})
        self.assertEqual(a.status, 200, a.body)
        return a.json["key"]["kid"]

    def patch(self, body, account=None):
        return self.sim.arm("PATCH", self.sim.account_id(account or self.account), body, ARM_AI)

    def encrypt(self, uri, **kvp):
        return self.patch({"properties": {"encryption": {
            "keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyVaultUri": uri, **kvp}}}})

    def stored(self):
        a = self.sim.arm("GET", self.sim.account_id(self.account), version=ARM_AI)
        return a.json["properties"]["encryption"]

    def upload(self):
        a = self.sim.upload(self.account, CONTENT)
        self.assertEqual(a.status, 201, a.body)
        self.file = a.json["id"]

    def download(self):
        return self.sim.files(self.account, "GET", f"/{self.file}/content")

    def assert_readable(self):
        a = self.download()
        self.assertEqual((a.status, a.body[:300] if a.status != 200 else b""), (200, b""))
        self.assertEqual(a.body, CONTENT)

    def assert_refused(self, inner, rule="rev.oai-download"):
        a = self.download()
        self.assertEqual((a.status, a.inner, a.headers["x-kvsim-rule"]), (403, inner, rule), a.body)
        return a

    def account_record(self):
        """What is stored about the account, found in the store's file as it stands there."""
        data = (self.sim.state / "provider" / "data.mdb").read_bytes()
        found = []
        at = data.find(b'{"uid":"')
        while at >= 0:
            try:
                doc = json.JSONDecoder().raw_decode(data[at:at + 32768].decode("utf-8", "replace"))[0]
            except ValueError:
                doc = {}
            if doc.get("name") == self.account:
                found.append(doc)
            at = data.find(b'{"uid":"', at + 1)
        return max(found, key=lambda d: d["revision"])

    def blob(self):
        return next(p for p in (self.sim.state / "provider" / "blobs").iterdir() if p.name.endswith(self.file)).read_bytes()
