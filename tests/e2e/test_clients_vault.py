"""What real clients demand of the data plane, as raw requests: clients.md sections 8, 9 and 12 (docs/clients.md says
which line is which test)."""

import json
import socket
import ssl
import unittest

from harness import Sim, SimTest, b64

DIGEST = b64(b"d" * 32)


class Clients(SimTest):
    args = ("--alias", "localhost=demo")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.make_vault("demo")
        cls.port = s.e["vault_url"].split(":")[-1]
        cls.urls = {"localhost": f"https://demo.vault.localhost:{cls.port}", "azure": "https://demo.vault.azure.net",
                    "alias": f"https://localhost:{cls.port}"}

    def call(self, method, url, body=None, resource="https://vault.azure.net", **headers):
        if resource:
            headers["Authorization"] = "Bearer " + self.sim.token(resource)
        return self.sim.http(method, url, body if body is None or isinstance(body, str) else json.dumps(body),
                             {"Content-Type": "application/json", **headers})

    def ok(self, *args, status=200, **kw):
        a = self.call(*args, **kw)
        self.assertEqual(a.status, status, a.body)
        return a.json if a.body else None


class Challenge(Clients):
    def test_the_challenge_is_right_to_the_space_under_every_name(self):
        """8 challenge; 9.3 (resource with the port), 9.12 (separators, quotes, no slash at the end); 12.5."""
        login = self.sim.e["login_url"]
        for family, expected in {
            "localhost": f'Bearer authorization="{login}/{self.sim.tenant}", resource="https://vault.localhost:{self.port}"',
            "azure": f'Bearer authorization="https://login.microsoftonline.com/{self.sim.tenant}", resource="https://vault.azure.net"',
            "alias": f'Bearer authorization="{login}/{self.sim.tenant}", resource="https://localhost:{self.port}"',
        }.items():
            with self.subTest(family):
                a = self.call("GET", self.urls[family] + "/keys?api-version=7.5", resource=None)
                self.assertEqual((a.status, a.headers.get_all("WWW-Authenticate")), (401, [expected]))

    def test_the_first_request_without_body_and_token_is_challenged_for_every_method(self):
        """8 body-less first request; 9.10; 12.4 (Go sends no Content-Type)."""
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            for path in ("/keys/new/create", "/keys/none/", "/keys/none//encrypt", "/deletedkeys/none", "/keys", "/rng", "/nothing"):
                for headers in ({"Content-Type": "application/json", "Content-Length": "0"}, {"Content-Length": "0"}, {}):
                    a = self.sim.http(method, f"{self.urls['localhost']}{path}?api-version=7.5", headers=headers)
                    self.assertEqual(a.status, 401, (method, path))
                    self.assertIn("WWW-Authenticate", a.headers)
                    self.assertEqual(a.code, "Unauthorized")
                    self.assertIn("x-ms-request-id", a.headers)
        self.assertEqual(self.call("GET", self.urls["localhost"] + "/keys/new?api-version=7.5").status, 404)

    def test_forbidden_is_403_and_carries_no_challenge(self):
        """Section 1.7: a 401 would make clients fetch tokens, and old ones replay requests."""
        self.sim.make_vault("closed", [])
        a = self.call("GET", self.urls["localhost"].replace("demo", "closed") + "/keys?api-version=7.5")
        self.assertEqual((a.status, a.headers["WWW-Authenticate"]), (403, None))

    def test_every_audience_of_the_vault_is_accepted_and_no_other(self):
        """8 audiences: with and without port or slash; the public name under any name."""
        for resource in ("https://vault.azure.net", "https://vault.azure.net/", f"https://vault.localhost:{self.port}",
                         f"https://vault.localhost:{self.port}/", "https://vault.localhost", f"https://localhost:{self.port}"):
            families = ("localhost", "azure") if "azure" in resource else ("localhost",) if "vault" in resource else ("alias",)
            for family in families:
                self.ok("GET", self.urls[family] + "/keys?api-version=7.5", resource=resource)
        for resource in ("https://management.azure.com", "https://graph.microsoft.com", "https://cognitiveservices.azure.com",
                         "https://vault.azure.net.example.com", "https://vault.example.com"):
            self.assertEqual(self.call("GET", self.urls["localhost"] + "/keys?api-version=7.5", resource=resource).status, 401)


