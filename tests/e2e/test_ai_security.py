"""Who may call an account, from where, and what a call may name: keys, roles, networks, data loss prevention, together.

Sources: SEC25 (the rules of section G in docs/rules.md); azure-rules.md section 9; MicrosoftDocs
ai-services/cognitive-services-virtual-networks.md, cognitive-services-data-loss-prevention.md, authentication.md.
"""

import unittest

from ai import SecurityTest
from harness import ARM_AI, FILES

USER = "a97b65f3-24c7-4388-baec-2e87135dc908"          # Cognitive Services User
OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"   # Cognitive Services OpenAI User
CONTRIBUTOR = "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68"   # Cognitive Services Contributor: keys, no data action
COGNITIVE, FOUNDRY = "https://cognitiveservices.azure.com", "https://ai.azure.com"
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/one"
CLOSED = "Access denied due to Virtual Network/Firewall rules."


class Roles(SecurityTest):
    def test_keys_in_both_headers_and_the_texts_of_the_refusals(self):
        self.sim.make_account("keys")
        key = self.sim.api_key("keys")
        for header in ("api_key", "Ocp_Apim_Subscription_Key"):
            self.assertEqual(self.list("keys", **{header: key}).status, 200)
            a = self.list("keys", **{header: "0" * 32})
            self.assertEqual((a.status, a.json), (401, {"error": {"code": "401", "message":
                             "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
                             "active subscription and use a correct regional API endpoint for your resource."}}))
        self.patch("keys", disableLocalAuth=True)
        a = self.list("keys", api_key=key)
        self.assertEqual((a.status, a.json), (403, {"error": {"code": "AuthenticationTypeDisabled",
                                                              "message": "Key based authentication is disabled for this resource."}}))
        a = self.sim.arm("POST", self.sim.account_id("keys") + "/listKeys", version=ARM_AI)
        self.assertEqual((a.status, a.code, a.json["error"]["message"]), (400, "BadRequest", "Failed to list key. disableLocalAuth is set to be true"))
        self.patch("keys", disableLocalAuth=False)
        self.assertEqual(self.list("keys", api_key=key).status, 200)
        self.assertEqual(self.sim.api_key("keys"), key)

    def test_an_owner_without_a_data_role_is_refused_and_a_data_role_lets_in(self):
        s = self.sim
        s.make_account("roles")
        token = "Bearer " + s.token(COGNITIVE)
        a = self.list("roles", Authorization=token)
        self.assertEqual((a.status, a.code), (401, "PermissionDenied"))
        self.assertIn("lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/files/read`", a.json["error"]["message"])
        s.assign_role(s.account_id("roles"), CONTRIBUTOR)
        self.assertEqual(self.list("roles", Authorization=token).status, 401, "control actions are no data actions")
        s.assign_role(s.account_id("roles"), OPENAI_USER)
        self.assertEqual(self.list("roles", Authorization=token).status, 200)
        a = self.ai("roles", "DELETE", "/openai/files/file-none?api-version=" + FILES, host="openai", Authorization=token)
        self.assertEqual((a.status, a.code), (401, "PermissionDenied"), "its role only reads files")

    def test_users_and_services_alike_need_a_role_and_both_audiences_are_good(self):
        s = self.sim
        s.make_account("users")
        with self.shows("sec.user-principal"), self.shows("sec.auth-entra"):
            for who in (self.principal(user=True), self.principal()):
                for audience in (COGNITIVE, FOUNDRY):
                    self.assertEqual(self.list("users", Authorization=self.token_of(who, audience)).status, 401)
                given = s.assign_role(s.account_id("users"), USER, who["object_id"])
                for audience in (COGNITIVE, FOUNDRY):
                    self.assertEqual(self.list("users", Authorization=self.token_of(who, audience)).status, 200)
                self.assertEqual(self.list("users", Authorization=self.token_of(who, "https://vault.azure.net")).status, 401)
                self.assertEqual(s.arm("DELETE", given, version="2022-04-01").status, 200)
                self.assertEqual(self.list("users", Authorization=self.token_of(who, COGNITIVE)).status, 401)

    def test_a_role_at_another_account_is_none_here(self):
        s = self.sim
        s.make_account("mine")
        s.make_account("other")
        who = self.principal()
        s.assign_role(s.account_id("mine"), USER, who["object_id"])
        token = self.token_of(who, COGNITIVE)
        self.assertEqual((self.list("mine", Authorization=token).status, self.list("other", Authorization=token).status), (200, 401))

    def test_one_key_is_regenerated_while_the_other_works(self):
        s = self.sim
        s.make_account("rotate")
        for name, other in (("Key1", "key2"), ("Key2", "key1")):
            keys = s.arm("POST", s.account_id("rotate") + "/listKeys", version=ARM_AI).json
            s.arm("POST", s.account_id("rotate") + "/regenerateKey", {"keyName": name}, version=ARM_AI)
            self.assertEqual(self.list("rotate", api_key=keys[other]).status, 200)
            self.assertEqual(self.list("rotate", api_key=keys[name.lower()]).status, 401)

    def test_under_a_regional_name_the_key_decides_the_account(self):
        s = self.sim
        a = s.arm("PUT", s.account_id("regional"), {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope", "properties": {}}, ARM_AI)
        self.assertEqual(a.status, 201, a.body)
        region = "westeurope.api.cognitive.microsoft.com"
        call = lambda **kw: self.ai("regional", "GET", "/openai/files?api-version=" + FILES, host=region, **kw).status
        self.assertEqual(call(api_key=s.api_key("regional")), 200)
        self.assertEqual(call(api_key="0" * 32), 401)
        s.assign_role(s.account_id("regional"), USER)
        self.assertEqual(call(Authorization="Bearer " + s.token(COGNITIVE)), 401, "tokens need a custom sub-domain")
        self.assertEqual(self.ai("regional", "GET", "/openai/files?api-version=" + FILES, host="eastus.api.cognitive.microsoft.com",
                                 api_key=s.api_key("regional")).status, 401)


class Networks(SecurityTest):
    def assert_closed(self, a, text=CLOSED):
        self.assertEqual((a.status, a.code, a.json["error"]["message"], a.headers["x-kvsim-rule"]), (403, "403", text, "sec.vnet"))

    def test_ranges_a_list_and_virtual_networks_are_let_in_and_nobody_else(self):
        self.sim.make_account("nets")
        self.patch("nets", networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/25"}, {"value": "198.51.100.7"},
                                        {"value": "2001:db8::/32"}], "virtualNetworkRules": [{"id": SUBNET}]})
        with self.shows("sec.vnet"):
            for address in ("203.0.113.0", "203.0.113.127", "198.51.100.7", "2001:db8::5"):
                self.assertEqual(self.list("nets", **self.at(address)).status, 200, address)
            for address in ("203.0.113.128", "198.51.100.8", "127.0.0.1", "2001:db9::5"):
                self.assert_closed(self.list("nets", **self.at(address)))
            self.assertEqual(self.list("nets", **self.at("10.0.0.4", SUBNET.upper())).status, 200)
            self.assert_closed(self.list("nets", **self.at("10.0.0.4", SUBNET + "x")))
        a = self.list("nets", x_kvsim_client_ip="198.51.100.7")
        self.assert_closed(a)  # without the control token nobody says where he is
        self.assertEqual(self.list("nets", api_key="0" * 32, **self.at("10.0.0.4")).status, 401, "who comes before from where")
        self.patch("nets", networkAcls={"defaultAction": "Allow"})
        self.assertEqual(self.list("nets").status, 200)

    def test_an_account_without_public_access_is_closed_and_a_network_has_no_regional_name(self):
        self.sim.make_account("closed")
        self.patch("closed", publicNetworkAccess="Disabled", networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7"}]})
        self.assert_closed(self.list("closed", **self.at("198.51.100.7")), "Public access is disabled. Please configure private endpoint.")
        self.patch("closed", publicNetworkAccess="Enabled")
        self.assertEqual(self.list("closed", **self.at("198.51.100.7")).status, 200)
        a = self.ai("closed", "GET", "/openai/files?api-version=" + FILES, host="westeurope.api.cognitive.microsoft.com")
        self.assert_closed(a, "A Virtual Network is configured for this resource. Please use the correct endpoint for making requests. "
                              "Check https://aka.ms/cogsvc-vnet for more details.")

    def test_features_combine_and_any_one_refuses(self):
        s = self.sim
        s.make_account("both")
        key = s.api_key("both")
        s.assign_role(s.account_id("both"), OPENAI_USER)
        token = "Bearer " + s.token(COGNITIVE)
        self.patch("both", disableLocalAuth=True, networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7"}]})
        inside, outside = self.at("198.51.100.7"), self.at("198.51.100.8")
        with self.shows("sec.combined"):
            self.assertEqual(self.list("both", Authorization=token, **inside).status, 200)
            self.assert_closed(self.list("both", Authorization=token, **outside))
        with self.shows("sec.combined"):
            self.assertEqual(self.list("both", Authorization=token, **inside).status, 200)
            self.assertEqual(self.list("both", api_key=key, **inside).code, "AuthenticationTypeDisabled")


if __name__ == "__main__":
    unittest.main()
