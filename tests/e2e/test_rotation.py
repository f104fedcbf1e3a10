"""Rotation by hand and by policy, on the simulated clock; what the audit log says of it.

Shapes and exp = created + expiryTime: recorded (azure-cli test_keyvault_key_rotation); rules: azure-rules.md section 6.
"""

import json
import threading
import unittest

from harness import Sim, SimTest

DAY = 86400
DEFAULT = {"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}], "attributes": None}


def policy(after=None, before=None, expiry=None, notify=None):
    actions = []
    if after or before:
        actions.append({"trigger": {"timeAfterCreate": after} if after else {"timeBeforeExpiry": before}, "action": {"type": "Rotate"}})
    if notify:
        actions.append({"trigger": {"timeBeforeExpiry": notify}, "action": {"type": "Notify"}})
    return {"lifetimeActions": actions, "attributes": {"expiryTime": expiry} if expiry else {}}


class Rotation(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("rot")
        cls.sim.kvsim("clock", "freeze")

    def ok(self, method, path, body=None, **kw):
        a = self.sim.vault("rot", method, path, body, **kw)
        self.assertEqual(a.status, 200, a.body)
        return a.json

    def key(self, name, **attributes):
        return self.ok("POST", f"/keys/{name}/create", {"kty": "EC", "attributes": attributes, "tags": {"a": "b"}})

    def advance(self, days):
        self.sim.kvsim("clock", "advance", f"P{days}D")

    def versions(self, name):
        """Oldest first."""
        value, path = [], f"/keys/{name}/versions"
        while path:
            page = self.ok("GET", path)
            value += page["value"]
            path = page["nextLink"] and path.split("?")[0] + "?" + page["nextLink"].split("?")[1].split("&", 1)[1]
        return sorted(value, key=lambda v: v["attributes"]["created"])

    def created(self, name):
        return [v["attributes"]["created"] for v in self.versions(name)]

    def test_rotate_makes_a_version_like_the_one_before(self):
        old = self.ok("POST", "/keys/hand/create", {"kty": "EC", "crv": "P-384", "key_ops": ["sign"], "tags": {"x": "y"},
                                                    "attributes": {"exp": 4000000000}})
        self.advance(1)
        new = self.ok("POST", "/keys/hand/rotate")
        self.assertNotEqual(new["key"]["kid"], old["key"]["kid"])
        self.assertNotEqual(new["key"]["x"], old["key"]["x"])
        self.assertEqual([new["key"][m] for m in ("kty", "crv", "key_ops")], ["EC", "P-384", ["sign"]])
        self.assertEqual(new["tags"], {"x": "y"})
        self.assertNotIn("exp", new["attributes"])
        self.assertEqual(new["attributes"]["created"], old["attributes"]["created"] + DAY)
        self.assertEqual(self.ok("GET", "/keys/hand/")["key"]["kid"], new["key"]["kid"])
        self.assertEqual(self.ok("GET", old["key"]["kid"].split(self.sim.e["vault_url"].replace("{vault}", "rot"))[1]), old)

    def test_rotate_gives_the_policys_expiry(self):
        self.key("exp")
        self.ok("PUT", "/keys/exp/rotationpolicy", policy(expiry="P30D"))
        new = self.ok("POST", "/keys/exp/rotate")["attributes"]
        self.assertEqual(new["exp"], new["created"] + 30 * DAY)

    def test_rotate_of_a_missing_key_is_404(self):
        for method, path, body in (("POST", "rotate", None), ("GET", "rotationpolicy", None), ("PUT", "rotationpolicy", policy())):
            a = self.sim.vault("rot", method, "/keys/none/" + path, body)
            self.assertEqual((a.status, a.code), (404, "KeyNotFound"))
            self.assertIn("A key with (name/id) none was not found in this key vault.", a.json["error"]["message"])

    def test_rotation_is_not_there_before_its_version(self):
        self.key("old")
        for version in ("7.2", "2016-10-01"):
            self.assertEqual(self.sim.vault("rot", "POST", "/keys/old/rotate", version=version).status, 400)
            # as a path it is then a version that is not there
            self.assertEqual(self.sim.vault("rot", "GET", "/keys/old/rotationpolicy", version=version).status, 404)

    def test_a_policy_is_kept_and_shown_as_recorded(self):
        kid = self.key("pol")["key"]["kid"].rsplit("/", 1)[0]
        self.assertEqual(self.ok("GET", "/keys/pol/rotationpolicy"), DEFAULT)
        self.assertEqual(self.sim.vault("rot", "GET", "/keys/pol/rotationpolicy").body, json.dumps(DEFAULT, separators=(",", ":")).encode())
        first = self.ok("PUT", "/keys/pol/rotationpolicy", policy(after="P15D", expiry="P30D", notify="P7D"))
        self.assertEqual(list(first), ["id", "lifetimeActions", "attributes"])
        self.assertEqual(list(first["attributes"]), ["expiryTime", "created", "updated"])
        self.assertEqual(first["id"], kid + "/rotationpolicy")
        self.assertEqual(self.ok("GET", "/keys/POL/rotationpolicy"), first)
        self.advance(1)
        again = self.ok("PUT", "/keys/pol/rotationpolicy", policy(after="P60D"))
        self.assertEqual(again["attributes"], {"created": first["attributes"]["created"], "updated": first["attributes"]["updated"] + DAY})

    def test_a_bad_policy_changes_nothing(self):
        self.key("bad")
        for body in (policy(expiry="P27D"), policy(after="P6D"), policy(after="P25D", expiry="P28D"), policy(before="P9D"),
                     policy(notify="soon"), {"lifetimeActions": 7}, {"lifetimeActions": [{}]}):
            a = self.sim.vault("rot", "PUT", "/keys/bad/rotationpolicy", body)
            self.assertEqual((a.status, a.code), (400, "BadParameter"), body)
        self.assertEqual(self.ok("GET", "/keys/bad/rotationpolicy"), DEFAULT)

    def test_a_missed_year_is_made_up_for_at_the_times_of_the_policy(self):
        self.key("year")
        self.ok("PUT", "/keys/year/rotationpolicy", policy(after="P90D", expiry="P120D"))
        self.advance(89)
        self.assertEqual(len(self.created("year")), 1)
        self.advance(1)
        self.assertEqual(len(self.created("year")), 2)
        self.advance(365)  # 90 + 365: rotations on days 90, 180, 270, 360, 450
        all_of_them = self.versions("year")
        made = [v["attributes"]["created"] for v in all_of_them]
        self.assertEqual([m - made[0] for m in made], [0, 90 * DAY, 180 * DAY, 270 * DAY, 360 * DAY, 450 * DAY])
        self.assertEqual([v["attributes"].get("exp") for v in all_of_them[1:]], [m + 120 * DAY for m in made[1:]])
        self.assertEqual(self.ok("GET", "/keys/year/")["attributes"]["created"], made[-1])
        self.assertTrue(all(v["tags"] == {"a": "b"} for v in all_of_them))

    def test_rotation_before_expiry_follows_the_expiry_of_each_version(self):
        exp = self.key("before")["attributes"]["created"] + 40 * DAY
        self.ok("PUT", "/keys/before/rotationpolicy", policy(before="P10D", expiry="P60D"))
        self.advance(50)
        self.assertEqual(len(self.created("before")), 1)  # no exp: nothing to count back from
        exp += 50 * DAY
        self.ok("PATCH", "/keys/before/", {"attributes": {"exp": exp}})
        self.advance(100)  # the key expires on day 90: rotations on days 80, 130
        made = self.created("before")
        self.assertEqual([m - made[0] for m in made[1:]], [80 * DAY, 130 * DAY])

    def test_a_disabled_or_deleted_key_is_not_rotated_until_it_is_back(self):
        self.key("off")
        self.ok("PUT", "/keys/off/rotationpolicy", policy(after="P10D"))
        self.ok("PATCH", "/keys/off/", {"attributes": {"enabled": False}})
        self.advance(30)
        self.assertEqual(len(self.created("off")), 1)
        self.ok("PATCH", "/keys/off/", {"attributes": {"enabled": True}})
        made = self.created("off")
        self.assertEqual([m - made[0] for m in made], [0, 30 * DAY])
        self.ok("DELETE", "/keys/off")
        self.advance(30)
        self.ok("POST", "/deletedkeys/off/recover")
        made = self.created("off")
        self.assertEqual([m - made[0] for m in made], [0, 30 * DAY, 60 * DAY])

    def test_the_keys_of_a_deleted_vault_wait_for_it(self):
        self.sim.make_vault("gone")
        self.assertEqual(self.sim.vault("gone", "POST", "/keys/k/create", {"kty": "EC"}).status, 200)
        self.assertEqual(self.sim.vault("gone", "PUT", "/keys/k/rotationpolicy", policy(after="P10D")).status, 200)
        self.assertEqual(self.sim.arm("DELETE", self.sim.vault_id("gone")).status, 200)
        self.advance(35)
        self.ok("GET", "/keys")  # sweeps
        self.sim.make_vault("gone", createMode="recover")
        value = self.sim.vault("gone", "GET", "/keys/k/versions").json["value"]
        made = sorted(v["attributes"]["created"] for v in value)
        self.assertEqual([m - made[0] for m in made], [0, 35 * DAY])

    def test_many_who_ask_at_once_see_one_rotation(self):
        self.ok("POST", "/keys/crowd/create", {"kty": "RSA"})
        self.ok("PUT", "/keys/crowd/rotationpolicy", policy(after="P30D"))
        self.advance(30)
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(self.ok("GET", "/keys/crowd/")["key"]["kid"])) for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len(set(seen)), 1)
        self.assertEqual(len(seen), 12)
        self.assertEqual(len(self.created("crowd")), 2)

    def test_a_failing_request_takes_no_rotation_back(self):
        self.key("fail")
        self.ok("PUT", "/keys/fail/rotationpolicy", policy(after="P30D"))
        self.advance(30)
        self.assertEqual(self.sim.vault("rot", "DELETE", "/keys/none").status, 404)
        self.assertEqual(len(self.created("fail")), 2)

    def test_permissions_are_asked_for(self):
        self.key("perm")
        self.sim.make_vault("rot", [self.sim.policy(self.sim.oid, ["get", "create"])])
        try:
            for method, path, perm in (("POST", "rotate", "rotate"), ("GET", "rotationpolicy", "getrotationpolicy"),
                                       ("PUT", "rotationpolicy", "setrotationpolicy")):
                a = self.sim.vault("rot", method, "/keys/perm/" + path, {} if method == "PUT" else None)
                self.assertEqual((a.status, a.inner), (403, "ForbiddenByPolicy"))
                self.assertIn(f"does not have keys {perm} permission", a.json["error"]["message"])
        finally:
            self.sim.make_vault("rot")


