"""The vault firewall: rules, their validation, who is let in, and that the audit log says where a call came from.

Sources: MicrosoftDocs key-vault/general/network-security.md; texts: azure-rules.md section 8, azure-powershell issue 11471.
"""

import json
import time
import unittest

from harness import SimTest

SUBNET = "/subscriptions/s/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/V/subnets/One"


class Firewall(SimTest):
    def acls(self, **change):
        return {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": [], **change}

    def walled(self, name, **properties):
        return self.sim.make_vault(name, **{"networkAcls": self.acls(), **properties})["properties"]

    def get(self, vault, ip=None, subnet=None, control=None):
        headers = {"x-kvsim-control": self.sim.control if control is None else control}
        if ip:
            headers["x-kvsim-client-ip"] = ip
        if subnet:
            headers["x-kvsim-client-subnet"] = subnet
        return self.sim.vault(vault, "GET", "/keys", headers=headers)

    def refused(self, a, inner, text):
        self.assertEqual((a.status, a.code, a.inner), (403, "Forbidden", inner), a.body)
        self.assertEqual(a.json["error"]["message"], text)

    def caller(self):
        c = self.sim.claims(self.sim.token("https://vault.azure.net"))
        return f"appid={c['appid']};oid={c['oid']};iss={c['iss']}"

    def test_an_address_outside_the_rules_is_refused_with_the_exact_text(self):
        self.walled("fwtext")
        self.refused(self.get("fwtext", "9.9.9.9"), "ForbiddenByFirewall",
                     "Client address is not authorized and caller is not a trusted service.\r\nClient address: 9.9.9.9\r\n"
                     f"Caller: {self.caller()}\r\nVault: fwtext;location=westeurope")

    def test_rules_let_in_addresses_ranges_and_subnets(self):
        p = self.walled("fwrules", networkAcls=self.acls(ipRules=[{"value": "124.56.78.91"}, {"value": "2.3.4.0/24"}],
                                                         virtualNetworkRules=[{"id": SUBNET}]))
        self.assertEqual(p["networkAcls"]["ipRules"], [{"value": "124.56.78.91/32"}, {"value": "2.3.4.0/24"}])
        self.assertEqual(p["networkAcls"]["virtualNetworkRules"], [{"id": SUBNET.lower()}])
        for ip, status in (("124.56.78.91", 200), ("124.56.78.92", 403), ("2.3.4.255", 200), ("2.3.5.1", 403), ("::1", 403)):
            with self.subTest(ip=ip):
                self.assertEqual(self.get("fwrules", ip).status, status)
        self.assertEqual(self.get("fwrules", "9.9.9.9", SUBNET.upper()).status, 200)
        self.assertEqual(self.get("fwrules", "9.9.9.9", SUBNET + "2").status, 403)

    def test_only_who_has_the_control_token_may_state_an_address(self):
        self.walled("fwlie", networkAcls=self.acls(ipRules=[{"value": "124.56.78.91"}]))
        a = self.get("fwlie", "124.56.78.91", control="0" * 64)
        self.assertIn("Client address: 127.0.0.1\r\n", a.json["error"]["message"])

    def test_no_token_comes_before_the_firewall_and_the_firewall_before_permissions(self):
        self.sim.make_vault("fworder", [], networkAcls=self.acls())
        self.assertEqual(self.sim.vault("fworder", "GET", "/keys", token="").status, 401)
        self.assertEqual(self.get("fworder", "9.9.9.9").inner, "ForbiddenByFirewall")

    def test_disabled_public_access_overrides_the_rules(self):
        self.walled("fwclosed", publicNetworkAccess="disabled", networkAcls=self.acls(ipRules=[{"value": "124.56.78.91"}]))
        self.refused(self.get("fwclosed", "124.56.78.91"), "ForbiddenByConnection",
                     "Public network access is disabled and request is not from a trusted service nor via an approved private link."
                     f"\r\nCaller: {self.caller()}\r\nVault: fwclosed;location=westeurope")

    def test_the_resource_manager_is_not_behind_the_firewall(self):
        self.walled("fwarm", publicNetworkAccess="Disabled")
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("fwarm")).status, 200)

    def test_an_ai_account_is_a_trusted_service_until_the_bypass_is_none(self):
        s = self.sim
        s.cmk("fw")
        file = s.upload("acctfw", b"data" * 100).json["id"]
        vault = s.vault_id("vaultfw")
        for acls, access, status in ((self.acls(), "Enabled", 200), (self.acls(), "Disabled", 200),
                                     (self.acls(bypass="None"), "Enabled", 403), (self.acls(), "Enabled", 200)):
            a = s.arm("PATCH", vault, {"properties": {"networkAcls": acls, "publicNetworkAccess": access}})
            self.assertEqual(a.status, 200, a.body)
            a = s.files("acctfw", "GET", f"/{file}/content")
            self.assertEqual(a.status, status, a.body)

    def test_rules_that_can_not_be_are_refused_and_nothing_changes(self):
        self.walled("fwbad", networkAcls=self.acls(ipRules=[{"value": "2.3.4.0/24"}]))
        before = self.sim.arm("GET", self.sim.vault_id("fwbad")).body
        rows = (
            ({"ipRules": [{"value": "2.3.4.5"}, {"value": "10.0.0.0/8"}]},
             "Invalid value found at properties.networkAcls.ipRules[1].value: 10.0.0.0/8 belongs to forbidden range "
             "10.0.0.0–10.255.255.255 (private IP addresses)"),
            ({"ipRules": [{"value": "192.168.1.1"}]}, "192.168.0.0–192.168.255.255"),
            ({"ipRules": [{"value": "::1"}]}, "ipRules[0].value: ::1"),
            ({"ipRules": [{}]}, "ipRules[0].value"),
            ({"ipRules": "x"}, "ipRules"),
            ({"ipRules": [{"value": f"20.0.{i // 256}.{i % 256}"} for i in range(1001)]}, "at most 1000"),
            ({"virtualNetworkRules": [{"id": SUBNET + str(i)} for i in range(201)]}, "at most 200"),
            ({"virtualNetworkRules": [{"id": "/subscriptions/s/subnets/x"}]}, "virtualNetworkRules[0].id"),
            ({"bypass": "Everybody"}, '"bypass"'),
            ({"defaultAction": "Perhaps"}, '"defaultAction"'),
        )
        for change, text in rows:
            with self.subTest(change=str(change)[:80]):
                a = self.sim.arm("PATCH", self.sim.vault_id("fwbad"), {"properties": {"networkAcls": self.acls(**change)}})
                self.assertEqual((a.status, a.code), (400, "BadRequest"), a.body)
                self.assertIn(text, a.json["error"]["message"])
        a = self.sim.arm("PATCH", self.sim.vault_id("fwbad"), {"properties": {"publicNetworkAccess": "Sometimes"}})
        self.assertEqual(a.code, "BadRequest")
        self.assertEqual(self.sim.arm("GET", self.sim.vault_id("fwbad")).body, before)

    def test_as_many_rules_as_are_documented_are_taken(self):
        p = self.walled("fwmany", networkAcls=self.acls(ipRules=[{"value": f"20.0.{i // 256}.{i % 256}"} for i in range(1000)]))
        self.assertEqual(len(p["networkAcls"]["ipRules"]), 1000)
        self.assertEqual(self.get("fwmany", "20.0.3.231").status, 200)
        self.assertEqual(self.get("fwmany", "20.0.3.232").status, 403)

    def test_the_audit_log_names_the_stated_address(self):
        self.walled("fwaudit", networkAcls=self.acls(ipRules=[{"value": "124.56.78.91"}]))
        self.assertEqual(self.get("fwaudit", "124.56.78.91").status, 200)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            lines = (self.sim.state / "audit" / "vaultd.jsonl").read_text().splitlines()
            found = [json.loads(l) for l in lines if "FWAUDIT" in l and "KeyList" in l]
            if found:
                break
        self.assertEqual(found[-1]["callerIpAddress"], "124.56.78.91")


if __name__ == "__main__":
    unittest.main(verbosity=2)
