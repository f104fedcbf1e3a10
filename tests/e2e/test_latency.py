"""kvsim up --latency azure, through both daemons; every state in between is in tests/api/test_vault_latency.c."""

import unittest

from harness import Sim


class Latency(unittest.TestCase):
    def test_operations_take_simulated_seconds(self):
        with Sim(args=["--durability", "relaxed", "--latency", "azure"]) as sim:
            sim.kvsim("clock", "freeze")
            sim.group()
            sim.make_vault("slow")
            self.assertEqual(sim.vault("slow", "POST", "/keys/k/create", {"kty": "EC"}).status, 200)
            self.assertEqual(sim.vault("slow", "DELETE", "/keys/k").status, 200)
            a = sim.vault("slow", "GET", "/deletedkeys/k")
            self.assertEqual((a.status, a.json["error"]["message"]), (404, "Deleted Key not found: k"))
            sim.kvsim("clock", "advance", "11s")
            self.assertEqual(sim.vault("slow", "GET", "/deletedkeys/k").status, 200)
            self.assertEqual(sim.arm("DELETE", sim.vault_id("slow")).status, 200)
            deleted = f"/subscriptions/{sim.sub}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/slow"
            a = sim.arm("POST", deleted + "/purge")
            self.assertEqual((a.status, a.body), (202, b""))
            bearer = {"Authorization": "Bearer " + sim.token("https://management.azure.com")}
            poll = a.headers["Location"]
            a = sim.http("GET", poll, headers=bearer)
            self.assertEqual((a.status, a.json["status"]), (202, "NotStarted"))
            sim.kvsim("clock", "advance", "8s")
            a = sim.http("GET", poll, headers=bearer)
            self.assertEqual((a.status, a.json["status"]), (200, "Succeeded"))
            self.assertEqual(sim.arm("GET", deleted).status, 404)

    def test_without_it_they_are_over_at_once(self):
        with Sim(args=["--durability", "relaxed"]) as sim:
            sim.group()
            sim.make_vault("fast")
            self.assertEqual(sim.vault("fast", "POST", "/keys/k/create", {"kty": "EC"}).status, 200)
            self.assertEqual(sim.vault("fast", "DELETE", "/keys/k").status, 200)
            self.assertEqual(sim.vault("fast", "GET", "/deletedkeys/k").status, 200)
            self.assertEqual(sim.vault("fast", "POST", "/deletedkeys/k/recover").status, 200)
            self.assertEqual(sim.vault("fast", "GET", "/keys/k/").status, 200)


if __name__ == "__main__":
    unittest.main()
