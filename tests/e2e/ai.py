"""Calls of an account's data plane, for tests of who may call it and of what it stores: keys, tokens, addresses, other principals."""

import json
import urllib.parse
import uuid

from harness import ARM_AI, FILES, SimTest
from rules import Rules


class SecurityTest(Rules, SimTest):
    def ai(self, account, method, path, body=None, host="cognitiveservices", **headers):
        url = self.sim.e["openai_url"].replace("{account}", account) + path
        url = url.replace(".openai.", f".{host}.", 1) if "." not in host else f"https://{host}{path}"
        h = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if not {"api-key", "Authorization", "Ocp-Apim-Subscription-Key"} & set(h):
            h["Ocp-Apim-Subscription-Key"] = self.sim.api_key(account)
        return self.sim.http(method, url, body if body is None or isinstance(body, (str, bytes)) else json.dumps(body), h)

    def list(self, account, **headers):
        return self.ai(account, "GET", "/openai/files?api-version=" + FILES, host="openai", **headers)

    def at(self, address="127.0.0.1", subnet=None):
        h = {"x_kvsim_control": self.sim.control, "x_kvsim_client_ip": address}
        return {**h, "x_kvsim_client_subnet": subnet} if subnet else h

    def patch(self, account, **properties):
        a = self.sim.arm("PATCH", self.sim.account_id(account), {"properties": properties}, ARM_AI)
        self.assertIn(a.status, (200, 202), a.body)

    def principal(self, user=False):
        return self.control("POST", "/_sim/directory/principals", {"name": f"somebody-{uuid.uuid4()}", "user": user}).json

    def token_of(self, who, resource):
        form = {"client_id": who.get("client_id") or "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "scope": resource + "/.default"}
        form.update({"grant_type": "password", "username": who["upn"], "password": who["password"]} if "upn" in who else
                    {"grant_type": "client_credentials", "client_secret": who["client_secret"]})
        a = self.sim.http("POST", f"{self.sim.e['login_url']}/{self.sim.tenant}/oauth2/v2.0/token", urllib.parse.urlencode(form),
                          {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(a.status, 200, a.body)
        return "Bearer " + a.json["access_token"]
