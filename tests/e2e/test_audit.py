"""The audit log: one record a request in the documented form (logging.md, azure-rules.md section 6), asked of the daemon and
through `kvsim audit`; what must never be in it."""

import http.client
import json
import os
import socket
import subprocess
import unittest

from harness import BUILD, KVSIM, SimTest, b64

MEMBERS = ["time", "resourceId", "operationName", "operationVersion", "category", "resultType", "resultSignature", "resultDescription",
           "durationMs", "callerIpAddress", "correlationId", "identity", "properties"]


# MicrosoftDocs key-vault/general/logging.md, the tables of operation names.
DOCUMENTED = set("""VaultGet VaultPut VaultDelete VaultPatch VaultRecover VaultAccessPolicyChangedEventGridNotification KeyCreate KeyGet KeyImport
KeyDelete KeySign KeyVerify KeyWrap KeyUnwrap KeyEncrypt KeyDecrypt KeyUpdate KeyList KeyListVersions KeyPurge KeyBackup KeyRestore KeyRecover
KeyGetDeleted KeyListDeleted KeyRotate KeyRotationPolicyGet KeyRotationPolicySet
CertificateContactsGet CertificateContactsSet CertificateContactsDelete""".split())
# Operations that the tables do not name: ours, docs/fidelity.md.
OURS = {"KeyRelease", "KeySecureWrap", "KeySecureUnwrap", "VaultList", "VaultListDeleted", "VaultGetDeleted", "VaultPurge", "VaultCheckName"}