class Requests(Clients):
    def test_names_and_values_in_the_query_are_decoded(self):
        """8 query; 9.1 (JavaScript sends api%2Dversion)."""
        base = self.urls["localhost"] + "/keys?"
        for query in ("api-version=7.5", "api%2Dversion=7.5", "api%2dversion=2025%2D07%2D01", "maxresults=25&api%2Dversion=7%2E5"):
            self.ok("GET", base + query)
        for query in ("", "api-version=", "version=7.5", "api%252Dversion=7.5"):
            self.assertEqual(self.call("GET", base + query).status, 400, query)

    def test_every_api_version_that_clients_send_is_accepted_and_echoed(self):
        """4.2, 12.8."""
        for name in ("v1", "v2"):
            self.ok("POST", f"{self.urls['localhost']}/keys/{name}/create?api-version=7.4", {"kty": "EC"})
        for version in ("2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4-preview.1", "7.4", "7.5", "7.6-preview.2", "7.6", "2025-06-01-preview",
                        "2025-07-01"):
            page = self.ok("GET", f"{self.urls['localhost']}/keys?maxresults=1&api-version={version}")
            self.assertIn("api-version=" + version, page["nextLink"])

    def test_empty_segments_and_slashes_have_their_meaning(self):
        """8 paths; 9.2; 12.4: JavaScript and Java send /keys/N//encrypt, Go /keys/N/wrapkey, GET has a trailing slash."""
        base = self.urls["localhost"] + "/keys/seg"
        made = self.ok("POST", base + "/create?api-version=7.5", {"kty": "RSA"})
        version = made["key"]["kid"].split("/")[-1]
        for path in ("", "/", "/" + version):
            self.assertEqual(self.ok("GET", base + path + "?api-version=7.5")["key"]["kid"], made["key"]["kid"])
        for path in ("", "/", "/" + version):
            self.ok("PATCH", base + path + "?api-version=7.5", {"tags": {"by": path}})
        for there, back in (("encrypt", "decrypt"), ("wrapkey", "unwrapkey")):
            for middle in ("/", "//", f"/{version}/"):
                value = self.ok("POST", f"{base}{middle}{there}?api-version=7.5", {"alg": "RSA-OAEP", "value": DIGEST})["value"]
                a = self.ok("POST", f"{base}{middle}{back}?api-version=7.5", {"alg": "RSA-OAEP", "value": value})
                self.assertEqual((a["value"], a["kid"]), (DIGEST, made["key"]["kid"]))
        for middle in ("/", "//", f"/{version}/"):
            value = self.ok("POST", f"{base}{middle}sign?api-version=7.5", {"alg": "RS256", "value": DIGEST})["value"]
            self.assertTrue(self.ok("POST", f"{base}{middle}verify?api-version=7.5", {"alg": "RS256", "digest": DIGEST, "value": value})["value"])
        self.assertIn(self.call("POST", base + "///encrypt?api-version=7.5", {"alg": "RSA-OAEP", "value": DIGEST}).status, (400, 404))

    def test_what_java_sends_creates_and_updates(self):
        """12.4: public_exponent 0 and empty attributes; an empty key_ops in an update can't mean 'no operation'."""
        base = self.urls["localhost"] + "/keys/java"
        made = self.ok("POST", base + "/create?api-version=2025-07-01", {"kty": "RSA", "public_exponent": 0, "attributes": {}, "key_size": 2048})
        version = made["key"]["kid"].split("/")[-1]
        changed = self.ok("PATCH", f"{base}/{version}?api-version=2025-07-01", {"key_ops": [], "attributes": {"enabled": True, "exportable": False}})
        self.assertEqual(changed["key"]["key_ops"], made["key"]["key_ops"])
        self.ok("POST", base + "//wrapkey?api-version=2025-07-01", {"alg": "RSA-OAEP", "value": DIGEST})

    def test_a_negative_date_of_javascript_is_taken_or_refused_cleanly(self):
        """10 B3: dates beyond 2038 arrive as negative numbers."""
        a = self.call("POST", self.urls["localhost"] + "/keys/b3/create?api-version=2025-07-01", {"kty": "EC", "attributes": {"nbf": -2085978496}})
        self.assertIn(a.status, (200, 400))
        self.assertTrue(a.json)


