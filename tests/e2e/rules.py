"""What the tests of rules share: the control endpoint, the counters of a rule before and after, a refusal that names its rules."""

import json

from harness import ARM_AI, SimTest

CONTENT = b"rule for rule\n" * 3000
RIGHTS = ["get", "wrapKey", "unwrapKey"]
OFF = {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}


class Rules:
    """For a TestCase that has its simulator in self.sim."""

    def control(self, method, path, body=None):
        s = self.sim
        return s.http(method, s.e["management_url"] + path, None if body is None else json.dumps(body),
                      {"x-kvsim-control": s.control, "Content-Type": "application/json"})

    def counts(self, rule):
        r = self.control("GET", "/_sim/rules/" + rule).json
        return r["obeyed"], r["broken"]

    def assert_counted(self, rule, before, obeyed=False, broken=False):
        after = self.counts(rule)
        self.assertEqual((after[0] > before[0], after[1] > before[1]), (obeyed, broken), (rule, before, after))

    def shows(self, rule):
        """A context in which the rule has to be both obeyed and broken."""
        test = self

        class Shows:
            def __enter__(self):
                self.before = test.counts(rule)

            def __exit__(self, kind, *_):
                if kind is None:
                    test.assert_counted(rule, self.before, obeyed=True, broken=True)
        return Shows()

    def note(self, rule, verdict):
        """For a rule whose effect providerd can't see: the test has seen it."""
        self.assertEqual(self.control("POST", "/_sim/rules/" + rule, {"verdict": verdict}).status, 200)

    def assert_rule(self, answer, status, rule):
        self.assertEqual((answer.status, answer.headers.get("x-kvsim-rule")), (status, rule), answer.body)

    def refused(self, answer, rule, *others, status=400):
        self.assert_rule(answer, status, rule)
        inner = answer.json["error"]["innererror"]
        self.assertEqual(inner["rule"], rule)
        self.assertLessEqual({rule, *others}, set(inner["rules"]))
        self.assertEqual([d["target"] for d in answer.json["error"]["details"]], inner["rules"])
        self.assertTrue(all(d["message"] for d in answer.json["error"]["details"]))


class RuleTest(Rules, SimTest):
    """A simulator for the class; bound() makes an account that is bound to a key, with a file in it."""

    with_group = False

    def policies(self, *list, vault=None):
        self.sim.make_vault(vault or self.vault, [self.sim.policy(self.sim.oid, ["all"]), *list], enablePurgeProtection=True)

    def bound(self, tag, upload=True):
        self.identity, self.version = self.sim.cmk(tag)
        self.account, self.vault = "acct" + tag, "vault" + tag
        if upload:
            self.file = self.sim.upload(self.account, CONTENT).json["id"]

    def download(self):
        return self.sim.files(self.account, "GET", f"/{self.file}/content")

    def encryption(self, account, properties, source="Microsoft.KeyVault"):
        return self.sim.arm("PATCH", self.sim.account_id(account), {"properties": {"encryption": {
            "keySource": source, **({"keyVaultProperties": properties} if properties is not None else {})}}}, ARM_AI)
