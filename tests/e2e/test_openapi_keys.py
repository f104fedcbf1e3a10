"""The keys data plane and Microsoft.KeyVault against their OpenAPI documents: every operation of every document is sent, made from the
document (its example where it has one), and its answer judged: declared status, required members, types, closed enumerations, nothing
that is not declared. What is not served stands in a list, exactly."""

import hashlib
import pathlib
import re
import sys
import unittest

import openapi
from harness import ROOT, Sim, b64

KV = ROOT.parent / "shared" / "reference" / "specs" / "specification" / "keyvault"
DATA = KV / "data-plane/Microsoft.KeyVault"
KEYS = [DATA / f"{d}/keys.json" for d in ("stable/7.4", "stable/7.5", "preview/7.6-preview.1")]
ARM = [KV / f"resource-manager/Microsoft.KeyVault/stable/{v}/{name}.json" for v in ("2022-07-01", "2023-02-01", "2023-07-01")
       for name in ("keyvault", "keys", "providers")]


def digest(bits):
    return b64(hashlib.new(f"sha{bits}", b"openapi").digest())


# A vault has no random bytes: they are Managed HSM's (azure-rules.md section 1, docs/fidelity.md).
HSM_ONLY = {"GetRandomBytes"}
# No private endpoint can be made here, so that none is there.
NO_ENDPOINTS = {"PrivateEndpointConnections_Get", "PrivateEndpointConnections_Put", "PrivateEndpointConnections_Delete"}
# What the service's recorded answers have and its documents don't (wire-samples.md): the vault's own list of private links and the like.
RECORDED = (r".*\.properties\.privateEndpointConnections.*",)


def make(schema, path, name=""):
    """The smallest value that a schema allows: required members only."""
    schema, path = openapi.deref(schema, path)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object" or "properties" in schema or "allOf" in schema:
        props, required, _ = openapi.members(schema, path)
        return {n: make(*props[n], n) for n in sorted(required)}
    if schema.get("type") == "array":
        return [make(schema["items"], path)]
    return {"integer": schema.get("minimum", 1), "boolean": True}.get(schema.get("type"), name or "x")


class Documents(unittest.TestCase):
    def body(self, op, given):
        """What a test must know (given), else the example, else the smallest that the schema allows."""
        if op.id in given:
            return given[op.id]
        if op.example_body() is not None:
            return op.example_body()
        node = next(((p, path) for p, path in op.parameters if p["in"] == "body"), None)
        return make(node[0]["schema"], node[1]) if node else None

    def judge(self, op, a, lenient=()):
        if a.status >= 400:
            return [f"{a.status} {a.body[:300]}"]
        return op.complaints(a.status, a.body, lenient)


