"""What a running pair leaves for its clients: endpoints.json, the files' modes, `kvsim env`, `kvsim trust`, `kvsim status`, and a help
for every program."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import unittest

from harness import BUILD, KVSIM, ROOT, SimTest

MEMBERS = ["tenant", "subscription", "client_id", "client_secret_file", "control_token_file", "ca", "vault_url", "management_url", "login_url",
           "openai_url", "cognitiveservices_url", "identity_url", "proxy_url", "pids"]
PUBLIC = {"jwks.json", "attestation-jwks.json", "trust.p12"}  # beside *.pem: certificates


class Promises(SimTest):
    with_group = False

    def env(self, *args):
        return json.loads(self.sim.kvsim("env", "--format", "json", *args).stdout)

    def shell(self, script, *args):
        """In an otherwise empty environment, after eval "$(kvsim env)"."""
        home = tempfile.mkdtemp(prefix="kvsim-home.")
        self.addCleanup(shutil.rmtree, home, True)
        given = " ".join(args)
        return subprocess.run(["bash", "-euc", f'eval "$("{KVSIM}" env --state "{self.sim.state}" {given})"\n{script}'], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": home}, timeout=60)

    def test_endpoints_json_has_the_promised_members_and_no_secret(self):
        text = (self.sim.state / "endpoints.json").read_text()
        e = json.loads(text)
        self.assertEqual(list(e), MEMBERS)
        self.assertRegex(e["vault_url"], r"^https://\{vault\}\.vault\.localhost:\d+$")
        self.assertRegex(e["openai_url"], r"^https://\{account\}\.openai\.localhost:\d+$")
        self.assertRegex(e["cognitiveservices_url"], r"^https://\{account\}\.cognitiveservices\.localhost:\d+$")
        for pid in e["pids"].values():
            os.kill(pid, 0)
        for secret in (self.sim.secret, self.sim.control):
            self.assertNotIn(secret.strip(), text)

    def test_what_is_secret_is_its_owners_only(self):
        self.env()  # makes trust.p12
        self.assertEqual(stat.S_IMODE(self.sim.state.stat().st_mode), 0o700)
        for file in ("client_secret_file", "control_token_file"):
            self.assertEqual(stat.S_IMODE(os.stat(self.sim.e[file]).st_mode), 0o600, file)
        for folder, folders, files in os.walk(self.sim.state):
            for name in folders:
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o700, name)
            for name in files:
                if not name.endswith(".pem") and name not in PUBLIC:
                    self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600, name)
                elif name.endswith(".pem"):
                    self.assertNotIn("PRIVATE", pathlib.Path(folder, name).read_text())

    def test_env_says_the_same_in_both_forms_and_only_the_proxy_mode_has_a_proxy(self):
        for mode in ("proxy", "names"):
            said = self.env("--mode", mode)
            for name in said:
                a = self.shell(f'printf %s "${name}"', "--mode", mode)
                self.assertEqual((a.returncode, a.stdout), (0, said[name]), a.stderr)
            self.assertEqual("HTTPS_PROXY" in said, mode == "proxy")
            self.assertEqual("AZURE_AUTHORITY_HOST" in said, mode == "names")
            self.assertEqual((said["AZURE_TENANT_ID"], said["AZURE_CLIENT_ID"], said["AZURE_CLIENT_SECRET"]),
                             (self.sim.tenant, self.sim.e["client_id"], self.sim.secret.strip()))
            self.assertTrue(said["IDENTITY_ENDPOINT"].startswith(self.sim.e["identity_url"]))
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
                self.assertIn(pathlib.Path(self.sim.e["ca"]).read_text(), pathlib.Path(said[name]).read_text(), name)

    def test_the_environment_is_enough_for_curl_under_either_names(self):
        ask = ('curl -sS --fail-with-body -d grant_type=client_credentials -d "client_id=$AZURE_CLIENT_ID" -d "client_secret=$AZURE_CLIENT_SECRET"'
               ' -d scope=https://vault.azure.net/.default "{login}/$AZURE_TENANT_ID/oauth2/v2.0/token"')
        for mode, login in (("proxy", "https://login.microsoftonline.com"), ("names", "${AZURE_AUTHORITY_HOST%/}")):
            a = self.shell(ask.replace("{login}", login), "--mode", mode)
            self.assertEqual(a.returncode, 0, a.stdout + a.stderr)
            self.assertIn("access_token", json.loads(a.stdout))

    def test_trust_names_the_ca_of_the_localhost_names_and_no_other(self):
        ca = pathlib.Path(self.sim.kvsim("trust").stdout.strip())
        state = self.sim.state
        for leaf, good in (("leaf-localhost.pem", True), ("leaf-azure.pem", False)):
            a = subprocess.run(["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", ca, state / leaf], capture_output=True, text=True)
            self.assertEqual(a.returncode == 0, good, a.stdout + a.stderr)

    def test_status_says_what_runs_and_3_when_nothing_does(self):
        a = self.sim.kvsim("status")
        for pid in (self.sim.e["pids"]["vaultd"], self.sim.e["pids"]["providerd"]):
            self.assertIn(str(pid), a.stdout)
        with tempfile.TemporaryDirectory() as empty:
            a = subprocess.run([KVSIM, "status", "--state", empty], capture_output=True, text=True)
            self.assertEqual(a.returncode, 3, a.stdout + a.stderr)

    def test_every_program_and_script_has_a_help_and_does_nothing_else_then(self):
        nowhere = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KVSIM_STATE": "/nonexistent"}
        scripts = [p for p in sorted((ROOT / "tools").iterdir()) if p.is_file() and os.access(p, os.X_OK)]
        self.assertGreaterEqual(len(scripts), 8)
        for program in (BUILD / "vault" / "vaultd", BUILD / "provider" / "providerd", *scripts):
            a = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, env=nowhere)
            self.assertEqual((a.returncode, a.stderr), (0, ""), program)
            self.assertIn("Usage: ", a.stdout, program)
            self.assertFalse(os.path.exists("/nonexistent"))


if __name__ == "__main__":
    unittest.main()
