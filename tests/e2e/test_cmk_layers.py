"""Layers of encryption: each is peeled with the keys that should open it, and ciphertext lies under each but the last.

Sources: enc.either-or OAI22 OAI24, enc.base-double SEC25, enc.cmk-layer FACE25 SEC25; the order of the layers is ours
(docs/architecture.md).
"""

import ctypes
import ctypes.util
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import unittest.mock

from cmk import CONTENT, Case
from harness import Sim, b64, unb64
from rules import OFF

CHUNK, OVERHEAD = 64 * 1024, 28


class Cipher:
    """AES-256-GCM of the system's libcrypto: what opens the layers here shares no line with what made them."""
    lib = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
        getattr(lib, name).restype = ctypes.c_void_p

    @classmethod
    def open(cls, key, sealed, aad):
        """None: it does not open."""
        lib, out, n = cls.lib, ctypes.create_string_buffer(len(sealed)), ctypes.c_int()
        ctx = ctypes.c_void_p(lib.EVP_CIPHER_CTX_new())
        try:
            lib.EVP_DecryptInit_ex(ctx, ctypes.c_void_p(lib.EVP_aes_256_gcm()), None, key, sealed[:12])
            lib.EVP_DecryptUpdate(ctx, None, ctypes.byref(n), aad, len(aad))
            lib.EVP_DecryptUpdate(ctx, out, ctypes.byref(n), sealed[12:-16], len(sealed) - OVERHEAD)
            lib.EVP_CIPHER_CTX_ctrl(ctx, 0x11, 16, sealed[-16:])
            good = lib.EVP_DecryptFinal_ex(ctx, ctypes.create_string_buffer(32), ctypes.byref(n))
        finally:
            lib.EVP_CIPHER_CTX_free(ctx)
        return out.raw[:len(sealed) - OVERHEAD] if good == 1 else None