class Audit(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.make_vault("audited")
        s.make_vault("other")
        s.vault("audited", "POST", "/keys/k/create", {"kty": "RSA"})

    def ask(self, query="", daemon="vault", headers=None):
        base = self.sim.e["vault_url"].replace("{vault}", "audited") if daemon == "vault" else self.sim.e["management_url"]
        return self.sim.http("GET", f"{base}/_sim/audit{query}", headers={"x-kvsim-control": self.sim.control} if headers is None else headers)

    def records(self, query="", **kw):
        a = self.ask(query, **kw)
        self.assertEqual((a.status, a.headers["Content-Type"]), (200, "application/json; charset=utf-8"), a.body)
        return a.json["value"]

    def test_a_record_has_the_documented_members_in_their_order(self):
        a = self.sim.vault("audited", "GET", "/keys/k", headers={"x-ms-client-request-id": "corr-1", "User-Agent": "tester/1"})
        (r,) = self.records("?correlationId=corr-1")
        self.assertEqual(list(r), MEMBERS)
        self.assertEqual((r["operationName"], r["operationVersion"], r["category"], r["resultType"], r["resultSignature"], r["resultDescription"]),
                         ("KeyGet", "7.5", "AuditEvent", "Success", "OK", ""))
        self.assertEqual(r["resourceId"], self.sim.vault_id("audited").upper())
        self.assertEqual(r["identity"]["claim"]["http://schemas.microsoft.com/identity/claims/objectidentifier"], self.sim.oid)
        self.assertEqual(r["identity"]["claim"]["appid"], self.sim.e["client_id"])
        self.assertRegex(r["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")
        self.assertRegex(r["durationMs"], r"^\d+$")
        self.assertEqual(list(r["properties"]), ["clientInfo", "requestUri", "id", "httpStatusCode"])
        base = self.sim.e["vault_url"].replace("{vault}", "audited")
        self.assertEqual(r["properties"], {"clientInfo": "tester/1", "requestUri": f"{base}/keys/k?api-version=7.5",
                                           "id": a.json["key"]["kid"], "httpStatusCode": 200})

    def test_each_request_leaves_one_record_whatever_became_of_it(self):
        calls = (("GET", "/keys/k", None, None, "KeyGet", 200), ("GET", "/keys/none", None, None, "KeyGet", 404),
                 ("GET", "/keys", None, "", "Authentication", 401), ("POST", "/keys/k/sign", {"alg": "x", "value": "A"}, None, "KeySign", 400),
                 ("GET", "/nothing", None, None, None, 400), ("GET", "/keys?maxresults=0", None, None, "KeyList", 400))
        for i, (method, path, body, token, operation, status) in enumerate(calls):
            a = self.sim.vault("audited", method, path, body, token=token, headers={"x-ms-client-request-id": f"one-{i}"})
            self.assertEqual(a.status, status, a.body)
            (r,) = self.records(f"?correlationId=one-{i}")
            self.assertEqual((r.get("operationName"), r["properties"]["httpStatusCode"]), (operation, status))
            self.assertEqual(r["resultDescription"], "" if status == 200 else a.json["error"]["message"])

    def test_every_operation_has_its_documented_name(self):
        out = subprocess.run([BUILD / "vault" / "vaultd", "--print-routes"], capture_output=True, text=True, check=True).stdout
        names = {row[6] for row in (line.split("\t") for line in out.splitlines()) if row[0] != "control"} - {"-"}
        self.assertEqual(DOCUMENTED - names, {"VaultRecover"})  # which is a PUT: below
        self.assertEqual(names - DOCUMENTED, OURS)

    def test_requests_to_the_resource_manager_name_their_vault_and_a_recovery_is_one(self):
        self.sim.make_vault("recovered")
        path = self.sim.vault_id("recovered")
        self.sim.arm("DELETE", path)
        properties = {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"}, "createMode": "recover"}
        a = self.sim.arm("PUT", path, {"location": "westeurope", "properties": properties})
        self.assertIn(a.status, (200, 201), a.body)
        made = [(r["operationName"], r["resourceId"]) for r in self.records("?vault=recovered")]
        self.assertEqual([name for name, _ in made if name in ("VaultPut", "VaultDelete", "VaultRecover")], ["VaultPut", "VaultDelete", "VaultRecover"])
        self.assertEqual({resource for _, resource in made}, {path.upper()})

    def test_filters_limit_and_their_refusals(self):
        self.sim.vault("other", "GET", "/keys")
        self.sim.vault("other", "GET", "/keys/none")
        self.assertEqual({r["operationName"] for r in self.records("?operation=KeyCreate")}, {"KeyCreate"})
        self.assertEqual({r["resourceId"].split("/")[-1] for r in self.records("?vault=other&limit=10000") if "/providers/" not in r["properties"]["requestUri"]},
                         {"OTHER"})
        self.assertEqual({r["properties"]["httpStatusCode"] for r in self.records("?vault=other&status=4xx")}, {404})
        self.assertEqual(len(self.records(f"?oid={self.sim.oid}&limit=2")), 2)
        self.assertEqual(self.records("?since=2500-01-01T00:00:00Z"), [])
        self.assertEqual(self.records("?operation=KeyPurge"), [])
        for bad in ("?limit=0", "?limit=x", "?since=now", "?status=9", "?colour=red"):
            a = self.ask(bad)
            self.assertEqual((a.status, a.code), (400, "BadParameter"))

    def test_it_needs_the_control_token_and_only_reads(self):
        for headers in ({}, {"x-kvsim-control": "0" * 64}):
            self.assertEqual(self.ask(headers=headers).status, 403)
        base = self.sim.e["vault_url"].replace("{vault}", "audited")
        self.assertEqual(self.sim.http("DELETE", f"{base}/_sim/audit", headers={"x-kvsim-control": self.sim.control}).status, 405)

    def test_providerd_has_its_own(self):
        self.assertTrue(all(r["category"] == "AuditEvent" for r in self.records("?limit=5", daemon="provider")))

    def test_followed_it_goes_on_until_the_client_leaves(self):
        base = self.sim.e["vault_url"].replace("{vault}", "audited").split("//")[1]
        host, port = base.split(":")
        for _ in range(3):  # each leaves; the daemon must not keep anything of it
            conn = http.client.HTTPConnection(host)
            conn.sock = self.sim.tls.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), timeout=30), server_hostname=host)
            conn.request("GET", "/_sim/audit?follow=true&limit=1&operation=KeyListVersions", headers={"x-kvsim-control": self.sim.control, "Host": base})
            r = conn.getresponse()
            self.assertEqual((r.status, r.headers["Content-Type"], r.headers["Transfer-Encoding"]), (200, "application/x-ndjson", "chunked"))
            for i in range(3):
                self.assertEqual(self.sim.vault("audited", "GET", "/keys/k/versions", headers={"x-ms-client-request-id": f"f{i}"}).status, 200)
                line = json.loads(r.readline())
                while line["correlationId"] != f"f{i}":  # the backlog's one, of an earlier round
                    line = json.loads(r.readline())
            conn.close()
        self.assertEqual(self.sim.vault("audited", "GET", "/keys").status, 200)

    def test_the_tool_filters_formats_and_follows(self):
        self.sim.vault("audited", "GET", "/keys/k", headers={"x-ms-client-request-id": "tool-1"})
        self.records("?limit=1")  # what was written is in the file now
        out = self.sim.kvsim("audit", "--correlation-id", "tool-1").stdout.splitlines()
        self.assertEqual([json.loads(line)["operationName"] for line in out], ["KeyGet"])
        out = self.sim.kvsim("audit", "--correlation-id", "tool-1", "--format", "text").stdout
        self.assertRegex(out, r"^\d{4}-\S+Z +200 +KeyGet +[0-9a-f-]{36} +https://audited\.\S+/keys/k/[0-9a-f]{32}\n$")
        self.assertEqual(self.sim.kvsim("audit", "--operation", "KeyPurge").stdout, "")
        self.assertEqual(self.sim.kvsim("audit", "--limit", "0", check=False).returncode, 2)
        follower = subprocess.Popen([KVSIM, "audit", "--follow", "--correlation-id", "tool-2", "--state", self.sim.state], stdout=subprocess.PIPE, text=True)
        try:
            self.sim.vault("audited", "GET", "/keys", headers={"x-ms-client-request-id": "tool-2"})
            self.assertEqual(json.loads(follower.stdout.readline())["operationName"], "KeyList")
        finally:
            follower.terminate()
            follower.wait(10)
            follower.stdout.close()

    def test_neither_key_material_nor_tokens_are_ever_in_it(self):
        value = b64(os.urandom(32))
        token = self.sim.token("https://vault.azure.net")
        wrapped = self.sim.vault("audited", "POST", "/keys/k/wrapkey", {"alg": "RSA-OAEP", "value": value}).json["value"]
        self.assertEqual(self.sim.vault("audited", "POST", "/keys/k/unwrapkey", {"alg": "RSA-OAEP", "value": wrapped}).json["value"], value)
        backup = self.sim.vault("audited", "POST", "/keys/k/backup").json["value"]
        jwk = {"kty": "oct-HSM", "k": value}
        self.sim.vault("audited", "PUT", "/keys/imported", {"key": jwk})
        self.sim.vault("audited", "GET", "/keys", token=token[:-2])
        self.records("?limit=1")
        self.sim.arm("GET", f"/subscriptions/{self.sim.sub}/resourceGroups")
        self.ask("?limit=1", daemon="provider")
        logs = "".join(p.read_text() for p in (self.sim.state / "audit").iterdir())
        logs += "".join(p.read_text() for p in (self.sim.state / "log").iterdir())
        for secret in (value, wrapped, backup, backup[100:160], token, token.split(".")[2], token.split(".")[1], self.sim.secret, self.sim.control):
            self.assertNotIn(secret, logs)


if __name__ == "__main__":
    unittest.main()
