"""A running kvsim for end-to-end tests: started on ports of its own choice, stopped by its own process id.

Python's standard library only. Names are *.localhost; connections go to 127.0.0.1 whatever the resolver says. Requests
under the public Azure names go through the proxy.
"""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("KVSIM_BUILD", ROOT / "build"))
KVSIM = BUILD / "tools" / "kvsim"
ARM_VAULT = "2023-07-01"
ARM_AI = "2024-10-01"
FILES = "2024-10-21"
REPORTS = re.compile(r"ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json.get("error", self.json)["code"]  # Speech: not under "error"

    @property
    def inner(self):
        return self.json["error"].get("innererror", {}).get("code")


class Sim:
    def __init__(self, state=None, args=()):
        self.own = state is None
        self.state = pathlib.Path(state or tempfile.mkdtemp(prefix="kvsim-test."))
        self.args = list(args)
        self.tokens = {}
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [KVSIM, "up", "--state", self.state, "--port-base", "0", *self.args],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("kvsim is up"):
            raise RuntimeError(line + self.process.stdout.read())
        self.e = json.loads((self.state / "endpoints.json").read_text())
        self.secret = pathlib.Path(self.e["client_secret_file"]).read_text()
        self.control = pathlib.Path(self.e["control_token_file"]).read_text()
        self.tls = ssl.create_default_context(cafile=self.e["ca"])
        self.tenant, self.sub = self.e["tenant"], self.e["subscription"]
        self.oid = self.claims(self.token("https://vault.azure.net"))["oid"]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        said = self.process.stdout.read() if not self.process.stdout.closed else ""
        self.process.stdout.close()
        self.assert_no_reports(said)

    def assert_no_reports(self, said=""):
        """What a sanitizer has to say about a daemon is in its log; UBSan does not even end the program."""
        for p in sorted((self.state / "log").glob("*.log")):
            said += p.read_text(errors="replace")
        found = REPORTS.search(said)
        if found:
            raise AssertionError("a sanitizer reports:\n" + said[max(0, found.start() - 200):found.start() + 6000])

    def close(self):
        try:
            self.stop()
        finally:
            if self.own:
                shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def kvsim(self, *args, check=True):
        return subprocess.run([KVSIM, *args, "--state", self.state], capture_output=True, text=True, check=check)

    def attest(self, *args):
        """A token of the test authority."""
        return self.kvsim("attest", *map(str, args)).stdout.strip()

    def tunnel(self, host):
        """A connection to a public Azure name, through the proxy."""
        raw = socket.create_connection(("127.0.0.1", int(self.e["proxy_url"].split(":")[-1])), timeout=30)
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            piece = raw.recv(1)
            if not piece:
                break
            got += piece
        if b" 200 " not in got:
            raw.close()
            raise ConnectionRefusedError(got.decode())
        return raw

    def http(self, method, url, body=None, headers=None, address="127.0.0.1"):
        u = urllib.parse.urlsplit(url)
        conn = http.client.HTTPConnection(u.hostname, u.port or 443 if u.scheme == "https" else u.port)
        conn.default_port = 443 if u.scheme == "https" else 80
        azure = u.scheme == "https" and not u.hostname.endswith("localhost")
        raw = self.tunnel(u.hostname) if azure else socket.create_connection((address, u.port), timeout=30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two writes
        conn.sock = self.tls.wrap_socket(raw, server_hostname=u.hostname) if u.scheme == "https" else raw
        try:
            conn.request(method, u.path + ("?" + u.query if u.query else ""), body, headers or {})
            r = conn.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            conn.close()

    def token(self, resource, client_id=None, secret=None, tenant=None):
        key = (resource, client_id)
        if key not in self.tokens:
            form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client_id or self.e["client_id"],
                                           "client_secret": secret or self.secret, "scope": resource + "/.default"})
            a = self.http("POST", f"{self.e['login_url']}/{tenant or self.tenant}/oauth2/v2.0/token", form,
                          {"Content-Type": "application/x-www-form-urlencoded"})
            assert a.status == 200, a.body
            self.tokens[key] = a.json["access_token"]
        return self.tokens[key]

    @staticmethod
    def claims(jwt):
        return json.loads(unb64(jwt.split(".")[1]))

    def arm(self, method, path, body=None, version=ARM_VAULT, token=None):
        sep = "&" if "?" in path else "?"
        return self.http(method, f"{self.e['management_url']}{path}{sep}api-version={version}",
                         None if body is None else json.dumps(body),
                         {"Authorization": "Bearer " + (token or self.token("https://management.azure.com")),
                          "Content-Type": "application/json"})

    def vault(self, vault, method, path, body=None, version="7.5", token=None, headers=None):
        base = self.e["vault_url"].replace("{vault}", vault)
        h = {"Content-Type": "application/json"}
        if token != "":
            h["Authorization"] = "Bearer " + (token or self.token("https://vault.azure.net"))
        h.update(headers or {})
        sep = "&" if "?" in path else "?"
        return self.http(method, f"{base}{path}{sep}api-version={version}",
                         body if body is None or isinstance(body, (str, bytes)) else json.dumps(body), h)

    # --- what most tests begin with

    def group(self, name="rg"):
        a = self.arm("PUT", f"/subscriptions/{self.sub}/resourceGroups/{name}", {"location": "westeurope"})
        assert a.status in (200, 201), a.body

    def vault_id(self, name, group="rg"):
        return f"/subscriptions/{self.sub}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/{name}"

    def account_id(self, name, group="rg"):
        return f"/subscriptions/{self.sub}/resourceGroups/{group}/providers/Microsoft.CognitiveServices/accounts/{name}"

    def policy(self, oid, keys):
        return {"tenantId": self.tenant, "objectId": oid, "permissions": {"keys": keys}}

    def make_vault(self, name, policies=None, **properties):
        body = {"location": "westeurope",
                "properties": {"tenantId": self.tenant, "sku": {"family": "A", "name": "standard"},
                               "accessPolicies": [self.policy(self.oid, ["all"])] if policies is None else policies,
                               **properties}}
        a = self.arm("PUT", self.vault_id(name), body)
        assert a.status == 200, a.body
        return a.json

    def make_account(self, name, kind="OpenAI"):
        sku = {"name": "E0" if kind == "Face" else "S0"}  # one that has CMK
        a = self.arm("PUT", self.account_id(name), {"kind": kind, "sku": sku, "location": "westeurope",
                                                   "properties": {"customSubDomainName": name}}, ARM_AI)
        assert a.status == 201, a.body
        a = self.arm("PATCH", self.account_id(name), {"identity": {"type": "SystemAssigned"}}, ARM_AI)
        assert a.status in (200, 202), a.body
        return a.json["identity"]["principalId"]

    def bind(self, account, vault, key, version=""):
        return self.arm("PATCH", self.account_id(account), {"properties": {"encryption": {
            "keySource": "Microsoft.KeyVault",
            "keyVaultProperties": {"keyVaultUri": self.e["vault_url"].replace("{vault}", vault) + "/", "keyName": key,
                                   "keyVersion": version}}}}, ARM_AI)

    def api_key(self, account):
        return self.arm("POST", self.account_id(account) + "/listKeys", version=ARM_AI).json["key1"]

    def assign_role(self, scope, role, oid=None):
        """A built-in role by its id, for the operator or another principal, at a scope."""
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        a = self.arm("PUT", path, {"properties": {"roleDefinitionId": f"/subscriptions/{self.sub}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                                                  "principalId": oid or self.oid}}, "2022-04-01")
        assert a.status == 201, a.body
        return path

    def files(self, account, method, path="", body=None, headers=None, form="/openai/files", query=FILES):
        url = self.e["openai_url"].replace("{account}", account) + form + path
        return self.http(method, url + ("?api-version=" + query if query else ""), body,
                         {"api-key": self.api_key(account), **(headers or {})})

    def upload(self, account, content, name="data.jsonl", purpose="fine-tune", **kw):
        b = "boundary1234567890"
        body = (f'--{b}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
                f'--{b}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
                f'Content-Type: application/octet-stream\r\n\r\n').encode() + content + f"\r\n--{b}--\r\n".encode()
        return self.files(account, "POST", body=body, headers={"Content-Type": f"multipart/form-data; boundary={b}"}, **kw)

    def cmk(self, tag, kind="OpenAI"):
        """A vault with purge protection, a key, an account with identity and access, bound. Names end in tag."""
        self.group()
        identity = self.make_account("acct" + tag, kind)
        self.identity_policy = self.policy(identity, ["get", "wrapKey", "unwrapKey"])
        self.make_vault("vault" + tag, [self.policy(self.oid, ["all"]), self.identity_policy], enablePurgeProtection=True)
        key = self.vault("vault" + tag, "POST", "/keys/cmk/create", {"kty": "RSA"})
        assert key.status == 200, key.body
        a = self.bind("acct" + tag, "vault" + tag, "cmk")
        assert a.status == 202, a.body
        return identity, re.sub(".*/", "", key.json["key"]["kid"])


class SimTest(unittest.TestCase):
    """One simulator for all tests of the class, in self.sim."""

    durability = "relaxed"
    args = ()  # further ones of `kvsim up`
    with_group = True

    @classmethod
    def setUpClass(cls):
        cls.sim = Sim(args=["--durability", cls.durability, *cls.args])
        cls.addClassCleanup(cls.sim.close)
        if cls.with_group:
            cls.sim.group()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*args, data=b""):
    """What the openssl command makes of its standard input."""
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout
