"""vaultd over TLS: authentication, the permission matrix, attributes, life of keys and vaults, bad input, kill -9."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import BUILD, KVSIM, Sim, SimTest, b64, unb64

DIGEST = b64(b"d" * 32)


def fake_jwt(header, payload, signature="AAAA"):
    return ".".join([b64(json.dumps(header).encode()), b64(json.dumps(payload).encode()), signature])


class VaultTest(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("demo")

    def ok(self, *args, status=200, **kw):
        a = self.sim.vault("demo", *args, **kw)
        self.assertEqual(a.status, status, a.body)
        return a.json if a.body else None

    def refused(self, status, code, *args, inner=None, **kw):
        a = self.sim.vault("demo", *args, **kw)
        self.assertEqual((a.status, a.code, a.inner), (status, code, inner), a.body)
        self.assertEqual(a.headers["Content-Type"], "application/json; charset=utf-8")
        return a.json["error"]["message"]


class Authentication(VaultTest):
    def test_no_token_gets_the_challenge_before_anything_else_is_looked_at(self):
        for method, path in (("GET", "/keys"), ("POST", "/keys/a_b/create"), ("DELETE", "/keys/x"), ("PATCH", "/nothing/here"),
                             ("GET", "/keys/%00"), ("PUT", "/keys/k")):
            a = self.sim.vault("demo", method, path, token="")
            self.assertEqual(a.status, 401)
            port = self.sim.e["vault_url"].split(":")[-1]
            login = self.sim.e["login_url"]
            self.assertEqual(a.headers["WWW-Authenticate"], f'Bearer authorization="{login}/{self.sim.tenant}", '
                                                            f'resource="https://vault.localhost:{port}"')
            self.assertEqual(a.body, b'{"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}}')

    def test_bad_tokens_are_401(self):
        good = self.sim.token("https://vault.azure.net")
        claims, header = Sim.claims(good), json.loads(unb64(good.split(".")[0]))
        h, p, s = good.split(".")
        for name, token, text in (
                ("garbage", "garbage", "IDX10501"),
                ("no signature", f"{h}.{p}.", "IDX10501"),
                ("alg none", fake_jwt({"alg": "none", "kid": header["kid"]}, claims, ""), "IDX10501"),
                ("alg HS256", fake_jwt({"alg": "HS256", "kid": header["kid"]}, claims), "IDX10501"),
                ("unknown key", fake_jwt({"alg": "RS256", "kid": "other"}, claims), "AKV10046"),
                ("tampered payload", f"{h}.{b64(json.dumps({**claims, 'oid': 'x'}).encode())}.{s}", "IDX10501"),
                ("other audience", self.sim.token("https://management.azure.com"), "AKV10022")):
            with self.subTest(name):
                a = self.sim.vault("demo", "GET", "/keys", token=token)
                self.assertEqual(a.status, 401, a.body)
                self.assertIn(text, a.json["error"]["message"])
                self.assertIn("WWW-Authenticate", a.headers)
                self.assertNotIn(s.encode(), a.body)

    def test_a_token_of_another_tenant_is_an_invalid_issuer(self):
        tenant = self.sim.kvsim("tenant", "add").stdout.strip().split("=")[1]
        made = dict(l.split("=", 1) for l in self.sim.kvsim("principal", "add", "--tenant", tenant).stdout.split())
        token = self.sim.token("https://vault.azure.net", made["client_id"], made["client_secret"], tenant)
        self.assertIn("AKV10032", self.refused(401, "Unauthorized", "GET", "/keys", token=token))

    def test_wrong_secrets_get_no_token(self):
        a = self.sim.http("POST", f"{self.sim.e['login_url']}/{self.sim.tenant}/oauth2/v2.0/token",
                          f"grant_type=client_credentials&client_id={self.sim.e['client_id']}&client_secret=wrong&scope=x/.default")
        self.assertEqual((a.status, a.json["error"], a.json["error_codes"]), (401, "invalid_client", [7000215]))


class Permissions(VaultTest):
    args = ("--secure-wrap",)

    def test_each_operation_of_the_route_table_needs_its_permission(self):
        made = dict(l.split("=", 1) for l in self.sim.kvsim("principal", "add").stdout.split())
        token = self.sim.token("https://vault.azure.net", made["client_id"], made["client_secret"])
        self.sim.make_vault("matrix")
        routes = subprocess.run([BUILD / "vault" / "vaultd", "--print-routes"], capture_output=True, text=True, check=True)
        rows = [r.split("\t") for r in routes.stdout.splitlines() if r.startswith("data\t")]
        self.assertGreater(len(rows), 20)
        kind_of = lambda path: "certificates" if path.startswith("/certificates/") else "keys"  # permissions are held of each
        everything = {kind: sorted({r[4] for r in rows if kind_of(r[2]) == kind}) for kind in ("keys", "certificates")}
        for _, method, path, _, permission, action, audit, *_ in rows:
            with self.subTest(f"{method} {path}"):
                self.assertTrue(permission != "-" and action != "-" and audit != "-")
                kind = kind_of(path)
                url = path.replace("{name?}", "k").replace("{name}", "k").replace("{version?}", "")
                others = {k: [p for p in held if (k, p) != (kind, permission)] for k, held in everything.items()}
                for held, allowed in ((others, False), ({kind: [permission]}, True)):
                    self.sim.make_vault("matrix", [{**self.sim.policy(made["object_id"], []), "permissions": held}])
                    a = self.sim.vault("matrix", method, url, {} if method in ("POST", "PUT", "PATCH") else None, version="2026-04-01", token=token)
                    if allowed:
                        self.assertNotEqual(a.status, 403, a.body)
                    else:
                        self.assertEqual((a.status, a.inner), (403, "ForbiddenByPolicy"), a.body)
                        self.assertIn(f"does not have {kind} {permission} permission on key vault 'matrix;location=westeurope'",
                                      a.json["error"]["message"])


class Keys(VaultTest):
    def test_every_algorithm_works_and_answers_with_the_version_used(self):
        rsa = {"RSA-OAEP", "RSA-OAEP-256", "RSA1_5"}
        for name, body in (("r2", {"kty": "RSA"}), ("r3", {"kty": "RSA", "key_size": 3072}), ("r4", {"kty": "RSA", "key_size": 4096})):
            kid = self.ok("POST", f"/keys/{name}/create", body)["key"]["kid"]
            version = kid.split("/")[-1]
            for alg in rsa:
                for there, back in (("encrypt", "decrypt"), ("wrapkey", "unwrapkey")):
                    for middle in (f"/{version}", "/", ""):
                        made = self.ok("POST", f"/keys/{name}{middle}/{there}", {"alg": alg, "value": DIGEST})
                        self.assertEqual(made["kid"], kid)
                        again = self.ok("POST", f"/keys/{name}{middle}/{back}", {"alg": alg, "value": made["value"]})
                        self.assertEqual(again["value"], DIGEST)
            for bits, size in ((256, 32), (384, 48), (512, 64)):
                for alg in (f"RS{bits}", f"PS{bits}"):
                    self.sign_and_verify(name, alg, size)
        for crv, alg, size in (("P-256", "ES256", 32), ("P-384", "ES384", 48), ("P-521", "ES512", 64), ("P-256K", "ES256K", 32)):
            self.ok("POST", f"/keys/e-{crv}/create", {"kty": "EC", "crv": crv})
            self.sign_and_verify(f"e-{crv}", alg, size)

    def sign_and_verify(self, name, alg, size):
        digest = os.urandom(size)
        value = self.ok("POST", f"/keys/{name}/sign", {"alg": alg, "value": b64(digest)})["value"]
        for d, good in ((digest, True), (bytes([digest[0] ^ 1]) + digest[1:], False)):
            self.assertIs(self.ok("POST", f"/keys/{name}//verify", {"alg": alg, "digest": b64(d), "value": value})["value"], good)
        self.assertEqual(self.sim.vault("demo", "POST", f"/keys/{name}/sign", {"alg": alg, "value": b64(digest[1:])}).status, 400)

    def test_attributes_are_enforced(self):
        self.ok("POST", "/keys/attr/create", {"kty": "RSA"})
        wrapped = self.ok("POST", "/keys/attr/wrapkey", {"alg": "RSA-OAEP", "value": DIGEST})["value"]
        now = Sim.claims(self.sim.token("https://vault.azure.net"))["iat"]
        wrap = ("POST", "/keys/attr/wrapkey", {"alg": "RSA-OAEP", "value": DIGEST})
        unwrap = ("POST", "/keys/attr/unwrapkey", {"alg": "RSA-OAEP", "value": wrapped})
        for attributes, inner in (({"exp": now - 60}, "KeyExpired"), ({"exp": now + 86400, "nbf": now + 3600}, "KeyNotYetValid")):
            self.ok("PATCH", "/keys/attr/", {"attributes": attributes})
            self.refused(403, "Forbidden", *wrap, inner=inner)
            self.assertEqual(self.ok(*unwrap)["value"], DIGEST)
        self.ok("PATCH", "/keys/attr", {"attributes": {"nbf": now - 60, "enabled": False}})
        self.assertEqual(self.refused(403, "Forbidden", *unwrap, inner="KeyDisabled"),
                         "Operation unwrapKey is not allowed on a disabled key.")
        self.assertFalse(self.ok("GET", "/keys/attr")["attributes"]["enabled"])
        self.ok("PATCH", "/keys/attr", {"attributes": {"enabled": True}, "key_ops": ["wrapKey"]})
        self.assertEqual(self.refused(403, "Forbidden", *unwrap, inner="KeyOperationForbidden"),
                         "Operation unwrapKey is not permitted on this key.")
        self.ok(*wrap)

    def test_hsm_keys_need_a_premium_vault(self):
        self.refused(400, "BadParameter", "POST", "/keys/h/create", {"kty": "RSA-HSM"})
        self.sim.make_vault("premium", sku={"family": "A", "name": "premium"})
        a = self.sim.vault("premium", "POST", "/keys/h/create", {"kty": "RSA-HSM"})
        self.assertEqual((a.status, a.json["key"]["kty"], a.json["attributes"]["hsmPlatform"]), (200, "RSA-HSM", "1"))

    def test_soft_delete_on_the_simulated_clock(self):
        self.sim.make_vault("weekly", softDeleteRetentionInDays=7)
        v = lambda *a: self.sim.vault("weekly", *a)
        v("POST", "/keys/k/create", {"kty": "EC"})
        gone = v("DELETE", "/keys/k").json
        self.assertEqual(gone["scheduledPurgeDate"] - gone["deletedDate"], 7 * 86400)
        self.assertEqual(gone["attributes"]["recoveryLevel"], "CustomizedRecoverable+Purgeable")
        self.assertEqual(v("GET", "/keys/k").status, 404)
        a = v("POST", "/keys/K/create", {"kty": "EC"})
        self.assertEqual((a.status, a.inner), (409, "ObjectIsDeletedButRecoverable"))
        self.assertEqual(v("POST", "/deletedkeys/k/recover").status, 200)
        self.assertEqual(v("POST", "/deletedkeys/k/recover").status, 400)
        v("DELETE", "/keys/k")
        self.sim.kvsim("clock", "advance", "6d")
        self.assertEqual(v("GET", "/deletedkeys/k").status, 200)
        self.sim.kvsim("clock", "advance", "1d1h")
        self.assertEqual(v("GET", "/deletedkeys/k").status, 404)
        self.assertEqual(v("POST", "/keys/k/create", {"kty": "EC"}).status, 200)
        self.assertNotEqual(self.sim.kvsim("clock", "set", "2020-01-01T00:00:00Z", check=False).returncode, 0)

    def test_purge_protection_forbids_purge(self):
        self.sim.make_vault("guarded", enablePurgeProtection=True)
        self.sim.vault("guarded", "POST", "/keys/k/create", {"kty": "EC"})
        self.sim.vault("guarded", "DELETE", "/keys/k")
        a = self.sim.vault("guarded", "DELETE", "/deletedkeys/k")
        self.assertEqual(a.status, 403)
        self.assertIn('Operation "purge" is not allowed because purge protection is enabled', a.json["error"]["message"])

    def test_lists_are_sorted_and_paged(self):
        self.sim.make_vault("lists")
        for i in (3, 1, 2):
            self.sim.vault("lists", "POST", f"/keys/k{i}/create", {"kty": "EC"})
        names, path = [], "/keys?maxresults=1"
        while path:
            page = self.sim.vault("lists", "GET", path).json
            names += [i["kid"].split("/")[-1] for i in page["value"]]
            path = page["nextLink"] and "/keys?" + page["nextLink"].split("?")[1]
        self.assertEqual(names, ["k1", "k2", "k3"])
        self.assertEqual(self.sim.vault("lists", "GET", "/keys/none/versions").body, b'{"value":[],"nextLink":null}')
        for bad in ("0", "26", "x"):
            self.assertEqual(self.sim.vault("lists", "GET", f"/keys?maxresults={bad}").status, 400)


class BadInput(VaultTest):
    def test_bad_requests_get_the_services_json_and_change_nothing(self):
        self.ok("POST", "/keys/stays/create", {"kty": "RSA"})
        before = self.ok("GET", "/keys/stays"), self.ok("GET", "/keys")
        long = "x" * 128
        for path, body in (("/keys/bad/create", "{"), ("/keys/bad/create", "[]"), ("/keys/bad/create", ""),
                           ("/keys/bad/create", '{"kty":"RSA","kty":"EC"}'), ("/keys/bad/create", {"kty": 7}),
                           ("/keys/bad/create", {"kty": "oct"}), ("/keys/bad/create", {"kty": "RSA", "key_size": 1024}),
                           ("/keys/bad/create", {"kty": "RSA", "key_size": "2048"}), ("/keys/bad/create", {"kty": "EC", "crv": "P-1"}),
                           ("/keys/bad/create", {"kty": "RSA", "key_ops": ["fly"]}), ("/keys/bad/create", {"kty": "RSA", "attributes": 1}),
                           ("/keys/bad/create", {"kty": "RSA", "tags": {str(i): "v" for i in range(16)}}),
                           ("/keys/bad/create", {"kty": "RSA", "tags": {"a": "v" * 257}}), ("/keys/a_b/create", {"kty": "RSA"}),
                           (f"/keys/{long}/create", {"kty": "RSA"}), ("/keys//create", {"kty": "RSA"}),
                           ("/keys/%2e%2e/create", {"kty": "RSA"}), ("/keys/a%2fb/create", {"kty": "RSA"}),
                           ("/keys/a%00/create", {"kty": "RSA"}), ("/keys/stays/wrapkey", {"alg": "none", "value": "AA"}),
                           ("/keys/stays/wrapkey", {"alg": "RSA-OAEP", "value": "!!"}), ("/keys/stays/wrapkey", {"value": "AA"}),
                           ("/keys/stays/wrapkey", {"alg": "RSA-OAEP", "value": b64(b"x" * 300)}),
                           ("/keys/stays/unwrapkey", {"alg": "RSA-OAEP", "value": b64(b"x" * 256)}),
                           ("/keys/stays/sign", {"alg": "ES256", "value": DIGEST}), ("/keys/stays/sign", {"alg": "RS256", "value": "AAAA"})):
            with self.subTest(path=path, body=body):
                self.refused(400, "BadParameter", "POST", path, body)
        self.assertEqual(before, (self.ok("GET", "/keys/stays"), self.ok("GET", "/keys")))
        self.assertEqual(self.sim.vault("demo", "POST", "/keys/big/create", "x" * (300 * 1024)).status, 413)

    def test_api_versions(self):
        self.refused(400, "BadParameter", "GET", "/keys", version="1.0")
        self.refused(400, "BadParameter", "GET", "/keys", version="")
        self.ok("GET", "/keys", version="2031-01-01")
        self.ok("GET", "/keys?api%2Dversion=7.4", version="7.4")


class Vaults(VaultTest):
    def test_what_can_not_be_undone(self):
        self.sim.make_vault("kept", enablePurgeProtection=True, softDeleteRetentionInDays=10)
        put = lambda **p: self.sim.arm("PATCH", self.sim.vault_id("kept"), {"properties": p})
        for p, text in (({"enablePurgeProtection": False}, "enablePurgeProtection"), ({"enableSoftDelete": False}, "enableSoftDelete"),
                        ({"softDeleteRetentionInDays": 11}, "has been set already")):
            a = put(**p)
            self.assertEqual((a.status, a.code), (400, "BadRequest"))
            self.assertIn(text, a.json["error"]["message"])
        before = self.sim.arm("GET", self.sim.vault_id("kept")).body
        self.assertIn(b'"softDeleteRetentionInDays":10', before)

    def test_names_are_unique_also_while_deleted(self):
        self.sim.make_vault("taken")
        self.sim.group("other")
        body = {"location": "westeurope", "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("taken", "other"), body).code, "VaultAlreadyExists")
        self.assertEqual(self.sim.arm("DELETE", self.sim.vault_id("taken")).status, 200)
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("taken"), body).code, "VaultAlreadyExists")
        check = f"/subscriptions/{self.sim.sub}/providers/Microsoft.KeyVault/checkNameAvailability"
        self.assertFalse(self.sim.arm("POST", check, {"name": "taken", "type": "Microsoft.KeyVault/vaults"}).json["nameAvailable"])
        body["properties"]["createMode"] = "recover"
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("taken"), body).status, 200)
        self.sim.arm("DELETE", self.sim.vault_id("taken"))
        purge = f"/subscriptions/{self.sim.sub}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/taken/purge"
        self.assertEqual(self.sim.arm("POST", purge).status, 202)
        self.assertTrue(self.sim.arm("POST", check, {"name": "taken", "type": "Microsoft.KeyVault/vaults"}).json["nameAvailable"])

    def test_only_the_owner_manages(self):
        made = dict(l.split("=", 1) for l in self.sim.kvsim("principal", "add").stdout.split())
        token = self.sim.token("https://management.azure.com", made["client_id"], made["client_secret"])
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("demo"), token=token).code, "AuthorizationFailed")
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("demo"), token="garbage").code, "InvalidAuthenticationToken")
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("demo", "nogroup")).code, "ResourceGroupNotFound")
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("nosuch")).code, "ResourceNotFound")

    def test_the_resource_manager_of_vaultd_is_closed_to_others(self):
        port = self.sim.e["vault_url"].split(":")[-1]
        a = self.sim.http("GET", f"https://management.localhost:{port}{self.sim.vault_id('demo')}?api-version=2023-07-01",
                          headers={"Authorization": "Bearer " + self.sim.token("https://management.azure.com")})
        self.assertEqual(a.status, 403)
        self.assertEqual(self.sim.http("GET", f"https://management.localhost:{port}/_sim/vaults/demo").status, 403)


class Crash(unittest.TestCase):
    def test_every_acknowledged_key_is_there_and_usable_after_kill_9(self):
        state = tempfile.mkdtemp(prefix="kvsim-crash.")
        sim = Sim(state)
        try:
            sim.group()
            sim.make_vault("demo")
            done, lock = [], threading.Lock()

            def create(n):
                for i in range(400):
                    try:
                        a = sim.vault("demo", "POST", f"/keys/k{n}-{i}/create", {"kty": "EC"})
                    except OSError:
                        return
                    if a.status == 200:
                        with lock:
                            done.append(a.json["key"]["kid"].split("/keys/")[1])
                            if len(done) == 120:
                                os.kill(sim.e["pids"]["vaultd"], signal.SIGKILL)

            threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertGreaterEqual(len(done), 120)
            sim.process.wait(20)
            sim.process.stdout.close()
            sim.start()
            for key in done:
                a = sim.vault("demo", "POST", f"/keys/{key}/sign", {"alg": "ES256", "value": DIGEST})
                self.assertEqual(a.status, 200, (key, a.body))
        finally:
            sim.own = True
            sim.close()


class UpAndDown(unittest.TestCase):
    def test_a_second_up_is_refused_with_cause_and_cure(self):
        with Sim(args=["--durability", "relaxed"]) as sim:
            a = subprocess.run([KVSIM, "up", "--state", sim.state, "--port-base", "0"], capture_output=True, text=True)
            self.assertNotEqual(a.returncode, 0)
            self.assertIn("is in use by process", a.stderr)
            self.assertIn("kvsim down", a.stderr)
            port = int(sim.e["vault_url"].split(":")[-1])
            with tempfile.TemporaryDirectory() as other:
                a = subprocess.run([KVSIM, "up", "--state", other, "--port-base", str(port)], capture_output=True, text=True)
            self.assertNotEqual(a.returncode, 0)
            self.assertIn(f"port {port}", a.stderr)
            self.assertIn("--port-base", a.stderr)
            self.assertEqual(sim.kvsim("status").returncode, 0)
            self.assertEqual(sim.kvsim("down").returncode, 0)
            self.assertEqual(sim.kvsim("status", check=False).returncode, 3)

    def test_a_restart_keeps_everything_and_no_secret_is_logged(self):
        state = tempfile.mkdtemp(prefix="kvsim-restart.")
        sim = Sim(state)
        sim.own = True
        try:
            identity, _ = sim.cmk("z")
            file = sim.upload("acctz", b"kept").json["id"]
            sim.stop()
            sim.tokens.clear()
            sim.start()
            self.assertEqual(sim.files("acctz", "GET", f"/{file}/content").body, b"kept")
            secrets = [sim.secret, sim.control, sim.api_key("acctz"), sim.token("https://vault.azure.net").split(".")[2]]
            for folder in ("log", "audit"):
                for p in (sim.state / folder).iterdir():
                    text = p.read_text()
                    for s in secrets:
                        self.assertNotIn(s, text)
            self.assertIn("KeyUnwrap", sim.kvsim("audit").stdout)
            self.assertIn(identity, sim.kvsim("audit").stdout)
        finally:
            sim.close()


if __name__ == "__main__":
    unittest.main()
