"""What real clients demand of the token service, the identity endpoints, the metadata and Graph: clients.md sections
3, 8, 9 and 12 (docs/clients.md says which line is which test)."""

import json
import unittest
import urllib.parse

from harness import ARM_AI, Sim, SimTest


class Entra(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.make_vault("demo")
        cls.logins = (s.e["login_url"], "https://login.microsoftonline.com")
        cls.graph = s.e["login_url"].replace("login", "graph")

    def post_token(self, path, base=None, **form):
        form = {"grant_type": "client_credentials", "client_id": self.sim.e["client_id"], "client_secret": self.sim.secret, **form}
        return self.sim.http("POST", (base or self.sim.e["login_url"]) + path, urllib.parse.urlencode(form),
                             {"Content-Type": "application/x-www-form-urlencoded"})

    def get(self, url, resource=None, **headers):
        if resource:
            headers["Authorization"] = "Bearer " + self.sim.token(resource)
        return self.sim.http("GET", url, headers=headers)


class Tokens(Entra):
    def test_the_three_token_paths_work_with_and_without_a_query(self):
        """8 token endpoint; 3.1 (JavaScript puts client-request-id in the query)."""
        t = self.sim.tenant
        for path in (f"/{t}/oauth2/v2.0/token", f"/{t}/oauth2/token", "/adfs/oauth2/token", "/organizations/oauth2/v2.0/token",
                     f"/{t}/oauth2/v2.0/token?client-request-id=0b34d461-049d-433d-822e-e0c28e8708c6", f"//{t}/oauth2/v2.0/token"):
            a = self.post_token(path, scope="https://vault.azure.net/.default")
            self.assertEqual(a.status, 200, (path, a.body))
            self.assertEqual(a.json["token_type"], "Bearer")
            self.assertIsInstance(a.json["expires_in"], int)  # 9.11
            self.assertIn("ext_expires_in", a.json)
        a = self.post_token(f"/{t}/oauth2/token", resource="https://vault.azure.net")
        self.assertEqual(Sim.claims(a.json["access_token"])["aud"], "https://vault.azure.net")

    def test_the_audience_is_the_one_scope_that_ends_in_default_wherever_it_stands(self):
        """12.3: Java puts it last, Go first, az has two slashes."""
        for scope, audience in (("https://vault.azure.net/.default", "https://vault.azure.net"),
                                ("https://management.core.windows.net//.default openid offline_access profile", "https://management.core.windows.net/"),
                                ("openid profile offline_access https://vault.azure.net/.default", "https://vault.azure.net"),
                                ("openid https://management.azure.com/.default profile", "https://management.azure.com")):
            a = self.post_token(f"/{self.sim.tenant}/oauth2/v2.0/token", scope=scope)
            self.assertEqual(Sim.claims(a.json["access_token"])["aud"], audience)
        for scope in ("openid profile", "", "https://vault.azure.net"):
            a = self.post_token(f"/{self.sim.tenant}/oauth2/v2.0/token", scope=scope)
            self.assertEqual(a.status, 400, scope)
            self.assertIn("AADSTS", a.json["error_description"])

    def test_every_audience_of_the_resource_manager_is_accepted(self):
        """8 audiences: management with and without slash, both names of it."""
        for resource in ("https://management.azure.com", "https://management.azure.com/", "https://management.core.windows.net/",
                         "https://management.core.windows.net", self.sim.e["management_url"], self.sim.e["management_url"] + "/"):
            for base in (self.sim.e["management_url"], "https://management.azure.com"):
                if "localhost" in resource and "localhost" not in base:
                    continue
                self.assertEqual(self.get(f"{base}/subscriptions?api-version=2022-12-01", resource).status, 200, resource)
        for resource in ("https://vault.azure.net", "https://graph.microsoft.com"):
            self.assertEqual(self.get(self.sim.e["management_url"] + "/subscriptions?api-version=2022-12-01", resource).status, 401)

    def test_the_token_is_a_jwt_with_the_claims_that_clients_read(self):
        """3.2: az reads tid, Terraform appid, oid and tid."""
        claims = Sim.claims(self.sim.token("https://management.azure.com"))
        self.assertLessEqual({"aud", "iss", "iat", "nbf", "exp", "appid", "oid", "sub", "tid", "idtyp"}, set(claims))
        self.assertEqual((claims["tid"], claims["appid"], claims["idtyp"]), (self.sim.tenant, self.sim.e["client_id"], "app"))
        self.assertEqual(claims["iss"], f"https://sts.windows.net/{self.sim.tenant}/")

    def test_claims_and_client_info_of_the_clients_are_tolerated(self):
        """3.1: msal sends client_info, claims with xms_cc, x-client headers as fields."""
        a = self.post_token(f"/{self.sim.tenant}/oauth2/v2.0/token", scope="https://vault.azure.net/.default", client_info="1",
                            claims='{"access_token":{"xms_cc":{"values":["CP1"]}}}', **{"x-client-SKU": "MSAL.Python"})
        self.assertEqual(a.status, 200, a.body)

    def test_errors_have_the_shape_that_clients_print(self):
        """3.2 errors."""
        a = self.post_token(f"/{self.sim.tenant}/oauth2/v2.0/token", scope="https://vault.azure.net/.default", client_secret="wrong")
        self.assertEqual((a.status, a.json["error"]), (401, "invalid_client"))
        self.assertLessEqual({"error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"}, set(a.json))
        self.assertTrue(a.json["error_description"].startswith("AADSTS7000215: "))
        self.assertNotIn("wrong", a.json["error_description"])


class Discovery(Entra):
    def test_the_documents_need_no_token_and_follow_the_host(self):
        """8 unauthenticated; 9.5 issuer with the port, jwks_uri; 12.3 (Go asks with a bare '?')."""
        for base in self.logins:
            for path in (f"/{self.sim.tenant}/v2.0", "/organizations/v2.0", "/common/v2.0", "/adfs", f"/{self.sim.tenant}"):
                for query in ("", "?"):
                    d = self.get(f"{base}{path}/.well-known/openid-configuration{query}").json
                    for member in ("issuer", "token_endpoint", "authorization_endpoint", "jwks_uri"):
                        self.assertTrue(d[member].startswith(base + "/"), (path, d[member]))
                    self.assertEqual(self.get(d["jwks_uri"]).status, 200)
                    a = self.post_token(d["token_endpoint"][len(base):], base, scope="https://vault.azure.net/.default")
                    self.assertEqual(a.status, 200, d["token_endpoint"])

    def test_instance_discovery_names_the_host_that_was_asked(self):
        """3.2 instance discovery; 12.3."""
        for base in self.logins:
            d = self.get(f"{base}/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.microsoftonline.com"
                         "%2Fcommon%2Foauth2%2Fauthorize").json
            self.assertTrue(d["tenant_discovery_endpoint"].startswith(base + "/"))
            self.assertEqual(self.get(d["tenant_discovery_endpoint"]).status, 200)
            self.assertIn(base[len("https://"):], d["metadata"][0]["aliases"])
            self.assertEqual(d["metadata"][0]["preferred_network"], base[len("https://"):])

    def test_the_metadata_has_the_shape_of_each_version(self):
        """9.7: 2022-09-01 is an object, 2019-05-01 a list, both without a token; 5.2 members; 9.15; //metadata."""
        for base, suffix, name in ((self.sim.e["management_url"], "vault.localhost:" + self.sim.e["vault_url"].split(":")[-1], "KvsimCloud"),
                                   ("https://management.azure.com", "vault.azure.net", "AzureCloud")):
            for slash in ("/", "//"):
                url = base + slash + "metadata/endpoints?api-version="
                for flat in ("2015-01-01", "2018-01-01"):
                    a = self.get(url + flat).json
                    self.assertLessEqual({"galleryEndpoint", "graphEndpoint", "portalEndpoint", "authentication"}, set(a))
                    self.assertTrue(a["authentication"]["loginEndpoint"] and a["authentication"]["audiences"])
                self.assertIsInstance(self.get(url + "2019-05-01").json, list)
                for one in (self.get(url + "2019-05-01").json[0], self.get(url + "2022-09-01").json):
                    self.assertEqual(one["suffixes"]["keyVaultDns"], suffix)
                    self.assertFalse(one["authentication"]["loginEndpoint"].endswith("/"))
                    for member in ("name", "resourceManager", "microsoftGraphResourceId", "graph", "graphAudience", "portal"):
                        self.assertTrue(one[member], member)
                    self.assertIn("mhsmDns", one["suffixes"])
                self.assertEqual(self.get(url + "2022-09-01").json["name"], name)


class Identities(Entra):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ids = []
        for _ in range(2):
            made = dict(l.split("=", 1) for l in cls.sim.kvsim("principal", "add").stdout.split())
            cls.sim.kvsim("identity", "attach", made["client_id"])
            cls.ids.append(made)
        cls.imds = cls.sim.e["identity_url"] + "/metadata/identity/oauth2/token"
        cls.q = "?api-version=2018-02-01&resource=https://vault.azure.net"
        env = json.loads(cls.sim.kvsim("env", "--format", "json").stdout)
        cls.endpoint, cls.secret = env["IDENTITY_ENDPOINT"], env["IDENTITY_HEADER"]

    def assert_token(self, a, of=None):
        self.assertEqual(a.status, 200, a.body)
        self.assertLessEqual({"access_token", "client_id", "expires_in", "expires_on", "resource", "token_type"}, set(a.json))
        for member in ("expires_in", "expires_on", "not_before", "ext_expires_in"):  # 3.4: strings
            self.assertRegex(a.json[member], r"^\d+$")
        if of:
            self.assertEqual(Sim.claims(a.json["access_token"])["oid"], of["object_id"])

    def test_imds_with_and_without_a_slash_and_every_form_of_id(self):
        """9.17: JavaScript asks /token/; client_id, object_id, msi_res_id."""
        for path in ("", "/"):
            for made in self.ids:
                for name, value in (("client_id", made["client_id"]), ("object_id", made["object_id"])):
                    self.assert_token(self.get(f"{self.imds}{path}{self.q}&{name}={value}", Metadata="true"), made)
        self.assertEqual(self.get(f"{self.imds}{self.q}&client_id={self.sim.e['client_id']}", Metadata="true").status, 400)
        self.assertEqual(self.get(f"{self.imds}{self.q}&client_id=a&object_id=b", Metadata="true").status, 400)
        self.assertEqual(self.get(self.imds + self.q).status, 400)
        self.assertEqual(self.get(self.imds + "?api-version=2018-02-01", Metadata="true").status, 400)

    def test_app_service_forms(self):
        """3.4: 2019-08-01 with X-IDENTITY-HEADER, 2017-09-01 with `secret` and a resource that is not encoded."""
        made = self.ids[0]
        q = "?api-version=2019-08-01&resource=https://vault.azure.net&client_id=" + made["client_id"]
        self.assert_token(self.get(self.endpoint + q, **{"X-IDENTITY-HEADER": self.secret}), made)
        q = q.replace("2019-08-01", "2017-09-01")
        self.assert_token(self.get(self.endpoint + "/" + q, secret=self.secret), made)
        for headers in ({}, {"X-IDENTITY-HEADER": "x" * len(self.secret)}, {"Metadata": "true"}):
            self.assertIn(self.get(self.endpoint + q, **headers).status, (400, 401, 403))

    def test_posting_to_msi_endpoint(self):
        """9.17: az 2.45 and Cloud Shell post the form."""
        made = self.ids[1]
        form = urllib.parse.urlencode({"resource": "https://vault.azure.net", "client_id": made["client_id"]})
        h = {"Metadata": "true", "Content-Type": "application/x-www-form-urlencoded"}
        self.assert_token(self.sim.http("POST", self.endpoint, form, h), made)
        self.assertEqual(self.sim.http("POST", self.endpoint, form, {"Content-Type": h["Content-Type"]}).status, 400)
        self.assertEqual(self.sim.http("POST", self.endpoint, "", h).status, 400)

    def test_resource_ids_of_system_assigned_identities(self):
        """9.17: msi_res_id (IMDS) and mi_res_id (App Service)."""
        s = self.sim
        oid = s.make_account("withid")
        s.kvsim("identity", "attach", oid)
        res = urllib.parse.quote(s.account_id("withid"))
        self.assert_token(self.get(f"{self.imds}{self.q}&msi_res_id={res}", Metadata="true"), {"object_id": oid})
        a = self.get(f"{self.endpoint}?api-version=2019-08-01&resource=https://vault.azure.net&mi_res_id={res}", **{"X-IDENTITY-HEADER": self.secret})
        self.assert_token(a, {"object_id": oid})
        self.assertEqual(self.get(f"{self.imds}{self.q}&msi_res_id={res}x", Metadata="true").status, 400)

    def test_the_proxy_passes_the_absolute_form_to_the_identity_endpoint(self):
        """8 absolute form; 3.4: 169.254.169.254 through HTTP_PROXY."""
        import socket
        with socket.create_connection(("127.0.0.1", int(self.sim.e["proxy_url"].split(":")[-1])), timeout=15) as s:
            s.sendall(f"GET http://169.254.169.254/metadata/identity/oauth2/token{self.q}&client_id={self.ids[0]['client_id']} HTTP/1.1\r\n"
                      "Host: 169.254.169.254\r\nMetadata: true\r\nConnection: close\r\n\r\n".encode())
            got = b"".join(iter(lambda: s.recv(65536), b""))
        self.assertTrue(got.startswith(b"HTTP/1.1 200"), got[:200])
        self.assertEqual(json.loads(got.split(b"\r\n\r\n", 1)[1])["client_id"], self.ids[0]["client_id"])

    def test_a_page_in_a_browser_can_not_use_the_endpoints_by_another_name(self):
        """DNS rebinding: the Host must be a loopback address."""
        self.assertNotEqual(self.get(self.imds + self.q, Metadata="true", Host="evil.example").status, 200)


class Graph(Entra):
    def ask(self, path, resource="https://graph.microsoft.com/", base=None):
        return self.get((base or self.graph) + path, resource)

    def test_me_is_for_users(self):
        """8 Graph stub; 12.8: az keyvault create asks /me, and 400 is fine for a service principal."""
        self.assertEqual(self.ask("/v1.0/me").status, 400)
        made = dict(l.split("=", 1) for l in self.sim.kvsim("principal", "add", "Ann", "--user").stdout.split())
        a = self.post_token("/organizations/oauth2/v2.0/token", grant_type="password", username=made["upn"],
                            password=made["password"], scope="https://graph.microsoft.com/.default")
        self.assertEqual(a.status, 200, (made, a.body))
        me = self.sim.http("GET", self.graph + "/v1.0/me", headers={"Authorization": "Bearer " + a.json["access_token"]})
        self.assertEqual((me.status, me.json["id"]), (200, made["object_id"]))

    def test_service_principals_are_found_by_name_and_by_id(self):
        """8 Graph stub; 5.4: az asks with the filter, Terraform by id."""
        appid, oid = self.sim.e["client_id"], self.sim.oid
        for base in (self.graph, "https://graph.microsoft.com"):
            for flt in (f"servicePrincipalNames/any(c:c eq '{appid}')", f"appId eq '{appid}'", f"servicePrincipalNames/any(x:x eq '{appid}')"):
                for name in ("$filter", "%24filter"):
                    a = self.ask(f"/v1.0/servicePrincipals?{name}={urllib.parse.quote(flt)}", base=base)
                    self.assertEqual([p["id"] for p in a.json["value"]], [oid], flt)
            self.assertEqual(self.ask("/v1.0/servicePrincipals?$filter=appId%20eq%20'none'", base=base).json["value"], [])
            a = self.ask("/v1.0/servicePrincipals/" + oid, base=base).json
            self.assertEqual((a["id"], a["appId"], a["@odata.type"]), (oid, appid, "#microsoft.graph.servicePrincipal"))
        self.assertEqual(self.ask("/v1.0/servicePrincipals/nobody").status, 404)

    def test_get_by_ids(self):
        """8 Graph stub; 5.4: role assignment list."""
        h = {"Authorization": "Bearer " + self.sim.token("https://graph.microsoft.com/"), "Content-Type": "application/json"}
        body = {"ids": [self.sim.oid, "00000000-0000-0000-0000-000000000000"], "types": ["user", "group", "servicePrincipal"]}
        a = self.sim.http("POST", self.graph + "/v1.0/directoryObjects/getByIds", json.dumps(body), h)
        self.assertEqual([p["id"] for p in a.json["value"]], [self.sim.oid])

    def test_graph_needs_its_own_token(self):
        """8: everything else is 401 with a challenge."""
        for resource in (None, "https://vault.azure.net", "https://management.azure.com"):
            a = self.ask("/v1.0/servicePrincipals", resource)
            self.assertEqual(a.status, 401, resource)
            self.assertIn("WWW-Authenticate", a.headers)


class Strangers(Entra):
    def test_a_binding_to_a_vault_of_another_tenant_is_refused(self):
        """The vault is there, its tenant another: kv.same-tenant, and the account is as before."""
        s = self.sim
        account_identity = s.make_account("homeacct")
        made = dict(l.split("=", 1) for l in s.kvsim("tenant", "add", "Other").stdout.split())
        tenant = next(iter(made.values()))
        owner = dict(l.split("=", 1) for l in s.kvsim("principal", "add", "--tenant", tenant).stdout.split())
        sub = dict(l.split("=", 1) for l in s.kvsim("subscription", "add", "--tenant", tenant, "--owner", owner["object_id"]).stdout.split())["subscription"]
        arm = s.token("https://management.azure.com", owner["client_id"], owner["client_secret"], tenant)
        self.assertEqual(s.arm("PUT", f"/subscriptions/{sub}/resourceGroups/rg", {"location": "westeurope"}, token=arm).status, 201)
        policies = [{"tenantId": tenant, "objectId": o, "permissions": {"keys": ["all"]}} for o in (owner["object_id"], account_identity)]
        a = s.arm("PUT", f"/subscriptions/{sub}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/foreign", {
            "location": "westeurope", "properties": {"tenantId": tenant, "sku": {"family": "A", "name": "standard"},
                                                     "accessPolicies": policies, "enablePurgeProtection": True, "enableRbacAuthorization": False}}, token=arm)
        self.assertEqual(a.status, 200, a.body)
        key = s.vault("foreign", "POST", "/keys/cmk/create", {"kty": "RSA"},
                      token=s.token("https://vault.azure.net", owner["client_id"], owner["client_secret"], tenant))
        self.assertEqual(key.status, 200, key.body)
        before = s.arm("GET", s.account_id("homeacct"), version=ARM_AI).body
        a = s.bind("homeacct", "foreign", "cmk")
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (400, "kv.same-tenant"), a.body)
        self.assertEqual(s.arm("GET", s.account_id("homeacct"), version=ARM_AI).body, before)
        # And the operator of one tenant is nobody in the other.
        self.assertIn(s.arm("GET", f"/subscriptions/{sub}/resourceGroups").status, (401, 403, 404))


if __name__ == "__main__":
    unittest.main()
