"""Keys as resources of the resource manager (keys.json of Microsoft.KeyVault): made once, without any permission in the vault, by who may
write the vault's keys; the same keys that the data plane has."""

import unittest

from harness import SimTest

V = "2023-07-01"


class ArmKeys(SimTest):
    durability = "full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_vault("armkeys")

    def arm(self, method, path, properties=None, version=V, **more):
        body = None if properties is None else {"properties": properties, **more}
        return self.sim.arm(method, self.sim.vault_id("armkeys") + "/keys" + path, body, version)

    def put(self, name, properties, version=V, **more):
        a = self.arm("PUT", "/" + name, properties, version, **more)
        self.assertEqual(a.status, 200, a.body)
        return a.json

    def data(self, path):
        return self.sim.vault("armkeys", "GET", "/keys/" + path)

    def test_a_key_that_is_put_is_the_key_of_the_data_plane(self):
        made = self.put("same", {"kty": "EC", "curveName": "P-384", "keyOps": ["sign"], "attributes": {"exp": 4000000000}}, tags={"a": "b"})
        seen = self.data("same").json
        p = made["properties"]
        self.assertEqual(list(p), ["attributes", "kty", "keyOps", "curveName", "keyUri", "keyUriWithVersion"])
        self.assertEqual((made["id"], made["name"], made["type"], made["tags"]), (
            self.sim.vault_id("armkeys") + "/keys/same", "same", "Microsoft.KeyVault/vaults/keys", {"a": "b"}))
        self.assertEqual((p["kty"], p["keyOps"], p["curveName"]), ("EC", ["sign"], seen["key"]["crv"]))
        self.assertEqual(p["keyUriWithVersion"].replace(":443/", "/"), seen["key"]["kid"])
        self.assertEqual(p["attributes"]["created"], seen["attributes"]["created"])
        self.assertEqual((p["attributes"]["exp"], seen["attributes"]["exp"], seen["tags"]), (4000000000, 4000000000, {"a": "b"}))

    def test_a_second_put_changes_nothing(self):
        first = self.put("once", {"kty": "EC"})
        self.assertEqual(self.put("ONCE", {"kty": "RSA", "keySize": 4096}), first)
        self.assertEqual(len(self.arm("GET", "/once/versions").json["value"]), 1)

    def test_versions_are_listed_and_read(self):
        self.put("many", {"kty": "EC"})
        kid = self.sim.vault("armkeys", "POST", "/keys/many/create", {"kty": "EC"}).json["key"]["kid"]
        listed = self.arm("GET", "/many/versions").json["value"]
        self.assertEqual(len(listed), 2)
        self.assertNotIn("kty", listed[0]["properties"])
        newest = kid.split("/")[-1]
        a = self.arm("GET", "/many/versions/" + newest).json
        self.assertEqual((a["name"], a["type"], a["properties"]["kty"]), (newest, "Microsoft.KeyVault/vaults/keys/versions", "EC"))
        self.assertTrue(self.arm("GET", "/many").json["properties"]["keyUriWithVersion"].endswith(newest))
        self.assertEqual(self.arm("GET", "/many/versions/" + "0" * 32).status, 404)

    def test_lists_come_in_pages(self):
        for i in range(27):
            self.put(f"page-{i:02}", {"kty": "EC"})
        path, names = "", []
        while path is not None:
            a = self.arm("GET", path)
            self.assertLessEqual(len(a.json["value"]), 25)
            names += [k["name"] for k in a.json["value"]]
            link = a.json.get("nextLink")
            path = "?$skiptoken=" + link.split("$skiptoken=")[1] if link else None
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue({f"page-{i:02}" for i in range(27)} <= set(names))

    def test_a_rotation_policy_is_the_keys_policy_in_versions_that_have_it(self):
        policy = {"attributes": {"expiryTime": "P90D"}, "lifetimeActions": [{"trigger": {"timeAfterCreate": "P30D"}, "action": {"type": "rotate"}}]}
        made = self.put("turning", {"kty": "EC", "rotationPolicy": policy})["properties"]["rotationPolicy"]
        self.assertEqual((made["attributes"]["expiryTime"], made["lifetimeActions"][0]["action"]["type"]), ("P90D", "rotate"))
        seen = self.data("turning/rotationpolicy").json
        self.assertEqual(seen["lifetimeActions"][0], {"trigger": {"timeAfterCreate": "P30D"}, "action": {"type": "Rotate"}})
        upper = self.arm("GET", "/turning", version="2022-07-01").json["properties"]["rotationPolicy"]
        self.assertEqual(upper["lifetimeActions"][0]["action"]["type"], "Rotate")
        self.assertNotIn("rotationPolicy", self.arm("GET", "/turning", version="2021-10-01").json["properties"])
        self.put("ignored", {"kty": "EC", "rotationPolicy": policy}, version="2021-10-01")
        self.assertNotIn("rotationPolicy", self.arm("GET", "/ignored").json["properties"])

    def test_what_a_vault_refuses_is_refused_and_makes_nothing(self):
        for bad in ({"kty": "EC-HSM"}, {"kty": "oct"}, {}, {"kty": "EC", "curveName": "P-1"}, {"kty": "RSA", "keySize": 1000},
                    {"kty": "EC", "keyOps": ["fly"]}, {"kty": "EC", "rotationPolicy": {"attributes": {"expiryTime": "P1D"}}}):
            with self.subTest(bad):
                self.assertEqual(self.arm("PUT", "/refused", bad).status, 400)
                self.assertEqual(self.arm("GET", "/refused").status, 404)
        self.assertEqual(self.arm("PUT", "/bad_name", {"kty": "EC"}).status, 400)
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("armkeys") + "/keys/refused", {"kty": "EC"}, V).code, "InvalidRequestContent")
        self.assertEqual(self.sim.arm("PUT", self.sim.vault_id("none-there") + "/keys/k", {"properties": {"kty": "EC"}}, V).status, 404)
        self.assertEqual(self.arm("GET", "", version="2018-02-14").code, "InvalidResourceType")

    def test_a_deleted_keys_name_is_not_free(self):
        self.put("gone", {"kty": "EC"})
        self.assertEqual(self.sim.vault("armkeys", "DELETE", "/keys/gone").status, 200)
        self.assertEqual(self.arm("GET", "/gone").status, 404)
        a = self.arm("PUT", "/gone", {"kty": "EC"})
        self.assertEqual((a.status, a.code), (409, "Conflict"))

    def test_no_permission_in_the_vault_is_needed_and_its_firewall_is_not_asked(self):
        self.sim.make_vault("closed", policies=[], networkAcls={"defaultAction": "Deny", "bypass": "None"})
        path = self.sim.vault_id("closed") + "/keys/k"
        self.assertEqual(self.sim.vault("closed", "GET", "/keys/k").status, 403)
        self.assertEqual(self.sim.arm("PUT", path, {"properties": {"kty": "EC"}}, V).status, 200)
        self.assertEqual(self.sim.arm("GET", path, None, V).status, 200)


if __name__ == "__main__":
    unittest.main()
