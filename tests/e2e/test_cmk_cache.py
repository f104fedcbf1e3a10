"""What an account needs of its key and for how long: single permissions, and the unwrapped data key that is kept or not.

Sources: the rows of docs/rules.md give the document that says each rule.
"""

import json
import pathlib
import re
import unittest

from cmk import Case
from harness import ARM_AI, unb64
from rules import OFF


class Partial(Case):
    """Which permission is missing decides what stops (rev.partial)."""

    def test_each_missing_permission_stops_its_own(self):
        s = self.sim
        self.prepare("q1")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        newer = self.new_version()
        for missing, reads in (("get", True), ("wrapKey", True), ("unwrapKey", False)):
            keys = [k for k in ("get", "wrapKey", "unwrapKey") if k != missing]
            s.make_vault(self.vault, [self.own, s.policy(self.identity, keys)], enablePurgeProtection=True)
            before = self.account_record()
            self.assert_rule(self.encrypt(newer), 403, "kv.permissions")
            self.assertEqual(self.account_record(), before)
            a = self.download()
            self.assertEqual(a.status, 200 if reads else 403, missing)
            self.assertEqual(s.upload(self.account, b"more").status, 201 if reads else 403, missing)
            if not reads:
                self.assertIn("rev.partial", a.json["error"]["innererror"]["rules"])
                self.assert_rule(self.patch(OFF), 403, "enc.disable-data")
        s.make_vault(self.vault, [self.own, s.policy(self.identity, ["unwrapKey"])], enablePurgeProtection=True)
        self.assertEqual(self.patch(OFF).status, 202, "disabling needs to unwrap and nothing else")
        self.assert_readable()


class CacheCase(Case):
    def uses_of_the_key(self, operation="KeyUnwrap"):
        """What the vaults' audit log says of this account's identity. Stops the simulator, so that the log is complete."""
        self.sim.stop()
        log = [json.loads(line) for line in (self.sim.state / "audit" / "vaultd.jsonl").read_text().splitlines()]
        self.sim.start()
        return [r for r in log if r["operationName"] == operation and self.identity in json.dumps(r["identity"])]

    def bound(self, tag):
        self.prepare(tag)
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()


    def data_key(self):
        dek = self.account_record()["dek"]
        a = self.sim.vault(self.vault, "POST", f"/keys/cmk/{dek['version']}/unwrapkey", {"alg": "RSA-OAEP-256", "value": dek["wrapped"]})
        return unb64(a.json["value"])

    def copies_in_memory(self, key):
        """How often a daemon's memory holds it: {"vaultd": n, "providerd": n}."""
        found = {}
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if f"\nPPid:\t{self.sim.process.pid}\n" not in (p / "status").read_text():
                    continue
                areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", (p / "maps").read_text(), re.M)
                with open(p / "mem", "rb", 0) as memory:
                    found[(p / "comm").read_text().strip()] = sum(self.read(memory, *area).count(key) for area in areas)
            except PermissionError as e:
                self.skipTest(f"the memory of a daemon can't be read here: {e}")
            except FileNotFoundError:
                continue  # some other process has ended
        self.assertEqual(set(found), {"vaultd", "providerd"})
        return found

    @staticmethod
    def read(memory, start, end):
        size = int(end, 16) - int(start, 16)
        try:
            memory.seek(int(start, 16))
            return memory.read(size) if size < 1 << 30 else b""  # a sanitizer's own
        except OSError:  # of the kernel's
            return b""


class NoCache(CacheCase):
    def test_a_data_key_is_wiped_once_it_was_used(self):
        self.bound("c6")
        self.assert_readable()
        key = self.data_key()
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 0})
        self.assertEqual(self.patch(OFF).status, 202)
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 0})

    def test_every_use_of_data_asks_the_vault_and_stands_in_its_log(self):
        self.bound("c3")
        before = len(self.uses_of_the_key())
        for _ in range(3):
            self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled")
        uses = self.uses_of_the_key()[before:]
        self.assertEqual([r["properties"]["httpStatusCode"] for r in uses], [200, 200, 200, 403])
        self.assertTrue(all("/keys/cmk/" in r["properties"]["id"] for r in uses), uses[0])
        self.assertEqual(len(self.uses_of_the_key("KeyWrap")), 1)


class CacheOfAzure(CacheCase):
    def test_with_the_latency_of_azure_a_revocation_is_seen_within_the_hour(self):
        self.bound("c4")
        self.sim.stop()
        self.sim.args += ["--latency", "azure"]
        self.sim.start()
        self.sim.kvsim("clock", "freeze")
        self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_readable()
        self.sim.kvsim("clock", "advance", "1h")
        self.assert_refused("KeyDisabled")


class Cache(CacheCase):
    args = ("--dek-cache-ttl", "1h")

    def test_within_its_time_one_unwrap_is_enough_and_a_restart_forgets(self):
        self.bound("c2")
        self.sim.kvsim("clock", "freeze")
        before = len(self.uses_of_the_key())  # and a restart
        for _ in range(3):
            self.assert_readable()
        self.assertEqual(len(self.uses_of_the_key()), before + 1)
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_refused("KeyDisabled")

    def test_a_kept_data_key_is_wiped_when_its_time_is_over_or_the_key_changes(self):
        self.bound("c7")
        self.sim.kvsim("clock", "freeze")
        self.assert_readable()
        key = self.data_key()
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 1})
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.sim.kvsim("clock", "advance", "1h")
        self.assert_refused("KeyDisabled")
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 0})
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}})
        self.assert_readable()
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 1})
        self.assertEqual(self.encrypt(self.new_version()).status, 202)
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 0})
        self.assert_readable()
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 1})
        self.assertEqual(self.sim.arm("DELETE", self.sim.account_id(self.account), version=ARM_AI).status, 200)
        self.assertEqual(self.copies_in_memory(key), {"vaultd": 0, "providerd": 0})

    def test_the_accounts_own_identity_is_never_seen_late(self):
        self.bound("c5")
        self.assert_readable()
        self.assertEqual(self.patch({"identity": {"type": "None"}}).status, 202)
        self.assert_refused("ManagedIdentityDisabled")

    def test_a_data_key_is_kept_for_its_time_on_the_simulated_clock_and_no_longer(self):
        self.prepare("c1")
        self.assertEqual(self.encrypt(self.kid).status, 202)
        self.upload()
        self.sim.kvsim("clock", "freeze")
        self.assert_readable()
        self.sim.vault(self.vault, "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})
        self.assert_readable()
        self.assertEqual(self.patch(OFF).status, 403, "a cached key is not the customer's consent")
        self.sim.kvsim("clock", "advance", "3601s")
        self.assert_refused("KeyDisabled")


if __name__ == "__main__":
    unittest.main()
