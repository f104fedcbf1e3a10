"""kvsim up --latency azure, through both daemons; every state in between is in tests/api/test_vault_latency.c and
test_provider_latency.c."""

import unittest

from harness import ARM_AI, Sim


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

    def test_accounts_are_made_and_changed_in_simulated_seconds(self):
        with Sim(args=["--durability", "relaxed", "--latency", "azure"]) as sim:
            sim.kvsim("clock", "freeze")
            sim.group()
            account = sim.account_id("slow")
            state = lambda: sim.arm("GET", account, version=ARM_AI).json["properties"]["provisioningState"]
            a = sim.arm("PUT", account, {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope",
                                         "properties": {"customSubDomainName": "slow"}}, ARM_AI)
            self.assertEqual((a.status, a.json["properties"]["provisioningState"]), (201, "Creating"))
            poll = a.headers["Azure-AsyncOperation"]
            bearer = {"Authorization": "Bearer " + sim.token("https://management.azure.com")}
            self.assertEqual(sim.http("GET", poll, headers=bearer).json["status"], "Creating")
            a = sim.arm("PATCH", account, {"tags": {"a": "b"}}, ARM_AI)
            self.assertEqual((a.status, a.code), (409, "RequestConflict"))
            sim.kvsim("clock", "advance", "40s")
            self.assertEqual(sim.http("GET", poll, headers=bearer).json["status"], "Succeeded")
            self.assertEqual(state(), "Succeeded")
            model = {"sku": {"name": "Standard", "capacity": 1},
                     "properties": {"model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}}
            a = sim.arm("PUT", account + "/deployments/one", model, ARM_AI)
            self.assertEqual((a.status, a.json["properties"]["provisioningState"], state()), (201, "Succeeded", "Succeeded"))
            a = sim.arm("PATCH", account, {"properties": {"networkAcls": {"defaultAction": "Allow"}}}, ARM_AI)
            self.assertEqual((a.status, state()), (202, "Accepted"))
            a = sim.arm("PUT", account + "/deployments/two", model, ARM_AI)
            self.assertEqual((a.status, a.code), (400, "AccountProvisioningStateInvalid"))
            sim.kvsim("clock", "advance", "31s")
            self.assertEqual(sim.arm("PUT", account + "/deployments/two", model, ARM_AI).status, 201)

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
