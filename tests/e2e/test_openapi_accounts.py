"""Microsoft.CognitiveServices and Microsoft.ManagedIdentity against their OpenAPI documents: every operation is sent, with the document's own
example where it has one; what is served answers a declared status and a body that fits. What is not served stands in a list, exactly."""

import pathlib
import re
import sys
import unittest
import urllib.parse

import openapi
from harness import ROOT, Sim

SPECS = ROOT.parent / "shared" / "reference" / "specs" / "specification"
AI = SPECS / "cognitiveservices/resource-manager/Microsoft.CognitiveServices"
DOCUMENTS = [AI / "stable/2023-05-01/cognitiveservices.json", AI / "preview/2024-06-01-preview/cognitiveservices.json",
             AI / "stable/2024-10-01/cognitiveservices.json", SPECS / "msi/resource-manager/Microsoft.ManagedIdentity/stable/2023-01-31/ManagedIdentity.json"]

# Made elsewhere or not simulated (docs/fidelity.md): refused with 404 or 405, never answered with a success that is none.
NOT_SERVED = re.compile(r"(CommitmentPlans_(\w*Plan|\w*Association)s?\w*|CommitmentPlans_ListPlans\w+|DefenderForAISettings_\w+|RaiContentFilters_\w+"
                        r"|RaiPolicies_(CreateOrUpdate|Delete)|RaiBlocklists_(CreateOrUpdate|Delete)|RaiBlocklistItems?_\w+"
                        r"|PrivateEndpointConnections_(CreateOrUpdate|Delete)|NetworkSecurityPerimeterConfigurations_Reconcile)$")
# Their lists are empty, so that nothing of the name is there.
NOTHING_THERE = {"PrivateEndpointConnections_Get", "RaiPolicies_Get", "RaiBlocklists_Get", "NetworkSecurityPerimeterConfigurations_Get"}

MODEL = {"format": "OpenAI", "name": "gpt-35-turbo", "version": "0613"}
# Where the example asks for what its own account can't have (a customer's key at create, own storage, a model of another year).
BODIES = {
    "Accounts_Create": {"location": "westus", "kind": "TextAnalytics", "sku": {"name": "S"}, "identity": {"type": "SystemAssigned"},
                        "properties": {}},
    "Accounts_Update": {"location": "westus", "sku": {"name": "S"}, "tags": {"a": "b"}},
    "Deployments_CreateOrUpdate": {"sku": {"name": "Standard", "capacity": 1}, "properties": {"model": MODEL}},
    "Deployments_Update": {"sku": {"name": "Standard", "capacity": 2}},
    "CommitmentPlans_CreateOrUpdate": {"properties": {"hostingModel": "Web", "planType": "TA", "autoRenew": True, "current": {"tier": "T1"}}},
    "calculateModelCapacity": {"model": MODEL, "skuName": "Standard", "workloads": [
        {"requestPerMinute": 10, "requestParameters": {"avgPromptTokens": 50, "avgGeneratedTokens": 20}}]},
    "UserAssignedIdentities_CreateOrUpdate": {"location": "westus", "tags": {"a": "b"}},
}
QUERIES = {"modelFormat": "OpenAI", "modelName": "gpt-35-turbo", "modelVersion": "0613"}
# Recorded answers of the real service that its documents don't have.
RECORDED = (r"\.value\[\]\.locationInfo", r".*\.properties\.ratelimits", r".*\.skus\[\]\.ratelimits", r".*\.skus\[\]\.rateLimits\[\]\.key")
ORDER = ["PUT", "PATCH", "GET", "POST", "DELETE"]


class Documents(unittest.TestCase):
    def fill(self, op, sim):
        account = "purgeme" if op.id.startswith("DeletedAccounts") else "deploys" if "Deployments" in op.id else "plain"
        names = {"subscriptionId": sim.sub, "resourceGroupName": "rg", "accountName": account, "location": "westus", "deploymentName": "d",
                 "encryptionScopeName": "scope", "commitmentPlanName": "plan", "resourceName": "mine", "federatedIdentityCredentialResourceName": "fed",
                 "scope": sim.account_id("plain")[1:]}
        return re.sub(r"\{(\w+)\}", lambda m: names.get(m.group(1), "none"), op.path)

    def send(self, op, sim):
        query = "&".join(f"{p['name']}={urllib.parse.quote(QUERIES[p['name']])}" for p in op.needed_queries())
        body = BODIES.get(op.id, op.example_body() or ({} if op.body_name else None))
        return sim.arm(op.method, self.fill(op, sim) + ("?" + query if query else ""), body, op.version)

    def prepare(self, sim, version):
        sim.group()
        ai = version if not version.startswith("2023-01") else "2024-10-01"
        for name, kind, sku in (("plain", "TextAnalytics", "S"), ("deploys", "OpenAI", "S0"), ("purgeme", "Face", "S0")):
            a = sim.arm("PUT", sim.account_id(name), {"location": "westus", "kind": kind, "sku": {"name": sku}, "identity": {"type": "SystemAssigned"}}, ai)
            self.assertEqual(a.status, 201, a.body)
        self.assertEqual(sim.arm("DELETE", sim.account_id("purgeme"), version=ai).status, 200)

    @staticmethod
    def rank(op):
        # A resource before its children when it is made, after them when it goes.
        depth = op.path.count("/")
        return (ORDER.index(op.method), -depth if op.method == "DELETE" else depth)

    def judge(self, op, sim):
        a = self.send(op, sim)
        if NOT_SERVED.match(op.id):
            return [] if a.status in (404, 405) else [f"is served after all: {a.status} {a.body[:200]}"]
        if op.id in NOTHING_THERE:
            return [] if a.status == 404 and a.code == "ResourceNotFound" else [f"{a.status} {a.body[:200]}"]
        if a.status >= 400:
            return [f"{a.status} {a.body[:300]}"]
        return op.complaints(a.status, a.body, RECORDED)

    def test_every_operation_answers_as_its_document_declares(self):
        for file in DOCUMENTS:
            ops = sorted(openapi.operations(str(file)), key=self.rank)
            self.assertGreater(len(ops), 10)
            with Sim(args=["--durability", "relaxed"]) as sim:
                self.prepare(sim, ops[0].version)
                for op in ops:
                    with self.subTest(op=op):
                        self.assertEqual(self.judge(op, sim), [])

    def test_the_judge_notices_what_does_not_fit(self):
        op = next(o for o in openapi.operations(str(DOCUMENTS[2])) if o.id == "Deployments_Get")
        good = '{"id":"i","name":"n","type":"t","sku":{"name":"Standard","capacity":1},"properties":{"provisioningState":"Succeeded"}}'
        self.assertEqual(op.complaints(200, good), [])
        self.assertTrue(op.complaints(201, good))
        for bad in ('"1"', "1.5", "true"):
            self.assertTrue(op.complaints(200, good.replace('"capacity":1', '"capacity":' + bad)))
        self.assertTrue(op.complaints(200, good.replace('"name":"Standard",', "")))
        self.assertTrue(op.complaints(200, good.replace('"id":"i"', '"colour":"red"')))
        self.assertTrue(op.complaints(200, ""))


if __name__ == "__main__":
    if not pathlib.Path(SPECS).exists():
        print("The OpenAPI documents are not beside this checkout: nothing was compared.")
        sys.exit(77)
    unittest.main()
