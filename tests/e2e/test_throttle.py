"""--throttle=azure: the documented limits per vault and 10 s of simulated time, weighted, and five times as much for a
subscription (azure-rules.md section 6); text and status of section 8. Off by default."""

import unittest

from harness import Sim


class Throttled(unittest.TestCase):
    def setUp(self):
        self.sim = Sim(args=["--throttle", "azure", "--durability", "relaxed"])
        self.addCleanup(self.sim.close)
        self.sim.group()
        self.sim.kvsim("clock", "freeze")

    def create(self, vault, i, kty="EC"):
        return self.sim.vault(vault, "POST", f"/keys/k{i}/create", {"kty": kty})

    def refused(self, a):
        self.assertEqual((a.status, a.json), (429, {"error": {
            "code": "Throttled", "message": "Request was not processed because too many requests were received. Reason: "
            "VaultRequestTypeLimitReached"}}))
        self.assertNotIn("Retry-After", a.headers)

    def test_the_twenty_first_creation_waits_for_the_next_window(self):
        self.sim.make_vault("one")
        for i in range(20):
            self.assertEqual(self.create("one", i).status, 200)
        for i in range(3):  # refused calls do not count, and change nothing
            self.refused(self.create("one", 20))
        self.assertEqual(self.sim.vault("one", "GET", "/keys/k20").status, 404)
        self.assertEqual(self.sim.vault("one", "GET", "/keys/k1").status, 200)  # other calls have their own budget
        self.sim.kvsim("clock", "advance", "PT10S")
        self.assertEqual(self.create("one", 20).status, 200)

    def test_a_key_of_the_hsm_counts_twice(self):
        self.sim.make_vault("hsm", sku={"family": "A", "name": "premium"})
        for i in range(9):
            self.assertEqual(self.create("hsm", i, "EC-HSM").status, 200)
        self.assertEqual(self.create("hsm", 9).status, 200)
        self.refused(self.create("hsm", 10, "EC-HSM"))
        self.assertEqual(self.create("hsm", 10).status, 200)
        self.refused(self.create("hsm", 11))

    def test_a_subscription_has_five_times_the_limit_of_a_vault(self):
        for v in range(6):
            self.sim.make_vault(f"vault{v}")
        for v in range(5):
            for i in range(20):
                self.assertEqual(self.create(f"vault{v}", i).status, 200)
        self.refused(self.create("vault5", 0))

    def test_who_may_not_is_refused_for_that_and_not_counted(self):
        self.sim.make_vault("denied", [])
        for i in range(25):
            self.assertEqual(self.create("denied", i).status, 403)


class Off(unittest.TestCase):
    def test_without_the_option_nothing_is_limited(self):
        with Sim(args=["--durability", "relaxed"]) as sim:
            sim.group()
            sim.make_vault("free")
            sim.kvsim("clock", "freeze")
            for i in range(25):
                self.assertEqual(sim.vault("free", "POST", f"/keys/k{i}/create", {"kty": "EC"}).status, 200)


if __name__ == "__main__":
    unittest.main()