class Urls(Clients):
    def test_every_url_in_an_answer_is_under_the_name_that_was_asked(self):
        """8 absolute URLs from the Host; 9.13: kid, recoveryId, nextLink and vaultUri with the port."""
        for family, base in self.urls.items():
            with self.subTest(family):
                q = "?api-version=7.5"
                for name in ("u1-", "u2-"):
                    kid = self.ok("POST", f"{base}/keys/{name}{family}/create{q}", {"kty": "EC"})["key"]["kid"]
                    self.assertTrue(kid.startswith(f"{base}/keys/{name}{family}/"), kid)
                page = self.ok("GET", f"{base}/keys{q}&maxresults=1")
                # Under the public name the service spells the port out in nextLink (wire-samples.md), and only there.
                self.assertTrue(page["nextLink"].startswith(base + (":443" if family == "azure" else "") + "/keys?"), page["nextLink"])
                self.assertTrue(page["value"][0]["kid"].startswith(base + "/keys/"))
                # Clients follow the link as it stands, or with $skiptoken unescaped.
                for link in (page["nextLink"], page["nextLink"].replace("%24", "$")):
                    self.assertNotEqual(self.ok("GET", link)["value"][0]["kid"], page["value"][0]["kid"])
                gone = self.ok("DELETE", f"{base}/keys/u1-{family}{q}")
                self.assertEqual(gone["recoveryId"], f"{base}/deletedkeys/u1-{family}")
                self.ok("GET", gone["recoveryId"] + q)
                self.assertEqual(self.call("DELETE", gone["recoveryId"] + q).status, 204)

    def test_the_vault_uri_is_rendered_for_the_name_of_the_resource_manager(self):
        """9.13; section 2 names."""
        path = self.sim.vault_id("demo") + "?api-version=2023-07-01"
        for arm, uri in ((self.sim.e["management_url"], self.urls["localhost"] + "/"), ("https://management.azure.com", self.urls["azure"] + "/")):
            a = self.ok("GET", arm + path, resource="https://management.azure.com")
            self.assertEqual(a["properties"]["vaultUri"], uri)

    def test_purging_a_key_is_204_without_body(self):
        """9.9: JavaScript takes nothing else."""
        base = self.urls["localhost"]
        self.ok("POST", base + "/keys/purged/create?api-version=7.5", {"kty": "EC"})
        self.ok("DELETE", base + "/keys/purged?api-version=7.5")
        a = self.call("DELETE", base + "/deletedkeys/purged?api-version=7.5")
        self.assertEqual((a.status, a.body), (204, b""))

    def test_deleting_and_recovering_is_seen_by_the_pollers(self):
        """4.3: JavaScript polls deletedkeys until it is there, recovery begins with a 404 of the key."""
        base, q = self.urls["localhost"], "?api-version=2025-07-01"
        self.ok("POST", base + "/keys/poll/create" + q, {"kty": "EC"})
        self.ok("DELETE", base + "/keys/poll" + q)
        self.ok("GET", base + "/deletedkeys/poll" + q)
        self.assertEqual(self.call("GET", base + "/keys/poll/" + q).status, 404)
        self.ok("POST", base + "/deletedkeys/poll/recover" + q, "")
        self.ok("GET", base + "/keys/poll/" + q)
        self.assertEqual(self.call("GET", base + "/deletedkeys/poll" + q).status, 404)


