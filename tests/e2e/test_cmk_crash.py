"""kill -9 of either daemon at every write of what changes an account's key or data.

After the restart the account is in the state before or after the step, and its data is readable exactly when it should be.
"""

import http.client
import json
import ssl
import unittest

from harness import ARM_AI, Sim

CONTENT = b"what must survive every crash\n" * 3000
OFF = {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}
BROKEN = (OSError, http.client.HTTPException, ssl.SSLError)
MOST = 60  # writes of one step: more would be a loop


class Walk(unittest.TestCase):
    def setUp(self):
        self.sim = s = Sim(args=["--durability", "relaxed", "--edition", self.edition])
        self.addCleanup(s.close)
        s.group()
        self.identity = s.make_account("acct", self.kind)
        self.granted = [s.policy(s.oid, ["all"]), s.policy(self.identity, ["get", "wrapKey", "unwrapKey"])]
        s.make_vault("vault", self.granted, enablePurgeProtection=True)
        self.new_version()
        a = s.upload("acct", CONTENT)
        self.assertEqual(a.status, 201, a.body)
        self.file = a.json["id"]
        self.died = {"vaultd": 0, "providerd": 0}

    kind = "OpenAI"
    edition = "classic"

    def new_version(self, vault="vault"):
        a = self.sim.vault(vault, "POST", "/keys/cmk/create", {"kty": "RSA"})
        self.assertEqual(a.status, 200, a.body)
        return a.json["key"]["kid"]

    def control(self, method, path, body=None):
        return self.sim.http(method, self.sim.e["management_url"] + path, None if body is None else json.dumps(body),
                             {"x-kvsim-control": self.sim.control, "Content-Type": "application/json"})

    def arm_crash(self, daemon, n):
        e = self.sim.e
        url = e["management_url"] if daemon == "providerd" else e["vault_url"].replace("{vault}", "vault")
        a = self.sim.http("POST", url + "/_sim/store/crash", json.dumps({"at": n}),
                          {"x-kvsim-control": self.sim.control, "Content-Type": "application/json"})
        self.assertEqual(a.status, 200, a.body)

    def encryption(self):
        """Of the account; Microsoft-managed and never changed shows none."""
        p = self.sim.arm("GET", self.sim.account_id("acct"), version=ARM_AI).json["properties"].get("encryption")
        p = p or {"keySource": "Microsoft.CognitiveServices"}
        for kvp in [p["keyVaultProperties"]] if "keyVaultProperties" in p else []:
            kvp["keyVaultUri"] = kvp["keyVaultUri"].split(".")[0]  # every start has other ports
        return p

    def readable(self):
        a = self.sim.files("acct", "GET", f"/{self.file}/content")
        self.assertIn(a.status, (200, 403), a.body[:300])
        self.assertTrue(a.status == 403 or a.body == CONTENT)
        return a.status == 200

    def restart(self, daemon):
        self.died[daemon] += 1
        self.sim.process.wait(30)
        self.sim.process.stdout.close()
        self.sim.start()

    def walk(self, step, state, undo):
        """Runs the step, dying at its first write, its second, ... until it ends without dying, in either daemon.

        state() is asked before the step and after it; after a death it must be one of the two. undo() prepares the next try.
        """
        before = state()
        step()
        after = state()
        undo()
        for daemon in ("providerd", "vaultd"):
            for n in range(1, MOST):
                self.assertEqual(state(), before)
                self.arm_crash(daemon, n)
                self.unavailable = False
                try:
                    step()
                    dead = self.unavailable
                except BROKEN:
                    dead = True
                if not dead:
                    self.arm_crash(daemon, 0)
                    self.assertEqual(state(), after)
                    undo()
                    break
                self.restart(daemon)
                self.assertIn(state(), (before, after), f"{daemon} died at write {n}")
                undo()
            else:
                self.fail(f"more than {MOST} writes")

    def assert_status(self, answer, *good):
        """503: providerd lives and says that vaultd does not."""
        self.unavailable = answer.status == 503
        self.assertIn(answer.status, (*good, 503), answer.body[:300])

    def bind(self, vault="vault"):
        self.assert_status(self.sim.bind("acct", vault, "cmk"), 202)

    def disable(self):
        self.assert_status(self.sim.arm("PATCH", self.sim.account_id("acct"), OFF, ARM_AI), 200, 202)

    def state(self):
        return self.encryption(), self.readable()


