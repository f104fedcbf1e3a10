"""A daemon as its man page has it (docs/man/vaultd.1, providerd.1): without kvsim, by its own options."""

import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse

from harness import ARM_VAULT, BUILD, Sim

TENANT, SUBSCRIPTION, CLIENT = (digit * 8 + "-1111-1111-1111-" + digit * 12 for digit in "123")


class Daemon(Sim):
    """Started on ports of its own choice; ready when it has written its byte."""

    def __init__(self, program, state, *args):
        self.state, ready, byte = state, *os.pipe()
        self.process = subprocess.Popen([program, "--state", state, *args], stderr=subprocess.PIPE, text=True, pass_fds=[byte],
                                        env={**os.environ, "KVSIM_READY_FD": str(byte)})
        os.close(byte)
        self.ready = os.read(ready, 1)
        os.close(ready)
        self.tls = ssl.create_default_context(cafile=state / "ca.pem") if self.ready else None

    def port(self):
        for line in iter(self.process.stderr.readline, ""):  # a warning may stand before it
            if found := re.search(r" on port (\d+)\n", line):
                return int(found[1])
        raise AssertionError("it has not said its port")

    def end(self):
        """What it wrote to standard error that was not read before, and its exit status."""
        if self.ready:
            self.process.send_signal(signal.SIGTERM)
        rest = self.process.communicate(timeout=60)[1]
        self.assert_no_reports(rest)
        return rest, self.process.returncode


class DaemonAlone(unittest.TestCase):
    def setUp(self):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="kvsim-test."))
        self.addCleanup(shutil.rmtree, self.state, ignore_errors=True)

    def start(self, name, *args):
        d = Daemon(BUILD / {"vaultd": "vault", "providerd": "provider"}[name] / name, self.state, *args)
        self.addCleanup(d.process.stderr.close)
        self.addCleanup(lambda: d.process.poll() is None and (d.process.kill(), d.process.wait()))
        return d

    def test_the_log_has_what_its_level_lets_through(self):
        for args, wanted in ((), " vaultd info: serving vaults on port "), (("--log-level", "warn"), ""), (("--log-level", "error"), ""):
            said, status = self.start("vaultd", "--ports", "vault=0", *args).end()
            self.assertEqual(status, 0)
            self.assertEqual(re.findall(r" vaultd .* port ", said), [wanted] if wanted else [], args)
            self.assertEqual(said.count("\n"), 1 if wanted else 0, said)

    def test_an_error_is_written_at_every_level(self):
        said, status = self.start("providerd", "--log-level", "error").end()
        self.assertIn(" providerd error: the store is empty: start with kvsim up, or give --bootstrap FILE\n", said)
        self.assertEqual(status, 1)

    def test_a_permissive_vaultd_takes_any_bearer_token(self):
        d = self.start("vaultd", "--ports", "vault=0", "--auth", "permissive")
        port, bearer = d.port(), {"Authorization": "Bearer anything", "Content-Type": "application/json"}
        vault = (f"https://management.localhost:{port}/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/"
                 f"vaults/alone?api-version={ARM_VAULT}")
        body = json.dumps({"location": "westeurope", "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"},
                                                                    "accessPolicies": []}})
        self.assertEqual(d.http("PUT", vault, body, bearer).status, 200)
        create = f"https://alone.vault.localhost:{port}/keys/k/create?api-version=7.5"
        made = d.http("POST", create, '{"kty":"EC"}', bearer)
        self.assertEqual((made.status, made.json["key"]["kty"]), (200, "EC"))
        self.assertEqual(d.http("POST", create, '{"kty":"EC"}', {"Content-Type": "application/json"}).status, 401, "but it takes one")
        self.assertEqual(d.end(), ("", 0))

    def test_a_strict_vaultd_takes_no_such_token(self):
        d = self.start("vaultd", "--ports", "vault=0", "--default-tenant", TENANT)
        url = f"https://alone.vault.localhost:{d.port()}/keys?api-version=7.5"
        a = d.http("GET", url, headers={"Authorization": "Bearer anything"})
        self.assertEqual(a.status, 401)
        self.assertIn(f"/{TENANT}\"", a.headers["WWW-Authenticate"])
        self.assertEqual(d.end(), ("", 0))

    def test_providerd_takes_its_first_operator_from_a_file(self):
        first = {"tenant": TENANT, "subscription": SUBSCRIPTION, "client_id": CLIENT, "client_secret": "of-this-test"}
        file = self.state / "first.json"
        file.write_text(json.dumps({**first, "tenant": "none"}))
        args = ("--ports", "management=0,identity=0,proxy=0", "--bootstrap", file)
        said, status = self.start("providerd", *args).end()
        self.assertIn("the bootstrap file needs tenant, subscription, client_id, client_secret", said)
        self.assertEqual(status, 1)
        file.write_text(json.dumps(first))
        d = self.start("providerd", *args)
        port = d.port()
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "of-this-test",
                                       "scope": "https://management.azure.com/.default"})
        a = d.http("POST", f"https://login.localhost:{port}/{TENANT}/oauth2/v2.0/token", form,
                   {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(a.status, 200, a.body)
        listed = d.http("GET", f"https://management.localhost:{port}/subscriptions?api-version=2022-12-01",
                        headers={"Authorization": "Bearer " + a.json["access_token"]})
        self.assertEqual([s["subscriptionId"] for s in listed.json["value"]], [SUBSCRIPTION])
        self.assertEqual(d.end()[1], 0)


if __name__ == "__main__":
    unittest.main()