class Keys(Documents):
    ORDER = ["CreateKey", "ImportKey", "RotateKey", "UpdateKeyRotationPolicy", "GetKeyRotationPolicy", "UpdateKey", "GetKey", "GetKeys", "GetKeyVersions",
             "encrypt", "decrypt", "wrapKey", "unwrapKey", "sign", "verify", "release", "BackupKey", "RestoreKey", "DeleteKey", "GetDeletedKeys",
             "GetDeletedKey", "RecoverDeletedKey", "PurgeDeletedKey", "GetRandomBytes"]
    NAMES = {"CreateKey": "made", "RotateKey": "made", "ImportKey": "imported", "release": "released", "RestoreKey": "", "DeleteKey": "made", "GetDeletedKey": "made",
             "RecoverDeletedKey": "made", "PurgeDeletedKey": "gone"}

    def prepare(self, sim, version):
        sim.group()
        sim.make_vault("documents", sku={"family": "A", "name": "premium"})

        def call(method, path, body=None):
            a = sim.vault("documents", method, path, body, version=version)
            self.assertIn(a.status, (200, 204), a.body)
            return a.json if a.body else None

        for name in ("used", "restored", "gone"):
            call("POST", f"/keys/{name}/create", {"kty": "RSA", "tags": {"a": "b"}, "attributes": {"exp": 4000000000}})
        policy = {"version": "1.0.0", "anyOf": [{"authority": sim.e["login_url"] + "/attestation", "allOf": [{"claim": "yes", "equals": "true"}]}]}
        call("POST", "/keys/released/create", {"kty": "RSA-HSM", "attributes": {"exportable": True}, "key_ops": ["encrypt", "decrypt"], "release_policy": {
            "data": b64(str(policy).replace("'", '"').encode())}})
        given = {"RestoreKey": call("POST", "/keys/restored/backup"), "UpdateKey": {"attributes": {"enabled": True, "exp": 4000000000}},
                 "release": {"target": sim.attest("--new-key", sim.state / "tee.pem", "yes=true")}}
        for name in ("restored", "gone"):
            call("DELETE", f"/keys/{name}")
        call("DELETE", "/deletedkeys/restored")
        for there, back, alg in (("encrypt", "decrypt", "RSA1_5"), ("wrapkey", "unwrapKey", "RSA1_5")):
            given[back] = {"alg": alg, "value": call("POST", f"/keys/used/{there}", {"alg": alg, "value": digest(256)})["value"]}
        given["sign"] = {"alg": "RS512", "value": digest(512)}
        given["verify"] = {"alg": "RS512", "digest": digest(512), "value": call("POST", "/keys/used/sign", given["sign"])["value"]}
        return given

    def test_every_operation_answers_as_its_document_declares(self):
        for file in KEYS:
            ops = {op.id: op for op in openapi.operations(str(file))}
            self.assertEqual(sorted(ops), sorted(self.ORDER))  # a document with another operation is noticed
            with Sim(args=["--durability", "relaxed"]) as sim:
                version = next(iter(ops.values())).version
                given = self.prepare(sim, version)
                for op in (ops[i] for i in self.ORDER):
                    path = op.path.replace("{key-name}", self.NAMES.get(op.id, "used")).replace("{key-version}", "")
                    a = sim.vault("documents", op.method, path, self.body(op, given), version=version)
                    with self.subTest(op=op):
                        if op.id in HSM_ONLY:
                            self.assertEqual((a.status, a.code), (400, "BadParameter"))
                        else:
                            self.assertEqual(self.judge(op, a), [])

    def test_every_value_of_an_enumeration_is_known(self):
        for file in KEYS:
            doc = openapi.load(str(file))
            version = doc["info"]["version"]
            create = doc["definitions"]["KeyCreateParameters"]["properties"]
            with Sim(args=["--durability", "relaxed"]) as sim:
                sim.group()
                sim.make_vault("values", sku={"family": "A", "name": "premium"})
                for kty in create["kty"]["enum"]:
                    a = sim.vault("values", "POST", f"/keys/{kty}/create", {"kty": kty}, version=version)
                    with self.subTest(kty=kty, version=version):
                        self.assertEqual(a.status, 400 if kty.startswith("oct") else 200, a.body)  # before 2026: fidelity.md
                for crv in create["crv"]["enum"]:
                    a = sim.vault("values", "POST", f"/keys/{crv}/create", {"kty": "EC", "crv": crv}, version=version)
                    with self.subTest(crv=crv, version=version):
                        self.assertEqual((a.status, a.json["key"]["crv"]), (200, crv), a.body)
                ops = openapi.deref(create["key_ops"]["items"], str(file))[0]["enum"]
                for op in ops:
                    a = sim.vault("values", "POST", f"/keys/op-{op}/create", {"kty": "RSA-HSM", "key_ops": [op]}, version=version)
                    with self.subTest(key_op=op, version=version):
                        self.assertEqual((a.status, a.json.get("key", {}).get("key_ops")), (200, [op]), a.body)
                self.algorithms(sim, doc, version)

    def algorithms(self, sim, doc, version):
        # An algorithm that does not fit the key is refused as such; one that is unknown, with the member's name.
        for kind, verb in (("KeyOperationsParameters", "encrypt"), ("KeySignParameters", "sign")):
            unknown = sim.vault("values", "POST", f"/keys/RSA/{verb}", {"alg": "none-such", "value": digest(256)}, version=version).json["error"]["message"]
            for alg in doc["definitions"][kind]["properties"]["alg"]["enum"]:
                with self.subTest(alg=alg, version=version):
                    bits = next((b for b in ("384", "512") if alg.endswith(b)), "256")
                    a = sim.vault("values", "POST", f"/keys/RSA/{verb}", {"alg": alg, "value": digest(bits)}, version=version)
                    self.assertTrue(a.status == 200 or a.json["error"]["message"] != unknown, a.body)

    def test_the_judge_notices_what_does_not_fit(self):
        ops = {op.id: op for op in openapi.operations(str(KEYS[0]))}
        good = '{"kid":"k","value":"AA"}'
        self.assertEqual(ops["sign"].complaints(200, good), [])
        for bad in ('{"kid":1}', '{"kid":"k","alg":"x"}', "[]", ""):
            self.assertTrue(ops["sign"].complaints(200, bad), bad)
        self.assertTrue(ops["sign"].complaints(201, good))
        with_platform = '{"attributes":{"enabled":true,"hsmPlatform":"0"}}'  # 7.4 has no hsmPlatform, 7.5 has
        self.assertTrue(ops["GetKey"].complaints(200, with_platform))
        self.assertEqual(next(op for op in openapi.operations(str(KEYS[1])) if op.id == "GetKey").complaints(200, with_platform), [])