class Bindings(Walk):
    def test_enabling_and_disabling(self):
        self.walk(self.bind, self.state, self.disable)
        self.assertGreaterEqual(self.died["providerd"], 2)
        self.died = {"vaultd": 0, "providerd": 0}
        self.bind()
        self.walk(self.disable, self.state, self.bind)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_rotation(self):
        s = self.sim
        old = s.vault("vault", "GET", "/keys/cmk").json["key"]["kid"].split("/")[-1]
        self.assert_status(s.bind("acct", "vault", "cmk"), 202)

        def current():
            a = s.vault("vault", "GET", "/keys/cmk/versions").json["value"]
            return len(a) - versions[0], self.state()

        versions = [1]

        def undo():
            versions[0] = len(s.vault("vault", "GET", "/keys/cmk/versions").json["value"])

        # A new version in the vault: there or not, and nothing of the account changes.
        self.walk(self.new_version, current, undo)
        self.assertGreaterEqual(self.died["vaultd"], 2)
        # The account's update to it.
        self.died = {"vaultd": 0, "providerd": 0}
        self.walk(self.bind, self.state,
                  lambda: self.assert_status(s.bind("acct", "vault", "cmk", old), 202))
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_another_key_in_another_vault(self):
        s = self.sim
        s.make_vault("second", self.granted, enablePurgeProtection=True)
        self.new_version("second")
        self.bind()
        self.walk(lambda: self.bind("second"), self.state, self.bind)
        self.assertGreaterEqual(self.died["providerd"], 2)
        # The one that is not in use any more is not needed, whichever way the last death went.
        s.vault("second", "DELETE", "/keys/cmk")
        self.assertTrue(self.readable())


class BindingsWithLayers(Bindings):
    """The same for a kind whose data has layers (enc.base-double, enc.cmk-layer)."""
    kind = "AIServices"


