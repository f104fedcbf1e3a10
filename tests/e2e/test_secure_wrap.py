"""securewrapkey and secureunwrapkey, which Azure has on Managed HSM only, with `kvsim up --secure-wrap`: a fresh key comes back to an
attested environment and to nobody else.

Shapes: versions.md 1.2 (specification 2026-01-01-preview to 2026-07-01-preview); what the wrapping key must be: azure-sdk-for-go,
ExampleClient_SecureWrapKey; 403 texts as for key release.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import SimTest, b64, unb64

VERSIONS = ("2026-01-01-preview", "2026-04-01", "2026-07-01-preview")
OPS = ["secureWrapKey", "secureUnwrapKey"]
OAEP = "RSA-OAEP-256"
OCT = ((128, "A128KW"), (192, "A192KW"), (256, "A256KW"), (128, "A128KWPAD"), (192, "A192KWPAD"), (256, "A256KWPAD"), (256, "CKM_AES_KEY_WRAP"),
       (128, "CKM_AES_KEY_WRAP_PAD"))


class SecureWrap(SimTest):
    args = ("--secure-wrap",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("secure", sku={"family": "A", "name": "premium"})
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="kvsim-secure.", dir=cls.sim.state))
        cls.good = cls.sim.attest("--new-key", cls.dir / "tee.pem", "sdk-test=true")
        cls.bad = cls.sim.attest("--new-key", cls.dir / "tee.pem", "sdk-test=false")

    @classmethod
    def policy(cls):
        return {"data": b64(json.dumps({"version": "1.0.0", "anyOf": [{"authority": cls.sim.e["login_url"] + "/attestation", "anyOf": [
            {"claim": "sdk-test", "equals": "true"}]}]}).encode())}

    def make(self, name, **body):
        a = self.sim.vault("secure", "POST", f"/keys/{name}/create", {"kty": "RSA-HSM", "key_ops": OPS, "release_policy": self.policy(), **body},
                           version=VERSIONS[0])
        self.assertEqual(a.status, 200, a.body)
        return a.json

    def call(self, name, operation, body, version=VERSIONS[0]):
        return self.sim.vault("secure", "POST", f"/keys/{name}/{operation}", body, version=version)

    def wrapped(self, name, alg=OAEP):
        a = self.call(name, "securewrapkey", {"alg": alg})
        self.assertEqual(a.status, 200, a.body)
        return a.json["value"]

    def refused(self, a, status, code, text=None):
        self.assertEqual((a.status, a.inner or a.code), (status, code), a.body)
        if text:
            self.assertIn(text, a.json["error"]["message"])

    def test_a_fresh_key_comes_back_to_the_attested_environment(self):
        for version in VERSIONS:
            kid = self.make("rsa")["key"]["kid"]
            fresh = set()
            for path in ("rsa", "rsa/", "rsa/" + kid.split("/")[-1]):
                wrapped = self.call(path, "securewrapkey", {"alg": OAEP}, version)
                self.assertEqual((wrapped.status, list(wrapped.json)), (200, ["kid", "value", "alg"]), wrapped.body)
                self.assertEqual((wrapped.json["kid"], wrapped.json["alg"], len(unb64(wrapped.json["value"]))), (kid, OAEP, 256))
                body = {"alg": OAEP, "value": wrapped.json["value"], "target": self.good}
                key = self.call(path, "secureunwrapkey", body, version)
                self.assertEqual((key.status, list(key.json), key.json["kid"]), (200, ["kid", "value", "alg"], kid), key.body)
                self.assertEqual(len(unb64(key.json["value"])), 32)
                self.assertEqual(self.call(path, "secureunwrapkey", body, version).json, key.json)
                fresh.add(key.json["value"])
            self.assertEqual(len(fresh), 3)

    def test_what_the_openssl_command_wraps_with_the_public_key_is_unwrapped(self):
        jwk, secret = self.make("interop")["key"], os.urandom(32)
        conf, der = self.dir / "conf", self.dir / "pub.der"
        conf.write_text("asn1=SEQUENCE:spki\n[spki]\nalg=SEQUENCE:alg\nkey=BITWRAP,SEQUENCE:rsa\n[alg]\noid=OID:rsaEncryption\nnull=NULL\n[rsa]\n"
                        f"n=INTEGER:0x{unb64(jwk['n']).hex()}\ne=INTEGER:0x{unb64(jwk['e']).hex()}\n")
        subprocess.run(["openssl", "asn1parse", "-genconf", conf, "-noout", "-out", der], check=True, capture_output=True)
        sealed = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", der, "-pkeyopt", "rsa_padding_mode:oaep",
                                 "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"], input=secret, check=True, capture_output=True).stdout
        a = self.call("interop", "secureunwrapkey", {"alg": OAEP, "value": b64(sealed), "target": self.good})
        self.assertEqual((a.status, unb64(a.json["value"])), (200, secret), a.body)

    def test_each_algorithm_of_the_enumeration_and_no_other(self):
        for size, alg in OCT:
            with self.subTest(alg=alg):
                self.make("oct", kty="oct-HSM", key_size=size)
                wrapped = self.wrapped("oct", alg)
                self.assertEqual(len(unb64(wrapped)), 40)  # RFC 3394 and 5649 of 32 bytes
                a = self.call("oct", "secureunwrapkey", {"alg": alg, "value": wrapped, "target": self.good})
                self.assertEqual((a.status, len(unb64(a.json["value"]))), (200, 32), a.body)
        self.make("others")
        for alg in ("RSA-OAEP", "RSA1_5", "A256KW", "RS256", "none", 1, None):
            with self.subTest(alg=alg):
                self.refused(self.call("others", "securewrapkey", {"alg": alg}), 400, "BadParameter")
                self.refused(self.call("others", "secureunwrapkey", {"alg": alg, "value": "AA", "target": self.good}), 400, "BadParameter")

    def test_nobody_else_gets_it(self):
        self.make("guarded")
        body = {"alg": OAEP, "value": self.wrapped("guarded")}
        for target, text in ((self.bad, "does not meet key release policy"), (self.good[:-8] + "AAAAAAAA", "cannot be verified"), ("x", "cannot be verified")):
            self.refused(self.call("guarded", "secureunwrapkey", {**body, "target": target}), 403, "Forbidden", text)
        for target in (None, "", 1):
            self.refused(self.call("guarded", "secureunwrapkey", {**body, "target": target}), 400, "BadParameter", "target")
        for value in (None, "", 1, "*", "AAAA"):
            self.refused(self.call("guarded", "secureunwrapkey", {**body, "value": value, "target": self.good}), 400, "BadParameter")

    def test_the_key_must_be_made_for_it(self):
        self.make("plain", key_ops=["wrapKey", "unwrapKey"])
        self.make("open", release_policy=None)
        self.make("exportable", attributes={"exportable": True})
        for name in ("plain", "open", "exportable"):
            with self.subTest(name):
                self.refused(self.call(name, "securewrapkey", {"alg": OAEP}), 403, "KeyOperationForbidden")
                self.refused(self.call(name, "secureunwrapkey", {"alg": OAEP, "value": "AA", "target": self.good}), 403, "KeyOperationForbidden")
        self.make("secret")
        self.refused(self.call("secret", "unwrapkey", {"alg": OAEP, "value": self.wrapped("secret")}), 403, "KeyOperationForbidden")
        self.refused(self.call("none", "securewrapkey", {"alg": OAEP}), 404, "KeyNotFound")

    def test_an_expired_key_unwraps_and_a_disabled_one_does_nothing(self):
        self.make("old")
        body = {"alg": OAEP, "value": self.wrapped("old"), "target": self.good}
        for attributes, wrap, unwrap in (({"exp": 1000000000}, 403, 200), ({"enabled": False}, 403, 403), ({"enabled": True, "exp": 4000000000}, 200, 200)):
            self.assertEqual(self.sim.vault("secure", "PATCH", "/keys/old", {"attributes": attributes}).status, 200)
            self.assertEqual(self.call("old", "securewrapkey", {"alg": OAEP}).status, wrap, attributes)
            self.assertEqual(self.call("old", "secureunwrapkey", body).status, unwrap, attributes)

    def test_older_versions_do_not_have_them(self):
        self.make("versions")
        for version in ("7.6", "2025-07-01"):
            for operation in OPS:
                self.refused(self.call("versions", operation.lower(), {"alg": OAEP}, version), 400, "BadParameter",
                             f"Method POST does not allow operation '{operation.lower()}'")

    def test_the_audit_log_says_who_and_not_what(self):
        self.make("audited")
        wrapped = self.wrapped("audited")
        key = self.call("audited", "secureunwrapkey", {"alg": OAEP, "value": wrapped, "target": self.good}).json["value"]
        log = self.sim.kvsim("audit").stdout
        for name in ("KeySecureWrap", "KeySecureUnwrap"):
            self.assertIn(name, log)
        for secret in (wrapped, key, self.good):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