class Events(unittest.TestCase):
    def test_rotations_and_expiries_are_in_the_audit_log_once(self):
        with Sim(args=["--durability", "relaxed"]) as sim:
            sim.group()
            sim.make_vault("events")
            sim.kvsim("clock", "freeze")
            made = sim.vault("events", "POST", "/keys/k/create", {"kty": "EC"}).json["attributes"]["created"]
            sim.vault("events", "PUT", "/keys/k/rotationpolicy", policy(after="P50D", expiry="P60D", notify="P20D"))
            sim.vault("events", "POST", "/keys/plain/create", {"kty": "EC", "attributes": {"exp": made + 45 * DAY}})
            for _ in range(3):
                sim.kvsim("clock", "advance", "P50D")
                self.assertEqual(sim.vault("events", "GET", "/keys").status, 200)
            sim.stop()
            records = [json.loads(line) for line in (sim.state / "audit" / "vaultd.jsonl").read_text().splitlines()]
        records.sort(key=lambda r: r["time"])  # each loop's records are in order, the file's need not be
        events = [(r["operationName"], r["properties"]["id"].split("/keys/")[1].split("/")[0], r["time"], r["resultSignature"])
                  for r in records if r["operationName"] == "KeyRotateIfDue" or r["operationName"].endswith("EventGridNotification")]
        self.assertEqual([e[:2] for e in events],
                         [("KeyNearExpiryEventGridNotification", "plain"), ("KeyExpiredEventGridNotification", "plain"),
                          ("KeyRotateIfDue", "k"),                                            # day 50, expires on day 110
                          ("KeyNearExpiryEventGridNotification", "k"), ("KeyRotateIfDue", "k"),  # days 90, 100
                          ("KeyNearExpiryEventGridNotification", "k"), ("KeyRotateIfDue", "k")])
        for r in records:
            if r["operationName"] == "KeyRotateIfDue":
                self.assertIn("/VAULTS/EVENTS", r["resourceId"])
                self.assertRegex(r["properties"]["id"], r"/keys/k/[0-9a-f]{32}$")


if __name__ == "__main__":
    unittest.main()