class Transport(Clients):
    def test_both_loopback_addresses_are_listened_on(self):
        """8 listeners; 9.16: with nss-myhostname ::1 comes first."""
        try:
            socket.create_connection(("::1", int(self.port)), timeout=5).close()
        except OSError as e:
            if not socket.has_ipv6 or e.errno in (97, 99, 101):
                self.skipTest(f"this machine has no ::1: {e}")
            raise
        for url, status in ((self.urls["localhost"] + "/keys", 401), (self.sim.e["management_url"] + "/subscriptions", 401),
                            (f"{self.sim.e['identity_url']}/metadata/identity/oauth2/token", 400),
                            (f"{self.sim.e['proxy_url']}/", 403)):
            self.assertEqual(self.sim.http("GET", url, address="::1").status, status, url)

    def test_alpn_offers_http_1_1_and_its_absence_is_no_matter(self):
        """8 ALPN."""
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (None, None)):
            ctx = ssl.create_default_context(cafile=self.sim.e["ca"])
            if offered:
                ctx.set_alpn_protocols(offered)
            for port, name in ((int(self.port), "demo.vault.localhost"), (int(self.sim.e["management_url"].split(":")[-1]), "login.localhost")):
                raw = socket.create_connection(("127.0.0.1", port), timeout=15)
                with ctx.wrap_socket(raw, server_hostname=name) as s:
                    self.assertEqual(s.selected_alpn_protocol(), chosen)
                    self.assertEqual(s.version(), "TLSv1.3")

    def test_the_certificate_names_each_host_without_a_wildcard_of_two_labels(self):
        """9.4: `*.localhost` is refused by curl, OpenSSL and Node."""
        ctx = ssl.create_default_context(cafile=self.sim.e["ca"])
        arm = int(self.sim.e["management_url"].split(":")[-1])
        for port, names in ((int(self.port), ("demo.vault.localhost", "demo.vault.azure.net", "localhost", "127.0.0.1", "::1")),
                            (arm, ("login.localhost", "management.localhost", "graph.localhost", "a.openai.localhost",
                                   "a.cognitiveservices.localhost", "a.services.localhost", "login.microsoftonline.com",
                                   "management.azure.com", "graph.microsoft.com", "a.openai.azure.com",
                                   "a.cognitiveservices.azure.com", "a.services.ai.azure.com", "westeurope.api.cognitive.microsoft.com"))):
            for name in names:
                raw = socket.create_connection(("127.0.0.1", port), timeout=15)
                with ctx.wrap_socket(raw, server_hostname=name) as s:
                    self.assertNotIn(("DNS", "*.localhost"), s.getpeercert()["subjectAltName"])
        raw = socket.create_connection(("127.0.0.1", int(self.port)), timeout=15)
        with self.assertRaises(ssl.SSLCertVerificationError):
            ctx.wrap_socket(raw, server_hostname="demo.example.com")

    def test_a_host_that_is_nobodys_is_refused(self):
        """8 dispatch by Host, the port stripped."""
        for host, status in ((f"demo.vault.localhost:{self.port}", 401), ("demo.vault.localhost", 401), ("demo.vault.localhost:1", 401),
                             ("DEMO.Vault.Azure.Net", 401), ("a.b.vault.localhost", 400), ("example.com", 400), (".vault.localhost", 400)):
            a = self.sim.http("GET", self.urls["localhost"] + "/keys?api-version=7.5", headers={"Host": host})
            self.assertEqual(a.status, status, (host, a.body))

    def test_every_answer_has_a_request_id(self):
        """8 x-ms-request-id."""
        base = self.urls["localhost"]
        for a in (self.call("GET", base + "/keys?api-version=7.5"), self.call("GET", base + "/keys/none?api-version=7.5"),
                  self.call("GET", base + "/keys", resource=None), self.call("GET", base + "/nothing?api-version=7.5"),
                  self.call("GET", base + "/keys?api-version=7.5", **{"X-Unknown": "1", "x-ms-client-request-id": "abc"})):
            self.assertRegex(a.headers["x-ms-request-id"], r"^[0-9a-f-]{36}$")

    def test_cached_tokens_and_connections_survive_a_restart(self):
        """12.3: clients resend the token they have; the signing key stays."""
        sim = Sim(args=["--durability", "relaxed"])
        try:
            sim.group()
            sim.make_vault("stays")
            token, arm = sim.token("https://vault.azure.net"), sim.token("https://management.azure.com")
            sim.stop()
            sim.start()
            self.assertEqual(sim.vault("stays", "GET", "/keys", token=token).status, 200)
            self.assertEqual(sim.arm("GET", sim.vault_id("stays"), token=arm).status, 200)
        finally:
            sim.close()


if __name__ == "__main__":
    unittest.main()
