"""Api-versions of the keys data plane: operations, members and values exist where versions.md section 1 and the
OpenAPI documents say so. What happens to a member that is too new is our assumption (docs/fidelity.md)."""

import unittest

from harness import SimTest

OLD, NEW = "7.2", "7.5"


class Versions(SimTest):
    durability = "full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("versions")
        a = cls.sim.vault("versions", "POST", "/keys/k/create", {"kty": "EC"})
        assert a.status == 200, a.body

    def get(self, version):
        return self.sim.vault("versions", "GET", "/keys/k", version=version)

    def test_attributes_appear_with_the_version_that_brought_them(self):
        first = {"recoverableDays": "7.1", "exportable": "7.3", "hsmPlatform": "7.5"}
        order = ["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01", "2026-04-01", "2026-07-01-preview"]
        for version in order:
            a = self.get(version)
            self.assertEqual(a.status, 200, a.body)
            for member, since in first.items():
                with self.subTest(f"{member} in {version}"):
                    self.assertEqual(member in a.json["attributes"], order.index(version) >= order.index(since))

    def test_a_later_version_is_answered_as_the_newest(self):
        newest = self.get("2026-07-01-preview").json
        for version in ("2026-07-01", "2027-03-01", "2030-01-01-preview"):
            self.assertEqual(self.get(version).json, newest)

    def test_an_unknown_earlier_version_and_garbage_are_refused(self):
        for version in ("2014-01-01", "6.9", "7.6-preview.9", "2025-12-31", "x", "7", "2027-1-1"):
            a = self.get(version)
            self.assertEqual((a.status, a.code, a.json["error"]["message"]), (
                400, "BadParameter", f"The specified version ({version}) is not recognized. Consider using the latest supported "
                "version (2026-04-01)."))

    def test_a_missing_version_is_refused(self):
        a = self.sim.vault("versions", "GET", "/keys/k", version="")
        self.assertEqual((a.status, a.code, a.json["error"]["message"]), (400, "BadParameter", "api-version must be specified"))

    def test_members_that_are_too_new_are_ignored(self):
        a = self.sim.vault("versions", "POST", "/keys/ignored/create", {"kty": "EC", "attributes": {"exportable": 7}}, version="7.2")
        self.assertEqual(a.status, 200, a.body)
        a = self.sim.vault("versions", "POST", "/keys/ignored/create", {"kty": "EC", "release_policy": "nonsense"}, version="7.2")
        self.assertEqual(a.status, 200, a.body)

    def test_values_that_are_too_new_are_refused(self):
        for version, body in (("2016-10-01", {"kty": "EC", "crv": "P-256K"}), ("7.1", {"kty": "oct-HSM"}), ("7.2", {"kty": "EC", "key_ops": ["export"]}),
                              ("2026-04-01", {"kty": "AKP"})):
            with self.subTest(body):
                a = self.sim.vault("versions", "POST", "/keys/refused/create", body, version=version)
                self.assertEqual((a.status, a.code), (400, "BadParameter"), a.body)
        a = self.sim.vault("versions", "POST", "/keys/k/sign", {"alg": "HS256", "value": "AAAA"}, version="7.5")
        self.assertEqual((a.status, a.code), (400, "BadParameter"), a.body)
        a = self.sim.vault("versions", "POST", "/keys/accepted/create", {"kty": "EC", "crv": "P-256K"}, version="7.0")
        self.assertEqual(a.status, 200, a.body)

    def test_operations_exist_from_their_version_on(self):
        self.assertEqual(self.sim.vault("versions", "GET", "/deletedkeys", version="2016-10-01").status, 200)
        a = self.sim.vault("versions", "GET", "/deletedkeys", version="2015-06-01")
        self.assertEqual((a.status, a.code), (400, "BadParameter"))


if __name__ == "__main__":
    unittest.main()
