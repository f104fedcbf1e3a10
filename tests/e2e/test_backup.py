"""Backup and restore: all versions with ids and times, same subscription and geography, conflicts, damage, limits.

Envelope, conflict and corruption texts: recorded (wire-samples.md, azure-rules.md section 8).
"""

import json
import tempfile
import unittest

from harness import Sim, SimTest, b64, unb64

CONFLICT = ("There was a conflict restoring the key '{}'. This can happen if either: a second key with the same name was created after the "
            "first key was deleted; thus trying to restore a key whose name is already in use. To fix this, rename the second key to "
            "something else so that the restore works. The second probable cause of this exception is when multiple operations are "
            "performed in parallel against the key. To avoid this error, perform operations against a key in a sequential manner.")
DIGEST = b64(b"d" * 32)


class Backup(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("one", "two"):
            cls.sim.make_vault(name + "-bak")

    def call(self, vault, method, path, body=None, status=200, **kw):
        a = self.sim.vault(vault + "-bak", method, path, body, **kw)
        self.assertEqual(a.status, status, a.body)
        return a.json if a.body else None

    def make_at(self, name, location):
        a = self.sim.arm("PUT", self.sim.vault_id(name), {"location": location, "properties": {
            "tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [self.sim.policy(self.sim.oid, ["all"])]}})
        self.assertEqual(a.status, 200, a.body)

    def backup(self, name, vault="one"):
        return self.call(vault, "POST", f"/keys/{name}/backup")["value"]

    def purge(self, name, vault="one"):
        self.call(vault, "DELETE", "/keys/" + name)
        self.call(vault, "DELETE", "/deletedkeys/" + name, status=204)

    def versions(self, vault, name):
        """kid without host -> bundle."""
        value = self.call(vault, "GET", f"/keys/{name}/versions")["value"]
        paths = ["/" + v["kid"].split("/", 3)[3] for v in value]
        out = {}
        for p in paths:
            bundle = self.call(vault, "GET", p)
            bundle["key"].pop("kid")
            out[p] = bundle
        return out

    def test_a_purged_key_comes_back_whole(self):
        for i, body in enumerate(({"kty": "RSA"}, {"kty": "EC", "crv": "P-256K", "tags": {"a": "b"}}, {"kty": "EC", "crv": "P-521"})):
            name = f"whole{i}"
            first = self.call("one", "POST", f"/keys/{name}/create", {**body, "attributes": {"exp": 4000000000, "nbf": 1}})
            self.sim.kvsim("clock", "advance", "1h")
            self.call("one", "POST", f"/keys/{name}/create", {**body, "attributes": {"enabled": False}})
            self.call("one", "POST", f"/keys/{name}/rotate")
            self.call("one", "PUT", f"/keys/{name}/rotationpolicy", {"attributes": {"expiryTime": "P99D"}})
            policy = self.call("one", "GET", f"/keys/{name}/rotationpolicy")
            before, latest = self.versions("one", name), self.call("one", "GET", f"/keys/{name}/")
            path = "/" + first["key"]["kid"].split("/", 3)[3]
            alg, digest = {"RSA": ("RS256", DIGEST), "P-256K": ("ES256K", DIGEST), "P-521": ("ES512", b64(b"d" * 64))}[body.get("crv", "RSA")]
            signed = self.call("one", "POST", path + "/sign", {"alg": alg, "value": digest})["value"]
            value = self.backup(name)
            self.purge(name)
            self.sim.kvsim("clock", "advance", "1h")
            self.assertEqual(self.call("one", "POST", "/keys/restore", {"value": value}), latest)
            self.assertEqual(self.versions("one", name), before)
            self.assertEqual(len(before), 3)
            self.assertEqual(self.call("one", "GET", f"/keys/{name}/rotationpolicy"), policy)
            self.assertIs(self.call("one", "POST", path + "/verify", {"alg": alg, "digest": digest, "value": signed})["value"], True)

    def test_the_blob_is_as_recorded_and_shows_nothing(self):
        self.call("one", "POST", "/keys/opaque/create", {"kty": "RSA", "tags": {"find": "me-not"}})
        raw = self.backup("opaque")
        self.assertNotIn("=", raw)
        raw = unb64(raw)
        self.assertEqual(raw[:39], b"\x26AzureKeyVaultKeyBackupV1.microsoft.com")
        parts = raw[39:].split(b".")
        self.assertEqual(len(parts), 5)  # a compact JWE
        decoded = [unb64(p.decode()) for p in parts]
        self.assertEqual(set(json.loads(decoded[0])), {"kid", "alg", "enc"})
        for p in (raw, *decoded):
            self.assertNotIn(b"me-not", p)
            self.assertNotIn(b"opaque", p)

    def test_a_copy_lives_its_own_life(self):
        self.call("one", "POST", "/keys/copied/create", {"kty": "EC"})
        self.assertEqual(self.call("two", "POST", "/keys/restore", {"value": self.backup("copied")})["key"]["kid"].split("//")[1].split(".")[0],
                         "two-bak")
        signed = self.call("one", "POST", "/keys/copied//sign", {"alg": "ES256", "value": DIGEST})["value"]
        self.assertIs(self.call("two", "POST", "/keys/copied//verify", {"alg": "ES256", "digest": DIGEST, "value": signed})["value"], True)
        self.call("two", "PATCH", "/keys/copied/", {"attributes": {"enabled": False}})
        self.assertIs(self.call("one", "GET", "/keys/copied/")["attributes"]["enabled"], True)
        self.purge("copied")
        self.call("two", "PATCH", "/keys/copied/", {"attributes": {"enabled": True}})
        again = self.call("two", "POST", "/keys/copied//sign", {"alg": "ES256", "value": DIGEST})["value"]
        self.assertIs(self.call("two", "POST", "/keys/copied//verify", {"alg": "ES256", "digest": DIGEST, "value": again})["value"], True)

    def test_a_taken_name_is_a_conflict_also_of_a_deleted_key(self):
        kid = self.call("one", "POST", "/keys/taken/create", {"kty": "EC"})["key"]["kid"]
        value = self.backup("taken")
        for step in ("live", "deleted"):
            a = self.sim.vault("one-bak", "POST", "/keys/restore", {"value": value})
            self.assertEqual((a.status, a.code, a.inner), (409, "Conflict", None), step)
            self.assertEqual(a.json["error"]["message"], CONFLICT.format(kid))
            if step == "live":
                self.call("one", "DELETE", "/keys/taken")
        self.call("one", "DELETE", "/deletedkeys/taken", status=204)
        self.call("one", "POST", "/keys/restore", {"value": value})

    def test_only_the_same_geography_decrypts(self):
        self.call("one", "POST", "/keys/geo/create", {"kty": "EC"})
        value = self.backup("geo")
        for location, good in (("northeurope", True), ("North Europe", True), ("uksouth", False), ("eastus", False)):
            name = "geo-" + location.replace(" ", "").lower() + ("x" if " " in location else "")
            self.make_at(name, location)
            a = self.sim.vault(name, "POST", "/keys/restore", {"value": value})
            if good:
                self.assertEqual(a.status, 200, a.body)
            else:
                self.assertEqual((a.status, a.json["error"]["message"]), (400, "Cannot decrypt backup blob."), location)
                self.assertEqual(self.sim.vault(name, "GET", "/keys").json["value"], [])

    def test_what_is_no_blob_or_damaged_is_refused(self):
        self.call("one", "POST", "/keys/damage/create", {"kty": "EC"})
        value = self.backup("damage")
        self.purge("damage")
        for bad, text in (("ZG9lc25vdGV4aXN0", "Backup blob is corrupt."), ("", "Backup blob is corrupt."), ("!", "Backup blob is corrupt."),
                          ("A" * 6304, "Backup blob contains invalid or corrupt version."),  # recorded
                          (value[:len(value) // 4 * 4 - 8], "Backup blob contains invalid or corrupt version."),
                          (value[:400] + ("A" if value[400] != "A" else "B") + value[401:], "Backup blob contains invalid or corrupt version.")):
            a = self.sim.vault("one-bak", "POST", "/keys/restore", {"value": bad})
            self.assertEqual((a.status, a.code, a.json["error"]["message"]), (400, "Malformed backup blob", text))
        for body in ({}, {"value": 1}, {"value": None}):
            a = self.sim.vault("one-bak", "POST", "/keys/restore", body)
            self.assertEqual((a.status, a.code), (400, "BadParameter"))
        self.call("one", "GET", "/keys/damage/", status=404)

    def test_missing_and_deleted_keys_have_no_backup(self):
        self.assertEqual(self.sim.vault("one-bak", "POST", "/keys/nokey/backup").code, "KeyNotFound")
        self.call("one", "POST", "/keys/gonekey/create", {"kty": "EC"})
        self.call("one", "DELETE", "/keys/gonekey")
        self.assertEqual(self.sim.vault("one-bak", "POST", "/keys/gonekey/backup").code, "KeyNotFound")

    def test_five_hundred_past_versions_are_the_limit(self):
        for _ in range(501):
            self.call("one", "POST", "/keys/many/create", {"kty": "EC"})
        value = self.backup("many")
        self.assertGreater(len(value), 256 * 1024)  # longer than other bodies may be
        self.assertEqual(self.call("two", "POST", "/keys/restore", {"value": value})["key"]["kid"].rsplit("/", 1)[1],
                         self.call("one", "GET", "/keys/many/")["key"]["kid"].rsplit("/", 1)[1])
        self.call("one", "POST", "/keys/many/create", {"kty": "EC"})
        a = self.sim.vault("one-bak", "POST", "/keys/many/backup")
        self.assertEqual((a.status, a.code), (400, "BadParameter"))

    def test_permissions_are_asked_for(self):
        self.sim.make_vault("few-bak", [self.sim.policy(self.sim.oid, ["get"])])
        for path, perm in (("/keys/k/backup", "backup"), ("/keys/restore", "restore")):
            a = self.sim.vault("few-bak", "POST", path, {"value": "x"} if perm == "restore" else None)
            self.assertEqual((a.status, a.inner), (403, "ForbiddenByPolicy"))
            self.assertIn(f"does not have keys {perm} permission", a.json["error"]["message"])


class Restart(unittest.TestCase):
    def test_a_blob_outlives_the_vault_and_a_restart_but_not_its_state(self):
        with tempfile.TemporaryDirectory() as state:
            with Sim(state=state) as sim:
                sim.group()
                sim.make_vault("first")
                kid = sim.vault("first", "POST", "/keys/k/create", {"kty": "EC"}).json["key"]["kid"]
                value = sim.vault("first", "POST", "/keys/k/backup").json["value"]
                sim.arm("DELETE", sim.vault_id("first"))
            with Sim(state=state) as sim:
                sim.make_vault("second")
                a = sim.vault("second", "POST", "/keys/restore", {"value": value})
                self.assertEqual(a.status, 200, a.body)
                self.assertEqual(a.json["key"]["kid"].rsplit("/", 1)[1], kid.rsplit("/", 1)[1])
        with Sim() as sim:
            sim.group()
            sim.make_vault("third")
            a = sim.vault("third", "POST", "/keys/restore", {"value": value})
            self.assertEqual((a.status, a.json["error"]["message"]), (400, "Cannot decrypt backup blob."))


if __name__ == "__main__":
    unittest.main()