class Revocations(Walk):
    def test_the_identity_off_and_on(self):
        self.bind()

        def identity(kind):
            return lambda: self.assert_status(
                self.sim.arm("PATCH", self.sim.account_id("acct"), {"identity": {"type": kind}}, ARM_AI), 202)

        def give_access():
            """A new identity: its access is given by hand, as it was before."""
            identity("SystemAssigned")()
            p = self.sim.arm("GET", self.sim.account_id("acct"), version=ARM_AI).json["identity"]["principalId"]
            self.granted[1] = self.sim.policy(p, ["get", "wrapKey", "unwrapKey"])
            self.sim.make_vault("vault", self.granted, enablePurgeProtection=True)

        self.walk(identity("None"), self.readable, give_access)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_moves_to_another_directory(self):
        s = self.sim
        self.bind()
        there = s.kvsim("tenant", "add", "elsewhere").stdout.split("tenant=")[1].split()[0]

        def move(what, to):
            return lambda: self.assert_status(self.control("POST", "/_sim/directory/move", {"resource": what, "toTenant": to}), 200)

        for what in (s.account_id("acct"), f"/subscriptions/{s.sub}/resourceGroups/rg"):
            self.died["providerd"] = 0
            self.walk(move(what, there), self.readable, move(what, s.tenant))
            self.assertGreaterEqual(self.died["providerd"], 2)

        def vault():
            p = s.arm("GET", s.vault_id("vault")).json["properties"]
            return p["tenantId"], len(p["accessPolicies"]), self.readable()

        def back():
            move(s.vault_id("vault"), s.tenant)()
            s.make_vault("vault", self.granted, enablePurgeProtection=True)

        self.died["vaultd"] = 0
        self.walk(move(s.vault_id("vault"), there), vault, back)
        self.assertGreaterEqual(self.died["vaultd"], 2)

    def test_revocation_and_giving_back(self):
        s = self.sim
        self.bind()

        def policies(list):
            body = {"properties": {"accessPolicies": list}}
            return lambda: self.assert_status(s.arm("PATCH", s.vault_id("vault"), body), 200)

        self.walk(policies(self.granted[:1]), self.readable, policies(self.granted))
        self.assertGreaterEqual(self.died["vaultd"], 2)

        def delete():
            self.assert_status(s.vault("vault", "DELETE", "/keys/cmk"), 200, 404)

        def recover():
            self.assert_status(s.vault("vault", "POST", "/deletedkeys/cmk/recover"), 200, 400)  # 400: it is there

        self.walk(delete, self.readable, recover)
        self.walk(lambda: self.assert_status(s.vault("vault", "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}}), 200),
                  self.readable,
                  lambda: self.assert_status(s.vault("vault", "PATCH", "/keys/cmk/", {"attributes": {"enabled": True}}), 200))

    def test_the_portals_way(self):
        """Identity, access and binding: the access may come alone, the identity and the binding only together."""
        s = self.sim
        s.make_vault("vault", self.granted[:1], enablePurgeProtection=True)
        s.arm("PATCH", s.account_id("acct"), {"identity": {"type": "None"}}, ARM_AI)

        def save(body):
            self.assert_status(self.control("PUT", f"/_sim/portal/accounts/{s.sub}/rg/acct/encryption", body), 200)

        def state():
            a = s.arm("GET", s.account_id("acct"), version=ARM_AI).json
            return "principalId" in a.get("identity", {}), self.state()

        def undo():
            save({"keySource": "Microsoft.CognitiveServices"})
            s.arm("PATCH", s.account_id("acct"), {"identity": {"type": "None"}}, ARM_AI)

        save({"keySource": "Microsoft.KeyVault", "subscription": s.sub, "vault": "vault", "key": "cmk"})
        undo()
        self.walk(lambda: save({"keySource": "Microsoft.KeyVault", "subscription": s.sub, "vault": "vault", "key": "cmk"}),
                  state, undo)
        self.assertGreaterEqual(min(self.died.values()), 2)

    def test_files_come_and_go_whole(self):
        s = self.sim
        self.bind()
        more = CONTENT * 10  # several chunks

        def listed():
            """Every file that is listed is there, and no other lies on the disk."""
            ids = [f["id"] for f in s.files("acct", "GET").json["data"]]
            for id in ids:
                a = s.files("acct", "GET", f"/{id}/content")
                self.assertEqual(a.status, 200, a.body[:300])
                self.assertIn(a.body, (CONTENT, more))
            blobs = [p.name for p in (s.state / "provider" / "blobs").iterdir()]
            self.assertEqual(len(blobs), len(ids), blobs)
            return len(ids)

        def upload():
            self.assert_status(s.upload("acct", more), 201)

        def remove():
            for f in s.files("acct", "GET").json["data"]:
                if f["id"] != self.file:
                    self.assert_status(s.files("acct", "DELETE", "/" + f["id"]), 200)

        self.walk(upload, listed, remove)
        self.assertGreaterEqual(self.died["providerd"], 8)
        upload()
        self.walk(remove, listed, lambda: listed() == 2 or upload())


class Edition2026(Walk):
    """CMK with the create, and a data key that is wrapped under a newer version on the way of something else."""
    edition = "2026"

    def setUp(self):
        super().setUp()
        self.sim.make_vault("vault", self.granted, enablePurgeProtection=True, enableRbacAuthorization=False)

    def test_cmk_with_the_create(self):
        s = self.sim
        id = f"/subscriptions/{s.sub}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1"
        p = s.arm("PUT", id, {"location": "westeurope"}, "2023-01-31").json["properties"]
        self.granted.append(s.policy(p["principalId"], ["get", "wrapKey", "unwrapKey"]))
        s.make_vault("vault", self.granted, enablePurgeProtection=True, enableRbacAuthorization=False)
        kid = s.vault("vault", "GET", "/keys/cmk").json["key"]["kid"]
        body = {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {id: {}}},
                "properties": {"customSubDomainName": "fresh", "encryption": {
                    "keySource": "Microsoft.KeyVault", "keyVaultProperties": {
                        "keyVaultUri": kid, "identityClientId": p["clientId"]}}}}

        def create():
            body["properties"]["encryption"]["keyVaultProperties"]["keyVaultUri"] = (
                s.vault("vault", "GET", "/keys/cmk").json["key"]["kid"])  # every start has other ports
            self.assert_status(s.arm("PUT", s.account_id("fresh"), body, ARM_AI), 201, 200)

        def there():
            """Whole, with its key and a data key that opens, or not at all."""
            a = s.arm("GET", s.account_id("fresh"), version=ARM_AI)
            if a.status == 404:
                self.assertEqual(s.arm("GET", f"/subscriptions/{s.sub}/providers/Microsoft.CognitiveServices/locations/westeurope"
                                              "/resourceGroups/rg/deletedAccounts/fresh", version=ARM_AI).status, 404)
                return False
            self.assertEqual(a.json["properties"]["encryption"]["keySource"], "Microsoft.KeyVault")
            f = s.upload("fresh", CONTENT)
            self.assertEqual(f.status, 201, f.body)
            self.assertEqual(s.files("fresh", "GET", f"/{f.json['id']}/content").body, CONTENT)
            return True

        def remove():
            s.arm("DELETE", s.account_id("fresh"), version=ARM_AI)
            s.arm("DELETE", f"/subscriptions/{s.sub}/providers/Microsoft.CognitiveServices/locations/westeurope"
                            "/resourceGroups/rg/deletedAccounts/fresh", version=ARM_AI)

        self.walk(create, there, remove)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_a_newer_version_is_followed_when_the_clock_is_moved(self):
        self.bind()  # names no version

        def day():
            self.assert_status(self.control("POST", "/_sim/clock", {"advance": "25h"}), 200)

        self.walk(day, self.state, self.new_version)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_a_read_that_follows_the_newest_version(self):
        self.bind()  # names no version

        def read():
            try:
                self.unavailable = not self.readable()
            except AssertionError:  # 503: vaultd is gone
                self.unavailable = True

        self.walk(read, self.encryption, self.new_version)
        self.assertGreaterEqual(self.died["providerd"], 2)
        self.assertTrue(self.readable())


if __name__ == "__main__":
    unittest.main()