class Layers(Case):
    def unwrap(self, dek):
        a = self.sim.vault(dek["vault"], "POST", f"/keys/{dek['key']}/{dek['version']}/unwrapkey",
                           {"alg": "RSA-OAEP-256", "value": dek["wrapped"]})
        self.assertEqual(a.status, 200, a.body)
        return unb64(a.json["value"])

    def first_chunk(self, record, layers):
        return self.blob()[:CHUNK + layers * OVERHEAD], f"{record['uid']}/{self.file}/0/-".encode()

    def root(self):
        return (self.sim.state / "provider" / "root.key").read_bytes()

    def base_keys(self, uid, sealed):
        keys = [Cipher.open(self.root(), unb64(text), f"{uid}/base/{i}".encode()) for i, text in enumerate(sealed)]
        self.assertNotIn(None, keys)
        return keys

    def peel(self, chunk, aad, keys):
        """From the outside in; under each layer but the last lies ciphertext. keys: the innermost first."""
        for key in reversed(keys):
            self.assertNotIn(CONTENT[:12], chunk)
            chunk = Cipher.open(key, chunk, aad)
            self.assertIsNotNone(chunk)
        self.assertEqual(chunk, CONTENT[:CHUNK])

    def test_openai_has_one_layer_under_the_one_or_the_other_key(self):
        self.prepare("l1")
        self.upload()
        record = self.account_record()
        self.assertEqual(set(record["dek"]), {"sealed"})
        chunk, aad = self.first_chunk(record, 1)
        self.peel(chunk, aad, self.base_keys(record["uid"], record["dek"]["sealed"]))
        self.assertEqual(self.encrypt(self.kid).status, 202)
        record = self.account_record()
        self.assertNotIn("sealed", record["dek"])
        self.assertNotIn("inner", record["dek"])
        self.peel(chunk, aad, [self.unwrap(record["dek"])])
        self.assertIsNone(Cipher.open(self.root(), chunk, aad))

    def test_other_kinds_have_two_layers_and_the_customers_around_their_keys(self):
        self.prepare("l2", kind="AIServices")
        self.upload()
        stored = self.blob()
        record = self.account_record()
        chunk, aad = self.first_chunk(record, 2)
        keys = self.base_keys(record["uid"], record["dek"]["sealed"])
        self.assertEqual(len(set(keys)), 2)
        self.peel(chunk, aad, keys)
        self.assertIsNone(Cipher.open(keys[0], chunk, aad), "the inner key alone opens nothing")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        record = self.account_record()
        dek = record["dek"]
        self.assertNotIn("sealed", dek)
        for i, text in enumerate(dek["inner"]):  # without the customer's layer nothing opens
            self.assertIsNone(Cipher.open(self.root(), unb64(text), f"{record['uid']}/base/{i}".encode()))
        customer = self.unwrap(dek)
        self.assertNotIn(customer, keys)
        peeled = [Cipher.open(customer, unb64(text), f"{record['uid']}/customer/{i}".encode()) for i, text in enumerate(dek["inner"])]
        self.assertNotIn(None, peeled)
        self.assertEqual(self.base_keys(record["uid"], [b64(p) for p in peeled]), keys)
        # Rotation wraps the key of the customer's layer anew, and nothing else.
        self.assertEqual(self.encrypt(self.new_version()).status, 202)
        after = self.account_record()["dek"]
        self.assertEqual(after["inner"], dek["inner"])
        self.assertNotEqual((after["version"], after["wrapped"]), (dek["version"], dek["wrapped"]))
        self.assertEqual(self.unwrap(after), customer)
        self.assertEqual(self.patch(OFF).status, 202)
        self.assertEqual(set(self.account_record()["dek"]), {"sealed"})
        self.assertEqual(self.blob(), stored)
        self.assert_readable()

    def test_revoking_and_restoring_with_layers(self):
        self.prepare("l3", kind="AIServices")
        self.upload()
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled", "rev.blocks-all")
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        self.assert_readable()

    def items(self, uid):
        """Stored items of an account's data plane, as they stand in the file (also in pages that are free again): collection, name, bytes."""
        data = (self.sim.state / "provider" / "data.mdb").read_bytes()
        found = re.findall(uid.encode() + rb'\0([a-z.]+)\0([^\0]+)\0({"name":"[^}]*"sealed":"[\w-]+"})', data)
        return {(c.decode(), json.loads(v)["name"], unb64(json.loads(v)["sealed"])) for c, _, v in found}

    def call(self, host, method, path, body):
        url = self.sim.e["openai_url"].replace("{account}", self.account).replace(".openai.", f".{host}.") + path
        return self.sim.http(method, url, json.dumps(body), {"Ocp-Apim-Subscription-Key": self.sim.api_key(self.account), "Content-Type": "application/json"})

    def test_items_of_face_language_and_speech_lie_under_two_layers_and_the_customers_around_their_keys(self):
        secret = "what only the customer may read"
        project = {"projectName": "names", "language": "en", "projectKind": "CustomEntityRecognition", "description": secret,
                   "storageInputContainerName": "c"}
        dataset = {"kind": "Acoustic", "displayName": secret, "locale": "en-US", "contentUrl": "https://data.example.com/a.zip"}
        for tag, kind, sku, method, path, body in (
                ("f", "Face", "S0", "PUT", "/face/v1.0/facelists/staff", {"name": secret}),
                ("t", "TextAnalytics", "S", "PATCH", "/language/authoring/analyze-text/projects/names?api-version=2023-04-01", project),
                ("s", "SpeechServices", "S0", "POST", "/speechtotext/v3.2/datasets", dataset)):
            with self.subTest(kind=kind):
                self.prepare("li" + tag, kind=kind)
                if sku != "S0":
                    self.assertEqual(self.patch({"sku": {"name": sku}}).status, 200)
                self.assertLess(self.call("cognitiveservices", method, path, body).status, 300)
                record = self.account_record()
                keys = self.base_keys(record["uid"], record["dek"]["sealed"])
                self.assertEqual(len(set(keys)), 2)
                stored = self.items(record["uid"])
                self.assertTrue(stored)
                self.assertTrue(any(secret.encode() in self.peel_item(record["uid"], item, keys) for item in stored))
                self.assertIn(self.encrypt(self.kid).status, (200, 202))
                self.assertEqual(self.items(record["uid"]), stored, "enabling changes no stored data")
                dek = self.account_record()["dek"]
                customer = self.unwrap(dek)
                peeled = [b64(Cipher.open(customer, unb64(text), f"{record['uid']}/customer/{i}".encode())) for i, text in enumerate(dek["inner"])]
                self.assertEqual(self.base_keys(record["uid"], peeled), keys)

    def peel_item(self, uid, item, keys):
        collection, name, sealed = item
        for key in reversed(keys):
            sealed = Cipher.open(key, sealed, f"item/{uid}/{collection}/{name}".encode())
            self.assertIsNotNone(sealed)
        return sealed

    def test_an_account_that_becomes_another_kind_keeps_its_layers(self):
        self.prepare("l4")
        self.upload()
        self.assertEqual(self.patch({"kind": "AIServices"}).status, 200)
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.assertNotIn("inner", self.account_record()["dek"])
        self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled", "rev.blocks-all")

    def test_a_purged_vault_loses_the_key_and_the_service_says_so(self):
        s = self.sim
        self.prepare("l5")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        s.arm("DELETE", s.vault_id(self.vault))
        a = self.assert_refused("NotFound")
        self.assertNotIn("life.lost-key", a.json["error"]["innererror"]["rules"], "it can still be recovered")
        s.kvsim("clock", "advance", "91d")
        a = self.assert_refused("CustomerManagedKeyLost")
        self.assertIn("life.lost-key", a.json["error"]["innererror"]["rules"])
        self.assertIn("can't be recovered", a.json["error"]["message"])


class Fips(unittest.TestCase):
    """enc.aes256: "FIPS 140-2 compliant 256-bit AES"; by OpenSSL's FIPS provider where that is installed and asked for."""

    def up(self, folder):
        with Sim(state=folder, args=["--fips", "--durability", "relaxed"]) as s:
            s.group()
            s.make_account("acctfips")
            id = s.upload("acctfips", CONTENT).json["id"]
            self.assertEqual(s.files("acctfips", "GET", f"/{id}/content").body, CONTENT)

    def refused(self, text):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(RuntimeError) as e:
                self.up(folder)
            self.assertIn("--fips: OpenSSL's FIPS provider " + text, str(e.exception))

    def test_data_is_encrypted_by_the_fips_provider_or_nothing_starts(self):
        try:
            installed = subprocess.run(["openssl", "list", "-providers", "-provider", "fips"], capture_output=True).returncode == 0
        except FileNotFoundError:
            self.skipTest("there is no openssl here to ask for its FIPS provider")
        if installed:
            with tempfile.TemporaryDirectory() as folder:
                self.up(folder)
        else:
            print("OpenSSL's FIPS provider is not installed: seen is that nothing starts without it")
            self.refused("can't be loaded")

    def test_a_provider_of_that_name_without_the_cipher_is_refused(self):
        legacy = [p for p in pathlib.Path("/usr/lib").rglob("ossl-modules/legacy.so")]
        if not legacy:
            self.skipTest("there is no other provider here to put in its place")
        with tempfile.TemporaryDirectory() as modules, unittest.mock.patch.dict(os.environ, {"OPENSSL_MODULES": modules}):
            pathlib.Path(modules, "fips.so").symlink_to(legacy[0])
            self.refused("has no AES-256-GCM")


if __name__ == "__main__":
    unittest.main()
