"""What must stay secret stays so: while both daemons live through a customer-managed key's story, with its refusals, no token,
secret, key or customer's content gets into a log, the audit or an answer that was not asked for it."""

import base64
import json
import unittest
import urllib.parse

from harness import ARM_AI, Sim, b64

CONTENT = b"UNMISTAKABLE-CONTENT-OF-A-CUSTOMER\n" * 3000
WRONG = "WRONG-SECRET-THAT-A-CLIENT-SENT"


class Watched(Sim):
    """Keeps every answer but those whose purpose is to hand out a secret."""

    ASKED_FOR = ("/oauth2/", "/listKeys", "/regenerateKey", "/content", "/identity/oauth2/token", "/msi/token")

    def __init__(self, *args, **kw):
        self.answers = []
        super().__init__(*args, **kw)

    def http(self, method, url, body=None, headers=None, **kw):
        a = super().http(method, url, body, headers, **kw)
        if a.status >= 400 or not any(part in url for part in self.ASKED_FOR):
            self.answers.append((f"{method} {url}: {a.status}", str(a.headers).encode() + a.body))
        return a


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = s = Watched(args=["--durability", "relaxed"])
        cls.addClassCleanup(s.close)
        cls.secrets = {"client secret": s.secret.strip(), "wrong secret": WRONG, "control token": s.control.strip(),
                       "content": CONTENT[:34].decode(), "a plaintext": b64(b"UNMISTAKABLE-PLAINTEXT")}
        identity, version = s.cmk("sec")
        keys = s.arm("POST", s.account_id("acctsec") + "/listKeys", version=ARM_AI).json
        cls.secrets |= {"key1": keys["key1"], "key2": keys["key2"]}
        cls.tell(identity)
        cls.refuse(keys)
        cls.secrets |= {f"token for {resource}": t for (resource, _), t in s.tokens.items()}
        cls.secrets |= {f"signature of the token for {resource}": t.split(".")[2] for (resource, _), t in s.tokens.items()}
        cls.secrets |= cls.keys_at_rest()
        s.stop()  # what was buffered is written

    @classmethod
    def tell(cls, identity):
        """The story: data in and out, revoked, restored, rotated, given up."""
        s = cls.sim
        file = s.upload("acctsec", CONTENT).json["id"]
        content = f"/{file}/content"
        assert s.files("acctsec", "GET", content).body == CONTENT
        s.make_vault("vaultsec", enablePurgeProtection=True)
        assert s.files("acctsec", "GET", content).status == 403
        assert s.bind("acctsec", "vaultsec", "cmk").status == 403
        s.make_vault("vaultsec", [s.policy(s.oid, ["all"]), s.policy(identity, ["get", "wrapKey", "unwrapKey"])], enablePurgeProtection=True)
        s.vault("vaultsec", "POST", "/keys/cmk/rotate")
        assert s.bind("acctsec", "vaultsec", "cmk").status == 202
        assert s.files("acctsec", "GET", content).body == CONTENT
        for operation in ("encrypt", "decrypt", "wrapkey", "unwrapkey"):
            s.vault("vaultsec", "POST", f"/keys/cmk/{operation}", {"alg": "RSA-OAEP", "value": cls.secrets["a plaintext"]})

    @classmethod
    def refuse(cls, keys):
        """Whatever carries a secret and is refused."""
        s = cls.sim
        login = f"{s.e['login_url']}/{s.tenant}"
        form = {"grant_type": "client_credentials", "client_id": s.e["client_id"], "scope": "https://vault.azure.net/.default"}
        for path in ("/oauth2/v2.0/token", "/oauth2/token", "/oauth2/nothing"):
            for secret, more in ((WRONG, {}), (s.secret, {"grant_type": "fly"}), (s.secret, {"scope": "nonsense"}), (s.secret, {"client_id": "nobody"})):
                s.http("POST", login + path, urllib.parse.urlencode({**form, "client_secret": secret, **more}),
                       {"Content-Type": "application/x-www-form-urlencoded"})
        files = s.e["openai_url"].replace("{account}", "acctsec") + "/openai/files?api-version=2024-10-21"
        for headers in ({"api-key": WRONG}, {"Ocp-Apim-Subscription-Key": WRONG}, {"Authorization": "Bearer " + WRONG}):
            assert s.http("GET", files, headers=headers).status == 401
        s.http("GET", files.replace("/files?", "/files/none?"), headers={"api-key": keys["key1"]})
        s.http("POST", files, b"no form", {"api-key": keys["key1"], "Content-Type": "text/plain"})
        for resource in ("https://vault.azure.net", "https://management.azure.com"):
            t = s.token(resource)
            for spoilt in (t, t[:-1], t + "A", t.rsplit(".", 1)[0] + "."):
                s.arm("PUT", s.account_id("acctsec"), {"kind": "None"}, ARM_AI, token=spoilt)
                s.arm("GET", s.vault_id("vaultsec"), version="1999-01-01", token=spoilt)
                s.vault("vaultsec", "GET", "/keys/none", token=spoilt)
        s.vault("vaultsec", "PUT", "/keys/imported", {"key": {"kty": "oct", "k": cls.secrets["a plaintext"]}})
        s.vault("vaultsec", "PUT", "/keys/imported", {"key": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": cls.secrets["a plaintext"]}})
        for base in (s.e["management_url"], s.e["vault_url"].replace("{vault}", "vaultsec")):
            s.http("POST", base + "/_sim/clock", "{}", {"x-kvsim-control": WRONG})
            s.http("POST", base + "/_sim/clock", "no json", {"x-kvsim-control": s.control})

    @classmethod
    def keys_at_rest(cls):
        """Root keys in each spelling, and the private numbers of the token key."""
        found = {}
        for daemon in ("vault", "provider"):
            raw = (cls.sim.state / daemon / "root.key").read_bytes()
            found |= {f"{daemon}'s root key, hex": raw.hex(), f"{daemon}'s root key, base64": base64.b64encode(raw).decode().rstrip("="),
                      f"{daemon}'s root key, base64url": b64(raw)}
        token_key = json.loads((cls.sim.state / "token-key.json").read_text())
        return found | {f"token key, {m}": token_key[m] for m in ("d", "p", "q", "dp", "dq", "qi")}

    def search(self, where, data):
        for name, secret in self.secrets.items():
            self.assertGreaterEqual(len(secret), 20, name)
            self.assertNotIn(secret.encode(), data, f"{name} is in {where}")
        self.assertNotIn(b"PRIVATE KEY", data, where)

    def test_no_secret_is_in_a_log_or_the_audit(self):
        written = [p for folder in ("audit", "log") for p in sorted((self.sim.state / folder).iterdir())]
        self.assertGreaterEqual(len(written), 4)
        for p in written:
            self.search(p, p.read_bytes())
        audit = b"".join(p.read_bytes() for p in written if p.parent.name == "audit")
        for operation in (b"KeyWrap", b"KeyUnwrap", b"FileUpload", b"FileContent", b"Authentication"):
            self.assertIn(operation, audit)  # it was this story that was written down

    def test_no_answer_holds_a_secret_that_was_not_asked_for(self):
        self.assertGreater(sum(": 4" in said for said, _ in self.sim.answers), 40)
        for said, data in self.sim.answers:
            self.search(said, data)


if __name__ == "__main__":
    unittest.main()