class Vaults(Documents):
    RANK = ["Vaults_CheckNameAvailability", "Vaults_CreateOrUpdate", "Vaults_UpdateAccessPolicy", "Vaults_Update", "Keys_CreateIfNotExist"]
    LAST = ["Vaults_Delete", "Vaults_ListDeleted", "Vaults_GetDeleted", "Vaults_PurgeDeleted"]

    def rank(self, op):
        return self.RANK.index(op.id) if op.id in self.RANK else 100 + self.LAST.index(op.id) if op.id in self.LAST else 50

    def given(self, sim):
        own = {"tenantId": sim.tenant, "objectId": sim.oid, "permissions": {"keys": ["all"]}}
        return {"Vaults_CreateOrUpdate": {"location": "westus", "properties": {"tenantId": sim.tenant, "sku": {"family": "A", "name": "standard"},
                                                                              "accessPolicies": [own]}},
                "Vaults_Update": {"properties": {"enabledForDeployment": True}},
                "Vaults_UpdateAccessPolicy": {"properties": {"accessPolicies": [own]}}}

    def send(self, op, sim, version_of_key):
        names = {"subscriptionId": sim.sub, "resourceGroupName": "rg", "vaultName": "documents", "location": "westus", "operationKind": "add",
                 "keyName": "k", "keyVersion": version_of_key, "privateEndpointConnectionName": "none"}
        path = re.sub(r"\{(\w+)\}", lambda m: names[m.group(1)], op.path)
        if op.id == "Vaults_List":  # its api-version and filter are fixed by the document
            return sim.arm("GET", path + "?$filter=resourceType%20eq%20%27Microsoft.KeyVault/vaults%27", version="2015-11-01")
        return sim.arm(op.method, path, self.body(op, self.given(sim)), op.version)

    def test_every_operation_answers_as_its_document_declares(self):
        for file in ARM:
            ops = sorted(openapi.operations(str(file)), key=self.rank)
            self.assertTrue(ops)
            with Sim(args=["--durability", "relaxed"]) as sim:
                sim.group()
                version_of_key = "none"
                if file.name == "keys.json":
                    sim.make_vault("documents")
                    a = sim.vault("documents", "POST", "/keys/k/create", {"kty": "EC"})
                    version_of_key = a.json["key"]["kid"].split("/")[-1]
                for op in ops:
                    a = self.send(op, sim, version_of_key)
                    with self.subTest(op=op):
                        if op.id in NO_ENDPOINTS:
                            self.assertIn(a.status, (204, 404, 405), a.body)
                        else:
                            self.assertEqual(self.judge(op, a, RECORDED), [])


if __name__ == "__main__":
    if not pathlib.Path(KV).exists():
        print("The OpenAPI documents are not beside this checkout: nothing was compared.")
        sys.exit(77)
    unittest.main()
