"""What real clients demand of the resource manager, as raw requests: clients.md sections 5, 8, 9 and 12 (docs/clients.md
says which line is which test)."""

import json
import unittest
import urllib.parse

from harness import ARM_AI, SimTest

PUBLIC = "https://management.azure.com"


class Arm(SimTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.make_vault("demo")
        cls.base = f"{s.e['management_url']}/subscriptions/{s.sub}"

    def call(self, method, url, body=None):
        return self.sim.http(method, url, body if body is None else json.dumps(body),
                             {"Authorization": "Bearer " + self.sim.token("https://management.azure.com"), "Content-Type": "application/json"})

    def vault_body(self, **properties):
        return {"location": "westeurope", "properties": {"tenantId": self.sim.tenant, "sku": {"family": "A", "name": "standard"},
                                                         "accessPolicies": [], **properties}}

    def account(self, name, kind="OpenAI"):
        return self.sim.arm("PUT", self.sim.account_id(name), {"kind": kind, "sku": {"name": "S0"}, "location": "westeurope",
                                                               "properties": {"customSubDomainName": name}}, ARM_AI)


class Access(Arm):
    def test_everything_but_the_metadata_needs_a_token(self):
        """8 unauthenticated: metadata only; 9.7."""
        for path in ("/subscriptions", f"/subscriptions/{self.sim.sub}/resourceGroups", self.sim.vault_id("demo"), self.sim.account_id("x"),
                     "/tenants", "/nothing"):
            for method in ("GET", "PUT", "DELETE"):
                a = self.sim.http(method, f"{self.sim.e['management_url']}{path}?api-version=2023-07-01", headers={"Content-Length": "0"})
                if a.status != 405:
                    self.assertEqual(a.status, 401, (method, path, a.body))
                    self.assertTrue(a.headers["WWW-Authenticate"].startswith("Bearer "))

    def test_paths_are_matched_whatever_their_case_and_leading_slashes(self):
        """8 paths; 5.4 (`resourcegroups` in lower case); az asks `//`."""
        s = self.sim
        for path in (s.vault_id("demo"), s.vault_id("DEMO", "RG"), "/" + s.vault_id("demo"),
                     s.vault_id("demo").replace("resourceGroups", "resourcegroups").replace("Microsoft.KeyVault", "microsoft.keyvault"),
                     s.vault_id("demo").replace("/subscriptions", "/SUBSCRIPTIONS").replace("vaults", "Vaults")):
            self.assertEqual(s.arm("GET", path).status, 200, path)
        self.assertEqual(s.arm("PUT", f"/subscriptions/{s.sub}/resourcegroups/rg", {"location": "westeurope"}).status, 200)

    def test_subscriptions_and_tenants_are_listed_as_az_reads_them(self):
        """5.1, 12.8."""
        for version in ("2019-11-01", "2022-12-01"):
            subs = self.call("GET", f"{self.sim.e['management_url']}/subscriptions?api-version={version}").json["value"]
            self.assertEqual([s["subscriptionId"] for s in subs], [self.sim.sub])
            self.assertLessEqual({"id", "subscriptionId", "tenantId", "displayName", "state", "managedByTenants"}, set(subs[0]))
            self.assertEqual(subs[0]["state"], "Enabled")
        tenants = self.call("GET", f"{self.sim.e['management_url']}/tenants?api-version=2022-12-01").json["value"]
        self.assertIn(self.sim.tenant, [t["tenantId"] for t in tenants])


class Resources(Arm):
    def test_vaults_are_found_by_a_filter_literal_or_encoded(self):
        """8 query; 9.14; 12.8 (`and name eq` is new in az 2.91)."""
        self.sim.make_vault("other")
        by_type = "resourceType eq 'Microsoft.KeyVault/vaults'"
        for base in (self.base, f"{PUBLIC}/subscriptions/{self.sim.sub}"):
            for name in ("$filter", "%24filter"):
                for text, found in ((by_type, {"demo", "other"}), (by_type + " and name eq 'demo'", {"demo"}), (by_type + " and name eq 'none'", set()),
                                    ("resourceType eq 'Microsoft.CognitiveServices/accounts'", set())):
                    for value in (urllib.parse.quote(text), text.replace(" ", "%20"), text.replace(" ", "+")):
                        page = self.call("GET", f"{base}/resources?{name}={value}&api-version=2015-11-01").json
                        self.assertEqual({v["name"] for v in page["value"]} & {"demo", "other"}, found, value)
        one = self.call("GET", self.base + "/resources?$filter=" + urllib.parse.quote(by_type + " and name eq 'demo'") + "&api-version=2015-11-01").json["value"][0]
        self.assertLessEqual({"id", "name", "type", "location"}, set(one))
        self.assertEqual(one["id"], self.sim.vault_id("demo"))

    def test_managed_hsms_are_empty_lists(self):
        """8 managedHSMs."""
        for path in ("/providers/Microsoft.KeyVault/managedHSMs", "/providers/Microsoft.KeyVault/deletedManagedHSMs",
                     "/resourceGroups/rg/providers/Microsoft.KeyVault/managedHSMs"):
            a = self.call("GET", f"{self.base}{path}?api-version=2023-07-01")
            self.assertEqual((a.status, a.json["value"]), (200, []), path)

    def test_a_provider_says_its_resource_types(self):
        """12.8: `az resource` reads GET …/providers/NS."""
        for ns, kind in (("Microsoft.KeyVault", "vaults"), ("microsoft.cognitiveservices", "accounts")):
            a = self.call("GET", f"{self.base}/providers/{ns}?api-version=2024-11-01").json
            row = next(t for t in a["resourceTypes"] if t["resourceType"] == kind)
            self.assertTrue(row["apiVersions"] and row["locations"])
            self.assertEqual(a["registrationState"], "Registered")
            self.assertEqual(self.call("POST", f"{self.base}/providers/{ns}/register?api-version=2024-11-01").status, 200)
        self.assertEqual(self.call("GET", self.base + "/providers/Microsoft.Nothing?api-version=2024-11-01").status, 404)


class Vaults(Arm):
    def test_a_vault_that_is_not_there_is_404_before_its_creation(self):
        """9.8: any 2xx means 'already exists' to az; Terraform asks for the deleted one first."""
        for path in (self.sim.vault_id("fresh"), f"/subscriptions/{self.sim.sub}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/fresh"):
            a = self.sim.arm("GET", path)
            self.assertEqual(a.status, 404, a.body)
            self.assertIn("code", a.json["error"])

    def test_reading_and_writing_back_what_was_read_changes_nothing(self):
        """5.4: set-policy and update echo vaultUri and provisioningState in a full PUT; Terraform's 2026-02-01."""
        for version in ("2022-07-01", "2023-02-01", "2023-07-01", "2026-02-01"):
            read = self.sim.arm("GET", self.sim.vault_id("demo"), version=version).json
            self.assertIn("vaultUri", read["properties"])
            body = {k: read[k] for k in ("location", "tags", "properties") if k in read}
            a = self.sim.arm("PUT", self.sim.vault_id("demo"), body, version=version)
            self.assertIn(a.status, (200, 201), a.body)
            self.assertEqual(a.json["properties"], read["properties"])

    def test_deleting_and_purging_have_the_statuses_that_clients_take(self):
        """9.9: purge of a vault is 200 or 202, never 204; delete 200; purge -l begins with a GET (12.8)."""
        s = self.sim
        s.make_vault("shortlived")
        self.assertEqual(s.arm("DELETE", s.vault_id("shortlived")).status, 200)
        deleted = f"/subscriptions/{s.sub}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/shortlived"
        found = s.arm("GET", deleted).json
        self.assertEqual(found["properties"]["vaultId"].lower(), s.vault_id("shortlived").lower())
        self.assertEqual(found["properties"]["location"], "westeurope")
        listed = s.arm("GET", f"/subscriptions/{s.sub}/providers/Microsoft.KeyVault/deletedVaults").json["value"]
        self.assertIn("shortlived", [v["name"] for v in listed])
        a = s.arm("POST", deleted + "/purge")
        self.assertIn(a.status, (200, 202))
        self.poll(a)
        self.assertEqual(s.arm("GET", deleted).status, 404)
        self.assertEqual(s.arm("DELETE", s.vault_id("shortlived")).status, 204)

    def poll(self, a):
        """Follows both styles of operation URL to their end."""
        for name in ("Azure-AsyncOperation", "Location"):
            url = a.headers[name]
            if url:
                self.assertTrue(url.startswith(self.sim.e["management_url"] + "/"), url)
                b = self.call("GET", url)
                self.assertIn(b.status, (200, 204), (url, b.body))


class Operations(Arm):
    def test_an_operation_has_both_header_styles_and_says_how_it_went(self):
        """8 LRO; 9.18 (JavaScript reads the Location of a PATCH); 12.7 (Retry-After: 0 makes az, Python and Go wait 30 s)."""
        for base in (self.sim.e["management_url"], PUBLIC):
            name = "lro" + ("a" if base == PUBLIC else "b")
            url = f"{base}{self.sim.account_id(name)}?api-version={ARM_AI}"
            made = self.call("PUT", url, {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope", "properties": {"customSubDomainName": name}})
            changed = self.call("PATCH", url, {"tags": {"a": "b"}, "sku": {"name": "S0"}})
            gone = self.call("DELETE", url)
            self.assertEqual(made.status, 201)
            self.assertIn(changed.status, (200, 202))
            self.assertIn(gone.status, (200, 202, 204))
            for a in (made, changed, gone):
                self.assertIsNone(a.headers["Retry-After"])
                for header in ("Azure-AsyncOperation", "Location"):
                    if not a.headers[header]:
                        continue
                    self.assertTrue(a.headers[header].startswith(base + "/"), a.headers[header])
                    self.assertGreater(int(a.headers["retry-after-ms"]), 0)
            status = self.call("GET", made.headers["Azure-AsyncOperation"])
            self.assertEqual((status.status, status.json["status"]), (200, "Succeeded"))

    def test_the_location_of_a_patch_gives_the_account_and_so_does_get(self):
        """12.7: after PATCH az, Python and Go GET the account, JavaScript the Location."""
        self.account("patched")
        a = self.sim.arm("PATCH", self.sim.account_id("patched"), {"tags": {"x": "y"}}, ARM_AI)
        by_get = self.sim.arm("GET", self.sim.account_id("patched"), version=ARM_AI).json
        self.assertEqual(by_get["tags"], {"x": "y"})
        if a.status == 202:
            by_location = self.call("GET", a.headers["Location"])
            self.assertEqual((by_location.status, by_location.json), (200, by_get))

    def test_an_operation_of_nobody_is_404(self):
        """A poll URL that was never given out."""
        a = self.call("GET", f"{self.base}/providers/Microsoft.CognitiveServices/locations/westeurope/operationResults/none?api-version=2017-04-18")
        self.assertEqual(a.status, 404)


class Accounts(Arm):
    def test_what_az_and_terraform_send_to_bind_and_to_unbind(self):
        """12.8: GET, then PATCH with sku and properties; 7: Terraform's PATCH of 2026-03-01; disabling by keySource."""
        s = self.sim
        s.cmk("az")
        encryption = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
            "keyVaultUri": s.e["vault_url"].replace("{vault}", "vaultaz") + "/", "keyName": "cmk", "keyVersion": ""}}
        for version, body in (("2026-05-15-preview", {"sku": {"name": "S0"}, "properties": {"encryption": encryption}}),
                              ("2026-03-01", {"properties": {"encryption": encryption}}),
                              ("2025-04-01-preview", {"sku": {"name": "S0"}, "properties": {"encryption": encryption}}),
                              ("2022-12-01", {"sku": {"name": "S0"}, "properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}})):
            a = s.arm("PATCH", s.account_id("acctaz"), body, version)
            self.assertIn(a.status, (200, 202), (version, a.body))
            got = s.arm("GET", s.account_id("acctaz"), version=version).json["properties"].get("encryption", {"keySource": "Microsoft.CognitiveServices"})
            self.assertEqual(got["keySource"], body["properties"]["encryption"]["keySource"])

    def test_empty_properties_are_no_change(self):
        """12.8: `--encryption null` sends properties:{}."""
        self.account("nochange")
        before = self.sim.arm("GET", self.sim.account_id("nochange"), version=ARM_AI).json
        a = self.sim.arm("PATCH", self.sim.account_id("nochange"), {"sku": {"name": "S0"}, "properties": {}}, ARM_AI)
        self.assertIn(a.status, (200, 202))
        after = self.sim.arm("GET", self.sim.account_id("nochange"), version=ARM_AI).json
        for d in (before, after):
            d.pop("etag", None)
            d.pop("systemData", None)
        self.assertEqual(before, after)

    def test_identity_by_patch_and_the_principal_that_comes_and_goes(self):
        """5.6 identity assign, remove."""
        self.account("whoami")
        path = self.sim.account_id("whoami")
        a = self.sim.arm("PATCH", path, {"identity": {"type": "SystemAssigned"}}, ARM_AI)
        oid = self.sim.arm("GET", path, version=ARM_AI).json["identity"]["principalId"]
        self.assertEqual(a.json["identity"]["principalId"], oid)
        graph = self.sim.e["login_url"].replace("login", "graph") + "/v1.0/servicePrincipals/" + oid
        h = {"Authorization": "Bearer " + self.sim.token("https://graph.microsoft.com")}
        self.assertEqual(self.sim.http("GET", graph, headers=h).status, 200)
        self.sim.arm("PATCH", path, {"identity": {"type": "None"}}, ARM_AI)
        self.assertEqual(self.sim.http("GET", graph, headers=h).status, 404)
        self.assertNotIn("principalId", self.sim.arm("GET", path, version=ARM_AI).json.get("identity", {}))

    def test_keys_are_listed_and_regenerated(self):
        """5.6 keys list, regenerate."""
        self.account("keyed")
        path = self.sim.account_id("keyed")
        before = self.sim.arm("POST", path + "/listKeys", version=ARM_AI).json
        after = self.sim.arm("POST", path + "/regenerateKey", {"keyName": "Key1"}, ARM_AI).json
        self.assertNotEqual(before["key1"], after["key1"])
        self.assertEqual(before["key2"], after["key2"])
        self.assertEqual(self.sim.arm("POST", path + "/regenerateKey", {"keyName": "Key9"}, ARM_AI).status, 400)

    def test_deleting_restoring_and_purging(self):
        """5.6: list-deleted, show-deleted, recover by PUT with restore and no sku or kind, purge."""
        s = self.sim
        self.account("phoenix")
        deleted = f"/subscriptions/{s.sub}/providers/Microsoft.CognitiveServices/locations/westeurope/resourceGroups/rg/deletedAccounts/phoenix"
        self.assertIn(s.arm("DELETE", s.account_id("phoenix"), version=ARM_AI).status, (200, 202, 204))
        listed = s.arm("GET", f"/subscriptions/{s.sub}/providers/Microsoft.CognitiveServices/deletedAccounts", version=ARM_AI).json["value"]
        self.assertIn("phoenix", [a["name"] for a in listed])
        self.assertEqual(s.arm("GET", deleted, version=ARM_AI).status, 200)
        a = s.arm("PUT", s.account_id("phoenix"), {"location": "westeurope", "properties": {"restore": True}}, ARM_AI)
        self.assertIn(a.status, (200, 201, 202), a.body)
        self.assertEqual(s.arm("GET", s.account_id("phoenix"), version=ARM_AI).json["kind"], "OpenAI")
        s.arm("DELETE", s.account_id("phoenix"), version=ARM_AI)
        self.assertIn(s.arm("DELETE", deleted, version=ARM_AI).status, (200, 202, 204))
        self.assertEqual(s.arm("GET", deleted, version=ARM_AI).status, 404)

    def test_the_capacity_of_a_deployment_may_be_a_string(self):
        """12.8: az sends "1"; 5.6 deployment create, list."""
        self.account("deploys")
        path = self.sim.account_id("deploys") + "/deployments"
        a = self.sim.arm("PUT", path + "/d1", {"sku": {"name": "Standard", "capacity": "1"}, "properties": {
            "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-08-06"}}}, ARM_AI)
        self.assertIn(a.status, (200, 201), a.body)
        self.assertEqual(a.json["sku"]["capacity"], 1)
        self.assertEqual([d["name"] for d in self.sim.arm("GET", path, version=ARM_AI).json["value"]], ["d1"])

    def test_files_are_paged_as_the_openai_libraries_page(self):
        """They go on with after=ID until a page is empty or says has_more: false."""
        s = self.sim
        self.account("paged")
        ids = {s.upload("paged", b"{}", purpose=p).json["id"] for p in ("fine-tune", "batch", "batch")}
        for form, version in (("/openai/files", "&api-version=2024-10-21"), ("/openai/v1/files", "")):
            got, after = [], ""
            for _ in range(10):
                a = s.files("paged", "GET", path="?limit=2" + after + version, form=form, query=None)
                page = a.json["data"]
                if not page:
                    break
                got += [f["id"] for f in page]
                after = "&after=" + page[-1]["id"]
                if a.json.get("has_more") is False:
                    break
            self.assertEqual((sorted(got), len(got)), (sorted(ids), 3), form)
        self.assertEqual(len(s.files("paged", "GET", query="2024-10-21&purpose=batch").json["data"]), 2)
        for bad in ("0", "x", "-1", "10001"):
            self.assertEqual(s.files("paged", "GET", query="2024-10-21&limit=" + bad).status, 400, bad)

    def test_the_endpoint_of_an_account_follows_the_name_that_was_asked(self):
        """8 absolute URLs."""
        self.account("named")
        for base, end in ((self.sim.e["management_url"], f".openai.localhost:{self.sim.e['management_url'].split(':')[-1]}/"),
                          (PUBLIC, ".openai.azure.com/")):
            a = self.call("GET", f"{base}{self.sim.account_id('named')}?api-version={ARM_AI}").json
            self.assertEqual(a["properties"]["endpoint"], "https://named" + end)


if __name__ == "__main__":
    unittest.main()
