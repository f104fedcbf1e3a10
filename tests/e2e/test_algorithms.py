"""Every key type with every algorithm over HTTPS, premium and standard vaults, import, and what is refused."""

import base64
import hashlib
import json
import os
import pathlib
import tempfile
import unittest

from harness import SimTest, b64, openssl, unb64

NEW = "2026-04-01"  # symmetric keys: versions.md 1.4
RSA_SIZES, CURVES, OCT_SIZES = (2048, 3072, 4096), ("P-256", "P-384", "P-521", "P-256K"), (128, 192, 256)
BAD_KTY = "Property  has invalid value\r\n"  # recorded for oct-HSM, azure-rules.md 8
BAD_JWK = 'The property "key" must be a valid JsonWebKey object.'  # recorded, azure-rules.md 8


class AlgorithmTest(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("plain")
        cls.sim.make_vault("prem", sku={"family": "A", "name": "premium"})

    def ok(self, *args, vault="prem", version=NEW):
        a = self.sim.vault(vault, *args, version=version)
        self.assertEqual(a.status, 200, a.body)
        return a.json

    def refused(self, *args, vault="prem", version=NEW, status=400, code="BadParameter"):
        a = self.sim.vault(vault, *args, version=version)
        self.assertEqual((a.status, a.code), (status, code), a.body)
        return a.json["error"]["message"]

    def make(self, name, body, **kw):
        return self.ok("POST", f"/keys/{name}/create", body, **kw)


class EveryKeyAndAlgorithm(AlgorithmTest):
    """The unit tests cover every row on every key; here each row goes over the wire once a key type."""

    def test_what_is_encrypted_or_wrapped_comes_back(self):
        rows = [("RSA-HSM", {"key_size": s}, alg, ops) for s in RSA_SIZES[:2] for alg in ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256")
                for ops in (("encrypt", "decrypt"), ("wrapkey", "unwrapkey"))]
        rows += [(kty, {"key_size": s}, f"A{s}{mode}", ("encrypt", "decrypt"))
                 for kty in ("oct", "oct-HSM") for s in OCT_SIZES for mode in ("GCM", "CBC", "CBCPAD")]
        rows += [(kty, {"key_size": s}, alg, ("wrapkey", "unwrapkey"))
                 for kty in ("oct", "oct-HSM") for s in OCT_SIZES for alg in (f"A{s}KW", "CKM_AES_KEY_WRAP", "CKM_AES_KEY_WRAP_PAD")]
        for kty, size, alg, (to, back) in rows:
            with self.subTest(kty=kty, size=size, alg=alg, op=to):
                key = self.make(f"{kty}-{size['key_size']}", {"kty": kty, **size})["key"]
                kid = key["kid"]
                path = "/keys/" + "/".join(kid.split("/")[-2:])
                plain = os.urandom(32)
                body = {"alg": alg, "value": b64(plain)}
                if "CBC" in alg:
                    body["iv"] = b64(os.urandom(16))
                if "GCM" in alg:
                    body["aad"] = b64(b"additional")
                sealed = self.ok("POST", f"{path}/{to}", body)
                want = ["kid", "value"] + (["iv", "tag", "aad"] if "GCM" in alg else ["iv"] if "CBC" in alg else [])
                self.assertEqual(list(sealed), want)
                self.assertEqual(sealed["kid"], kid)
                opened = self.ok("POST", f"{path}/{back}", {"alg": alg, **{m: v for m, v in sealed.items() if m != "kid"}})
                self.assertEqual(opened, {"kid": kid, "value": b64(plain)})

    def test_what_is_signed_verifies_and_nothing_else(self):
        digests = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
        rows = [({"kty": "RSA", "key_size": 2048}, f"{p}{n}", n) for p in ("RS", "PS") for n in digests]
        rows += [({"kty": "RSA-HSM", "key_size": 2048}, "RSNULL", "256"), ({"kty": "EC", "crv": "P-256"}, "ES256", "256"),
                 ({"kty": "EC-HSM", "crv": "P-384"}, "ES384", "384"), ({"kty": "EC", "crv": "P-521"}, "ES512", "512"),
                 ({"kty": "EC-HSM", "crv": "P-256K"}, "ES256K", "256")]
        rows += [({"kty": "oct-HSM", "key_size": s, "key_ops": ["sign", "verify"]}, f"HS{n}", n) for s in OCT_SIZES for n in digests]
        for body, alg, n in rows:
            with self.subTest(body=body, alg=alg):
                self.make("signer", body)
                digest = digests[n](b"message").digest()
                signed = self.ok("POST", "/keys/signer/sign", {"alg": alg, "value": b64(digest)})
                self.assertEqual(list(signed), ["kid", "value"])
                verify = {"alg": alg, "digest": b64(digest), "value": signed["value"]}
                self.assertEqual(self.ok("POST", "/keys/signer/verify", verify), {"value": True})
                verify["digest"] = b64(bytes([digest[0] ^ 1]) + digest[1:])
                self.assertEqual(self.ok("POST", "/keys/signer/verify", verify), {"value": False})

    def test_a_changed_tag_or_nonce_or_additional_data_is_refused(self):
        self.make("gcm", {"kty": "oct-HSM", "key_size": 256})
        sealed = self.ok("POST", "/keys/gcm/encrypt", {"alg": "A256GCM", "value": b64(b"text"), "aad": b64(b"aad")})
        good = {"alg": "A256GCM", **{m: v for m, v in sealed.items() if m != "kid"}}
        self.assertEqual(unb64(self.ok("POST", "/keys/gcm/decrypt", good)["value"]), b"text")
        for member in ("value", "iv", "tag", "aad"):
            raw = unb64(good[member])
            bad = {**good, member: b64(bytes([raw[0] ^ 1]) + raw[1:])}
            self.assertEqual(self.refused("POST", "/keys/gcm/decrypt", bad), "The parameter is incorrect.", member)
        self.assertEqual(self.refused("POST", "/keys/gcm/decrypt", {**good, "iv": b64(b"x" * 11)}),
                         "Invalid length of 'iv': 11 bytes. A256GCM requires 12 bytes, encoded with base64url.")
        del good["tag"]
        self.assertEqual(self.refused("POST", "/keys/gcm/decrypt", good), "Property 'tag' is required.\r\n")


class Types(AlgorithmTest):
    def test_a_symmetric_key_shows_its_size_and_nothing_of_itself(self):
        a = self.make("sym", {"kty": "oct-HSM", "key_size": 192})
        self.assertEqual(list(a["key"]), ["kid", "kty", "key_ops"])
        self.assertEqual(a["key"]["key_ops"], ["encrypt", "decrypt", "wrapKey", "unwrapKey"])
        self.assertEqual((a["attributes"]["key_size"], a["attributes"]["hsmPlatform"]), (192, "1"))
        self.assertEqual(self.ok("GET", "/keys/sym"), a)
        self.assertNotIn("key_size", self.ok("GET", "/keys/sym", version="7.5")["attributes"])
        self.assertNotIn("key_size", self.make("rsa", {"kty": "RSA"})["attributes"])

    def test_symmetric_keys_are_for_premium_vaults_and_newer_versions(self):
        for kty in ("oct", "oct-HSM"):
            body = {"kty": kty, "key_size": 256}
            self.assertEqual(self.refused("POST", "/keys/k/create", body, vault="plain"), BAD_KTY)
            for version in ("7.3", "7.6", "2025-07-01"):  # recorded with 7.3
                self.assertEqual(self.refused("POST", "/keys/k/create", body, version=version), BAD_KTY)
            jwk = {"key": {"kty": kty, "k": b64(b"k" * 16)}}
            self.assertEqual(self.refused("PUT", "/keys/k", jwk, vault="plain"), BAD_KTY)
            self.assertEqual(self.refused("PUT", "/keys/k", jwk, version="7.4"), BAD_KTY)
        self.refused("GET", "/keys/k", status=404, code="KeyNotFound")

    def test_hsm_types_need_premium(self):
        for body in ({"kty": "RSA-HSM"}, {"kty": "EC-HSM"}):
            self.refused("POST", "/keys/k/create", body, vault="plain")
            self.assertEqual(self.make("hsm", body, version="7.5")["attributes"]["hsmPlatform"], "1")

    def test_sizes_curves_and_types_that_do_not_exist_are_refused(self):
        for body, name in (({"kty": "RSA", "key_size": 1024}, "key_size"), ({"kty": "RSA", "key_size": 256}, "key_size"),
                           ({"kty": "RSA", "key_size": "2048"}, "key_size"), ({"kty": "oct-HSM", "key_size": 512}, "key_size"),
                           ({"kty": "EC", "crv": "P-512"}, "crv"), ({"kty": "EC", "crv": 7}, "crv"), ({"kty": "DSA"}, ""),
                           ({"kty": 1}, ""), ({}, ""), ({"kty": "RSA", "key_ops": ["dance"]}, "key_ops")):
            self.assertEqual(self.refused("POST", "/keys/k/create", body), f"Property {name} has invalid value\r\n", body)

    def test_secure_wrap_answers_as_an_operation_that_vaults_do_not_have(self):
        self.make("sw", {"kty": "RSA-HSM", "key_ops": ["secureWrapKey", "secureUnwrapKey"]})
        for operation in ("securewrapkey", "secureunwrapkey"):
            for path in ("/keys/sw/", "/keys/sw//"):
                self.assertEqual(self.refused("POST", f"{path}{operation}", {"alg": "RSA-OAEP-256"}),
                                 f"Method POST does not allow operation '{operation}'")  # wording recorded for attestation
        self.assertEqual(self.refused("POST", "/keys/sw2/create", {"kty": "RSA", "key_ops": ["secureWrapKey"]}, version="7.6"),
                         "Property key_ops has invalid value\r\n")

    def test_a_key_exchange_key_lives_two_days(self):
        a = self.make("kek", {"kty": "RSA-HSM", "key_ops": ["import"]}, version="7.5")["attributes"]
        self.assertEqual(a["exp"] - a["created"], 172800)  # recorded
        self.assertNotIn("exp", self.make("nokek", {"kty": "RSA-HSM"}, version="7.5")["attributes"])


class MlDsa(AlgorithmTest):
    """Live where the OpenSSL library at hand has the algorithm; refused elsewhere. versions.md 1.3."""

    VERSION = "2026-05-01-preview"
    BODY = {"kty": "AKP", "alg": "ML-DSA-44", "key_ops": ["sign", "verify"]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        library = openssl("version").decode().split("Library: OpenSSL ")[-1].removeprefix("OpenSSL ").split()[0]
        cls.live = tuple(int(n) for n in library.split(".")[:2]) >= (3, 5)

    def test_older_versions_and_standard_vaults_do_not_know_the_type(self):
        self.assertEqual(self.refused("POST", "/keys/pq/create", self.BODY), BAD_KTY)
        self.assertEqual(self.refused("POST", "/keys/pq/create", self.BODY, version=self.VERSION, vault="plain"), BAD_KTY)

    def test_without_the_algorithm_the_type_is_unsupported(self):
        if self.live:
            self.skipTest("this OpenSSL has ML-DSA")
        for kty in ("AKP", "AKP-HSM"):
            self.assertEqual(self.refused("POST", "/keys/pq/create", {**self.BODY, "kty": kty}, version=self.VERSION), BAD_KTY)
        self.make("rsa", {"kty": "RSA"})
        self.refused("POST", "/keys/rsa/sign", {"alg": "ML-DSA-44", "value": b64(b"x")}, version=self.VERSION)

    def test_with_it_messages_are_signed_without_naming_the_algorithm(self):
        if not self.live:
            self.skipTest("this OpenSSL has no ML-DSA")
        for n, (pub, signature) in {"44": (1312, 2420), "65": (1952, 3309), "87": (2592, 4627)}.items():
            key = self.make("pq", {**self.BODY, "alg": f"ML-DSA-{n}"}, version=self.VERSION)["key"]
            self.assertEqual(list(key), ["kid", "kty", "alg", "key_ops", "pub"])
            self.assertEqual((key["kty"], key["alg"], len(unb64(key["pub"]))), ("AKP-HSM", f"ML-DSA-{n}", pub))
            body = {"value": b64(b"message"), "context": b64(b"ctx")}
            signed = self.ok("POST", "/keys/pq/sign", body, version=self.VERSION)
            self.assertEqual((list(signed), len(unb64(signed["value"]))), (["kid", "value"], signature))
            for context, valid in ((b"ctx", True), (b"other", False)):
                verify = {"value": signed["value"], "digest": b64(b"message"), "context": b64(context)}
                self.assertEqual(self.ok("POST", "/keys/pq/verify", verify, version=self.VERSION), {"value": valid})
            mu = {"external_mu": b64(b"m" * 64)}
            by_mu = self.ok("POST", "/keys/pq/sign", mu, version=self.VERSION)["value"]
            self.assertEqual(self.ok("POST", "/keys/pq/verify", {**mu, "value": by_mu}, version=self.VERSION), {"value": True})
            for more in ({"value": b64(b"x")}, {"alg": f"ML-DSA-{n}"}, {"context": b64(b"x")}):
                self.refused("POST", "/keys/pq/sign", {**mu, **more}, version=self.VERSION)
            self.refused("POST", "/keys/pq/sign", {"alg": "RS256", "value": b64(b"x" * 32)}, version=self.VERSION)


class Dates(AlgorithmTest):
    def test_an_expired_key_opens_and_does_not_seal(self):
        self.make("old", {"kty": "oct-HSM", "key_size": 128})
        kw = {"alg": "A128KW", "value": b64(b"k" * 16)}
        wrapped = self.ok("POST", "/keys/old/wrapkey", kw)
        gcm = self.ok("POST", "/keys/old/encrypt", {"alg": "A128GCM", "value": b64(b"x")})
        self.ok("PATCH", "/keys/old", {"attributes": {"exp": 1000000000}})
        self.refused("POST", "/keys/old/wrapkey", kw, status=403, code="Forbidden")
        self.refused("POST", "/keys/old/encrypt", {"alg": "A128GCM", "value": b64(b"x")}, status=403, code="Forbidden")
        self.assertEqual(self.ok("POST", "/keys/old/unwrapkey", {"alg": "A128KW", "value": wrapped["value"]})["value"], kw["value"])
        self.assertEqual(unb64(self.ok("POST", "/keys/old/decrypt", {"alg": "A128GCM", "value": gcm["value"], "iv": gcm["iv"],
                                                                     "tag": gcm["tag"]})["value"]), b"x")
        self.ok("PATCH", "/keys/old", {"attributes": {"enabled": False}})
        self.refused("POST", "/keys/old/unwrapkey", {"alg": "A128KW", "value": wrapped["value"]}, status=403, code="Forbidden")


class Import(AlgorithmTest):
    def jwk(self, *genpkey):
        """A key made by the openssl command, as a JWK (through its own text output of numbers)."""
        with tempfile.TemporaryDirectory() as d:
            pem = pathlib.Path(d, "key.pem")
            pem.write_bytes(openssl("genpkey", *genpkey))
            text = openssl("pkey", "-in", str(pem), "-noout", "-text").decode()
        fields, name = {}, None
        for line in text.splitlines():
            if line.startswith(" "):
                fields[name] += line.strip().replace(":", "")
            else:
                name, _, rest = line.partition(":")
                fields[name] = rest.strip()
        return fields

    @staticmethod
    def number(hexes, width=None):
        raw = bytes.fromhex(hexes).lstrip(b"\0")
        return b64(raw.rjust(width or len(raw), b"\0"))

    def rsa(self, bits="2048"):
        f = self.jwk("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")
        names = {"n": "modulus", "d": "privateExponent", "p": "prime1", "q": "prime2", "dp": "exponent1", "dq": "exponent2",
                 "qi": "coefficient"}
        return {"kty": "RSA", "e": "AQAB", **{k: self.number(f[v]) for k, v in names.items()}}

    def ec(self, curve, crv, width):
        f = self.jwk("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")
        point = bytes.fromhex(f["pub"])[1:]
        return {"kty": "EC", "crv": crv, "x": b64(point[:width]), "y": b64(point[width:]), "d": self.number(f["priv"], width)}

    def test_a_symmetric_key_of_ones_own_gives_the_openssl_commands_result(self):
        for size in OCT_SIZES:
            raw, iv = os.urandom(size // 8), bytes(range(16))
            a = self.ok("PUT", "/keys/mine", {"key": {"kty": "oct", "k": b64(raw)}, "Hsm": True})
            self.assertEqual((a["key"]["kty"], a["attributes"]["key_size"]), ("oct-HSM", size))
            self.assertNotIn(b64(raw), json.dumps(a))
            theirs = openssl("enc", f"-aes-{size}-cbc", "-K", raw.hex(), "-iv", iv.hex(), data=b"attack at dawn")
            ours = self.ok("POST", "/keys/mine/encrypt", {"alg": f"A{size}CBCPAD", "value": b64(b"attack at dawn"), "iv": b64(iv)})
            self.assertEqual(unb64(ours["value"]), theirs)
            self.assertEqual(unb64(ours["iv"]), iv)
            wrapped = openssl("enc", f"-id-aes{size}-wrap", "-K", raw.hex(), "-iv", "a6" * 8, data=b"k" * 32)
            got = self.ok("POST", "/keys/mine/unwrapkey", {"alg": f"A{size}KW", "value": b64(wrapped)})
            self.assertEqual(unb64(got["value"]), b"k" * 32)

    def test_rsa_and_ec_keys_of_openssl_are_taken_and_shown_without_their_private_part(self):
        keys = [self.rsa()] + [self.ec(*c) for c in (("P-256", "P-256", 32), ("P-384", "P-384", 48), ("P-521", "P-521", 66),
                                                     ("secp256k1", "P-256K", 32))]
        for jwk in keys:
            for hsm in (False, True):
                a = self.ok("PUT", "/keys/theirs", {"key": jwk, "Hsm": hsm})
                self.assertEqual(a["key"]["kty"], jwk["kty"] + ("-HSM" if hsm else ""))
                self.assertEqual({m: a["key"][m] for m in a["key"] if m in jwk and m != "kty"},
                                 {m: jwk[m] for m in a["key"] if m in jwk and m != "kty"})
                self.assertFalse(set(a["key"]) & {"d", "p", "q", "dp", "dq", "qi", "k"})
            self.refused("PUT", "/keys/theirs", {"key": jwk, "Hsm": True}, vault="plain")

    def test_weak_or_inconsistent_keys_are_refused(self):
        rsa, ec = self.rsa(), self.ec("P-256", "P-256", 32)
        other, other_ec = self.rsa(), self.ec("P-256", "P-256", 32)
        bad = [{}, {"kty": "RSA"}, {"kty": "oct"}, {"kty": "oct", "k": b64(b"k" * 15)}, {"kty": "oct", "k": "!"}]
        bad += [{**rsa, m: other[m]} for m in ("n", "d", "p", "q", "dp", "dq", "qi")] + [{**ec, m: other_ec[m]} for m in "xyd"]
        bad += [{m: v for m, v in rsa.items() if m != "d"}, {m: v for m, v in ec.items() if m != "d"}, {**ec, "crv": "P-384"}]
        bad += [{**rsa, "e": b64(b"\1")}, self.rsa("512")]
        for jwk in bad:
            self.assertEqual(self.refused("PUT", "/keys/bad", {"key": jwk}), BAD_JWK)
        self.assertEqual(self.refused("PUT", "/keys/bad", {"key": {"kty": "AKP"}}, version="2026-05-01-preview"), BAD_JWK)
        self.refused("GET", "/keys/bad", status=404, code="KeyNotFound")


class BringYourOwnKey(AlgorithmTest):
    """Transfer blobs as the documents' BYOK specification says, made with the openssl command."""

    @staticmethod
    def der(tag, *parts):
        body = b"".join(parts)
        n = len(body)
        size = bytes([n]) if n < 128 else (lambda b: bytes([128 + len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, "big"))
        return bytes([tag]) + size + body

    def public_pem(self, jwk):
        def integer(text):
            return self.der(2, b"\0" + unb64(text).lstrip(b"\0"))
        key = self.der(0x30, integer(jwk["n"]), integer(jwk["e"]))
        algorithm = self.der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
        spki = self.der(0x30, algorithm, self.der(3, b"\0" + key))
        return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki) + b"-----END PUBLIC KEY-----\n"

    def blob(self, kek, target, **header):
        aes = os.urandom(32)
        with tempfile.TemporaryDirectory() as d:
            pem = pathlib.Path(d, "kek.pem")
            pem.write_bytes(self.public_pem(kek))
            first = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", str(pem), "-pkeyopt", "rsa_padding_mode:oaep", data=aes)
        second = openssl("enc", "-id-aes256-wrap-pad", "-K", aes.hex(), "-iv", "a65959a6", data=target)
        return {"schema_version": "1.0.0", "header": {"kid": kek["kid"], "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP", **header},
                "ciphertext": b64(first + second), "generator": "kvsim test"}

    @staticmethod
    def pkcs8(*genpkey):
        return openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=openssl("genpkey", *genpkey))

    def jwk(self, kty, blob):
        return {"key": {"kty": kty, "key_hsm": b64(json.dumps(blob).encode() if isinstance(blob, dict) else blob)}}

    def test_a_key_wrapped_for_the_exchange_key_is_imported_and_works(self):
        kek = self.make("kek", {"kty": "RSA-HSM", "key_ops": ["import"]})["key"]
        rsa, ec, raw = self.pkcs8("-algorithm", "RSA"), self.pkcs8("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), os.urandom(32)
        a = self.ok("PUT", "/keys/mine", self.jwk("RSA-HSM", self.blob(kek, rsa)))
        self.assertEqual((a["key"]["kty"], len(unb64(a["key"]["n"]))), ("RSA-HSM", 256))
        sealed = self.ok("POST", "/keys/mine/encrypt", {"alg": "RSA-OAEP-256", "value": b64(b"text")})["value"]
        with tempfile.TemporaryDirectory() as d:
            pathlib.Path(d, "k").write_bytes(rsa)
            self.assertEqual(openssl("pkeyutl", "-decrypt", "-inkey", d + "/k", "-keyform", "DER", "-pkeyopt", "rsa_padding_mode:oaep",
                                     "-pkeyopt", "rsa_oaep_md:sha256", data=unb64(sealed)), b"text")
        self.assertEqual(self.ok("PUT", "/keys/mine", self.jwk("EC-HSM", self.blob(kek, ec)))["key"]["crv"], "P-384")
        self.assertEqual(self.ok("PUT", "/keys/mine", self.jwk("oct-HSM", self.blob(kek, raw)))["attributes"]["key_size"], 256)

    def test_blobs_that_are_none_are_refused(self):
        kek = self.make("kek2", {"kty": "RSA-HSM", "key_ops": ["import"]})["key"]
        rsa = self.pkcs8("-algorithm", "RSA")
        good = self.blob(kek, rsa)
        for bad in (b"", b"{", b"[]", {**good, "schema_version": "2"}, {**good, "ciphertext": "!"}, {**good, "ciphertext": b64(b"x" * 300)},
                    {**good, "ciphertext": good["ciphertext"][:-8]}, {**good, "header": 1}, self.blob(kek, b"not a key"),
                    self.blob(kek, rsa[:-9]), self.blob(kek, rsa, enc="none"), self.blob(kek, rsa, kid="nonsense"),
                    self.blob(kek, self.pkcs8("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")),
                    self.blob(kek, self.pkcs8("-algorithm", "ED25519"))):
            self.assertEqual(self.refused("PUT", "/keys/bad", self.jwk("RSA-HSM", bad)), "The key transfer blob can't be opened.", bad)
        self.refused("PUT", "/keys/bad", self.jwk("EC-HSM", good))
        self.assertEqual(self.refused("PUT", "/keys/bad", self.jwk("RSA", good)), BAD_JWK)  # only an HSM takes it
        self.refused("PUT", "/keys/bad", self.jwk("RSA-HSM", self.blob(kek, rsa, kid=kek["kid"][:-32] + "0" * 32)), status=404,
                     code="KeyNotFound")
        self.refused("GET", "/keys/bad", status=404, code="KeyNotFound")

    def test_the_exchange_key_must_be_for_import_and_usable(self):
        rsa = self.pkcs8("-algorithm", "RSA")
        kek = self.make("kek3", {"kty": "RSA-HSM", "key_ops": ["encrypt", "unwrapKey"]})["key"]
        self.refused("PUT", "/keys/x", self.jwk("RSA-HSM", self.blob(kek, rsa)), status=403, code="Forbidden")
        kek = self.make("kek3", {"kty": "RSA-HSM", "key_ops": ["import"]})["key"]
        self.ok("PATCH", "/keys/kek3", {"attributes": {"exp": 1000000000}})
        self.refused("PUT", "/keys/x", self.jwk("RSA-HSM", self.blob(kek, rsa)), status=403, code="Forbidden")
        self.ok("PATCH", "/keys/kek3", {"attributes": {"exp": 4000000000, "enabled": False}})
        self.refused("PUT", "/keys/x", self.jwk("RSA-HSM", self.blob(kek, rsa)), status=403, code="Forbidden")
        self.ok("PATCH", "/keys/kek3", {"attributes": {"enabled": True}})
        self.ok("PUT", "/keys/x", self.jwk("RSA-HSM", self.blob(kek, rsa)))


class Release(AlgorithmTest):
    RULES = {"anyOf": [{"anyOf": [{"claim": "sdk-test", "equals": "true"}], "authority": "https://fakeattestation"}], "version": "1.0.0"}

    def policy(self, rules=None, **more):
        return {"data": b64(json.dumps(self.RULES if rules is None else rules).encode()), **more}

    def test_a_policy_is_shown_rewritten_as_recorded(self):
        a = self.make("exp", {"kty": "EC-HSM", "crv": "P-256K", "attributes": {"exportable": True}, "release_policy": self.policy()},
                      version="7.3")
        self.assertEqual(list(a), ["key", "attributes", "release_policy"])
        self.assertTrue(a["attributes"]["exportable"])
        self.assertEqual(list(a["release_policy"].items())[0], ("contentType", "application/json; charset=utf-8"))
        self.assertEqual(a["release_policy"]["immutable"], False)
        self.assertEqual(unb64(a["release_policy"]["data"]),  # recorded, with another authority
                         b'{"version":"1.0.0","anyOf":[{"authority":"https://fakeattestation","anyOf":[{"claim":"sdk-test",'
                         b'"equals":"true"}]}]}')
        self.assertEqual(self.ok("GET", "/keys/exp", version="7.3"), a)
        self.assertNotIn("release_policy", self.ok("GET", "/keys/exp", version="7.2"))

    def test_the_next_version_of_an_exportable_key_keeps_the_policy(self):
        body = {"kty": "RSA-HSM", "attributes": {"exportable": True}}
        self.assertIn("release policy", self.refused("POST", "/keys/next/create", body))
        first = self.make("next", {**body, "release_policy": self.policy()})
        for again in (self.make("next", body), self.ok("POST", "/keys/next/rotate")):
            self.assertEqual(again["release_policy"], first["release_policy"])
            self.assertTrue(again["attributes"]["exportable"])

    def test_an_immutable_policy_stays(self):
        self.make("stone", {"kty": "RSA-HSM", "attributes": {"exportable": True}, "release_policy": self.policy(immutable=True)})
        self.assertEqual(self.refused("PATCH", "/keys/stone", {"release_policy": self.policy(immutable=True)}),
                         "AKV.SKR.1020: Immutable Key Release Policy cannot be modified.")  # recorded
        self.make("clay", {"kty": "RSA-HSM", "attributes": {"exportable": True}, "release_policy": self.policy()})
        other = {"version": "1.0.0", "anyOf": [{"authority": "https://a", "allOf": [{"claim": "c", "equals": True}]}]}
        a = self.ok("PATCH", "/keys/clay", {"release_policy": self.policy(other, immutable=True), "attributes": {"exportable": True}})
        self.assertEqual(json.loads(unb64(a["release_policy"]["data"])), other)
        self.refused("PATCH", "/keys/clay", {"release_policy": self.policy()})

    def test_software_keys_are_not_exportable_and_it_does_not_change(self):
        body = {"kty": "RSA", "attributes": {"exportable": True}, "release_policy": self.policy()}
        self.refused("POST", "/keys/soft/create", body)
        self.make("soft", {"kty": "RSA"})
        self.refused("PATCH", "/keys/soft", {"attributes": {"exportable": True}})
        self.ok("PATCH", "/keys/soft", {"attributes": {"exportable": False, "enabled": True}})  # Java sends it: clients.md

    def test_what_is_no_policy_is_refused(self):
        node = {"claim": "c", "equals": "v"}
        deep = node
        for _ in range(20):
            deep = {"anyOf": [deep]}
        for rules in ({}, {"version": "1.0.0"}, {"version": "2.0.0", "anyOf": self.RULES["anyOf"]}, {"version": "1.0.0", "anyOf": []},
                      {"version": "1.0.0", "anyOf": [node]}, {"version": "1.0.0", "anyOf": [{"authority": "a", "anyOf": [deep]}]},
                      {"version": "1.0.0", "anyOf": [{"authority": "a", "anyOf": [{**node, "more": 1}]}]},
                      {"version": "1.0.0", "anyOf": [{"authority": "a", "anyOf": [{"claim": "c", "equals": None}]}]}, [1], "x"):
            message = self.refused("POST", "/keys/p/create", {"kty": "EC-HSM", "release_policy": self.policy(rules)})
            self.assertEqual(message, "Property release_policy has invalid value\r\n", rules)
        for policy in ({"data": "!"}, {"data": 1}, {}, {"data": b64(b"{"), "immutable": False}, self.policy(immutable="yes"), "x"):
            self.refused("POST", "/keys/p/create", {"kty": "EC-HSM", "release_policy": policy})


if __name__ == "__main__":
    unittest.main()
