"""Key release: attestations of the test authority, policies, the wrapped key unwrapped by the openssl command; rng and attestation.

Shapes: specification (KeyReleaseParameters), recorded header and create/update answers (azure-sdk-for-go TestReleaseKey); the payload as public
readers of it take it apart; 403 texts as quoted in public code of the Azure SDKs.
"""

import base64
import json
import pathlib
import tempfile
import unittest

from harness import SimTest, b64, openssl, unb64

NOT_VERIFIED = "Target environment attestation statement cannot be verified."
NOT_MET = "Target environment attestation does not meet key release policy requirements."
DIGEST = b64(b"d" * 32)


class Release(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("release", sku={"family": "A", "name": "premium"})
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="kvsim-release.", dir=cls.sim.state))
        cls.tee = cls.dir / "tee.pem"
        cls.issuer = cls.sim.e["login_url"] + "/attestation"
        cls.good = cls.sim.attest("--new-key", cls.tee, "sdk-test=true", "x-ms-isolation-tee.x-ms-attestation-type=sevsnpvm")

    def policy(self, *conditions, authority=None, how="allOf"):
        return {"data": b64(json.dumps({"version": "1.0.0", "anyOf": [{"authority": authority or self.issuer, how: list(
            {"claim": c, "equals": v} for c, v in conditions)}]}).encode())}

    def create(self, name, policy=None, **body):
        a = self.sim.vault("release", "POST", f"/keys/{name}/create", {
            "kty": "EC-HSM", "attributes": {"exportable": True},
            "release_policy": policy or self.policy(("x-ms-isolation-tee.x-ms-attestation-type", "sevsnpvm")), **body})
        self.assertEqual(a.status, 200, a.body)
        return a.json

    def release(self, name, version="", token=None, status=200, **more):
        path = f"/keys/{name}/{version}/release" if version else f"/keys/{name}/release"
        a = self.sim.vault("release", "POST", path, {"target": token or self.good, **more})
        self.assertEqual(a.status, status, a.body)
        return a.json["value"] if status == 200 else a.json["error"]

    def opened(self, value, digest="sha1"):
        """header, payload, released DER: the signature is checked, the key unwrapped."""
        h, p, s = value.split(".")
        header, payload = json.loads(unb64(h)), json.loads(unb64(p))
        cert, public, sig = self.dir / "cert", self.dir / "public", self.dir / "sig"
        cert.write_bytes(base64.b64decode(header["x5c"][0]))
        public.write_bytes(openssl("x509", "-inform", "DER", "-in", cert, "-noout", "-pubkey"))
        sig.write_bytes(unb64(s))
        openssl("dgst", "-sha256", "-verify", public, "-signature", sig, data=f"{h}.{p}".encode())
        hsm = json.loads(unb64(payload["response"]["key"]["key"]["key_hsm"]))
        wrapped = unb64(hsm["ciphertext"])
        aes = openssl("pkeyutl", "-decrypt", "-inkey", self.tee, "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:{digest}",
                      "-pkeyopt", f"rsa_mgf1_md:{digest}", data=wrapped[:256])
        self.assertEqual(len(aes), 32)
        der = openssl("enc", "-d", "-id-aes256-wrap-pad", "-K", aes.hex(), "-iv", "a65959a6", data=wrapped[256:])
        return header, payload, hsm, der

    def test_the_released_key_is_the_key(self):
        for i, (body, alg) in enumerate((({"kty": "EC-HSM"}, "ES256"), ({"kty": "RSA-HSM"}, "RS256"))):
            kid = self.create(f"whole{i}", **body)["key"]["kid"]
            header, payload, hsm, der = self.opened(self.release(f"whole{i}", nonce="n1"))
            self.assertEqual(list(header), ["alg", "kid", "x5t", "typ", "x5t#S256", "x5c"])
            self.assertEqual(payload["request"], {"api-version": "7.5", "enc": "CKM_RSA_AES_KEY_WRAP", "kid": kid, "nonce": "n1"})
            shown = payload["response"]["key"]
            self.assertEqual(list(shown), ["key", "attributes", "release_policy"])
            bundle = self.sim.vault("release", "GET", f"/keys/whole{i}/").json
            self.assertEqual({m: v for m, v in shown["key"].items() if m != "key_hsm"}, bundle["key"])
            self.assertEqual((shown["attributes"], shown["release_policy"]), (bundle["attributes"], bundle["release_policy"]))
            self.assertEqual(hsm["header"], {"kid": "TpmEphemeralEncryptionKey", "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"})
            pem = self.dir / "released.pem"
            pem.write_bytes(openssl("pkcs8", "-inform", "DER", "-nocrypt", data=der))
            if alg == "RS256":  # what the released key signs, the vault verifies
                signature = openssl("pkeyutl", "-sign", "-inkey", pem, "-pkeyopt", "digest:sha256", data=b"d" * 32)
                a = self.sim.vault("release", "POST", f"/keys/whole{i}/verify", {"alg": alg, "digest": DIGEST, "value": b64(signature)})
                self.assertIs(a.json["value"], True)
            else:
                text = openssl("ec", "-in", pem, "-noout", "-text").decode()
                self.assertIn(unb64(bundle["key"]["x"]).hex()[:12], text.replace(":", "").replace(" ", "").replace("\n", ""))

    def test_each_wrap_has_the_digest_of_its_name(self):
        self.create("encs")
        for enc, digest in (("CKM_RSA_AES_KEY_WRAP", "sha1"), ("RSA_AES_KEY_WRAP_256", "sha256"), ("RSA_AES_KEY_WRAP_384", "sha384")):
            _, payload, hsm, der = self.opened(self.release("encs", enc=enc), digest)
            self.assertEqual((payload["request"]["enc"], hsm["header"]["enc"]), (enc, enc))
            self.assertTrue(der)
        self.assertEqual(self.release("encs", enc="ROT13", status=400)["code"], "BadParameter")

    def test_a_version_may_be_named_and_an_expired_key_released(self):
        old = self.create("versions", attributes={"exportable": True, "exp": 1000000000})["key"]["kid"].rsplit("/", 1)[1]
        self.assertEqual(self.sim.vault("release", "POST", "/keys/versions/rotate").status, 200)
        _, payload, _, _ = self.opened(self.release("versions", old))
        self.assertTrue(payload["request"]["kid"].endswith(old))

    def test_the_policy_decides(self):
        both = (("sdk-test", True), ("x-ms-isolation-tee.x-ms-attestation-type", "sevsnpvm"))
        for i, (policy, good) in enumerate(((self.policy(*both), True), (self.policy(both[0], ("no", "claim")), False),
                                            (self.policy(both[0], ("no", "claim"), how="anyOf"), True),
                                            (self.policy(("sdk-test", "other")), False),
                                            (self.policy(*both, authority="https://elsewhere.attest.azure.net"), False))):
            self.create(f"policy{i}", policy)
            answer = self.release(f"policy{i}", status=200 if good else 403)
            if not good:
                self.assertEqual((answer["code"], answer["message"]), ("Forbidden", NOT_MET), i)

    def test_the_authority_speaks_for_the_one_that_a_policy_names(self):
        name = "https://sharedweu.weu.attest.azure.net"
        self.create("named", self.policy(("a", "b"), authority=name))
        self.assertEqual(self.release("named", token=self.sim.attest("--issuer", name, "--key", self.tee, "a=b"), status=200).count("."), 2)

    def test_what_the_authority_has_not_signed_or_is_over_is_refused(self):
        self.create("forged")
        h, p, s = self.good.split(".")
        claims = json.loads(unb64(p))
        claims["sdk-test"] = "more"
        for token in ("x", "a.b", "a.b.c", self.good[:-4] + "AAAA", f"{h}.{b64(json.dumps(claims).encode())}.{s}",
                      f'{b64(json.dumps({"alg": "none"}).encode())}.{p}.', self.sim.token("https://vault.azure.net"),
                      self.sim.attest("--key", self.tee, "--lifetime", "0s", "x-ms-isolation-tee.x-ms-attestation-type=sevsnpvm")):
            error = self.release("forged", token=token, status=403)
            self.assertEqual((error["code"], error["message"]), ("Forbidden", NOT_VERIFIED), token[:40])

    def test_an_attestation_without_a_key_to_wrap_for_is_refused(self):
        self.create("nokey")
        token = self.sim.attest("x-ms-isolation-tee.x-ms-attestation-type=sevsnpvm")
        self.assertEqual(self.release("nokey", token=token, status=400)["code"], "BadParameter")

    def test_only_exportable_enabled_keys_that_are_there(self):
        self.sim.vault("release", "POST", "/keys/closed/create", {"kty": "EC-HSM"})
        error = self.release("closed", status=403)
        self.assertEqual((error["innererror"]["code"], error["message"]), ("KeyOperationForbidden", "Operation release is not permitted on this key."))
        self.create("off", attributes={"exportable": True, "enabled": False})
        self.assertEqual(self.release("off", status=403)["innererror"]["code"], "KeyDisabled")
        self.assertEqual(self.release("missing", status=404)["code"], "KeyNotFound")
        for body in ({}, {"target": ""}, {"target": 1}, {"target": self.good, "nonce": 1}, {"target": self.good, "nonce": "n" * 1025}):
            self.create("body")
            self.assertEqual(self.sim.vault("release", "POST", "/keys/body/release", body).code, "BadParameter")

    def test_an_immutable_policy_stays(self):
        policy = {**self.policy(("a", "b")), "immutable": True}
        self.create("fixed", policy)
        a = self.sim.vault("release", "PATCH", "/keys/fixed/", {"release_policy": self.policy(("a", "c"))})
        self.assertEqual((a.status, a.json["error"]["message"]), (400, "AKV.SKR.1020: Immutable Key Release Policy cannot be modified."))

    def test_the_authority_has_its_documents_where_its_name_says(self):
        a = self.sim.http("GET", self.issuer + "/.well-known/openid-configuration")
        self.assertEqual(a.json["issuer"], self.issuer)
        keys = self.sim.http("GET", a.json["jwks_uri"]).json["keys"]
        header = json.loads(unb64(self.good.split(".")[0]))
        self.assertEqual([k["kid"] for k in keys], [header["kid"]])
        self.assertEqual(set(keys[0]), {"kty", "use", "kid", "n", "e", "alg"})  # nothing private
        self.assertEqual(header["jku"], a.json["jwks_uri"])

    def test_nothing_of_a_released_key_is_in_logs(self):
        self.create("quiet")
        value = self.release("quiet")
        for path in [*(self.sim.state / "log").glob("*"), *(self.sim.state / "audit").glob("*")]:
            text = path.read_text()
            self.assertNotIn(value[:60], text)
            self.assertNotIn(self.good.split(".")[1][:60], text)

    def test_permission_is_asked_for(self):
        self.sim.make_vault("release2", [self.sim.policy(self.sim.oid, ["get"])])
        a = self.sim.vault("release2", "POST", "/keys/k/release", {"target": "x"})
        self.assertEqual((a.status, a.inner), (403, "ForbiddenByPolicy"))
        self.assertIn("does not have keys release permission", a.json["error"]["message"])

    def test_what_only_a_managed_hsm_has_a_vault_refuses(self):
        self.create("hsm")
        a = self.sim.vault("release", "GET", "/keys/hsm//attestation", version="7.6-preview.2")  # recorded
        self.assertEqual((a.status, a.body), (400, b'{"error":{"code":"BadParameter","message":"Method GET does not allow operation \'attestation\'"}}'))
        a = self.sim.vault("release", "POST", "/rng", {"count": 8})
        self.assertEqual((a.status, a.code), (400, "BadParameter"))


if __name__ == "__main__":
    unittest.main()
