"""The security features of accounts together, every pair of them; the transport of every listener; what passes for an allowed host.

Sources: SEC25 ("multiple features can be used in the same workflow", "enforce the TLS 1.2 protocol", "reject certain URI forms on
arrival"); docs/rules.md: sec.combined, sec.tls12, sec.dlp, sec.dlp-on-arrival.
"""

import itertools
import socket
import ssl
import unittest
import urllib.parse
import warnings

from test_ai_data import SPEECH, DataTest

FACE_USER = "a97b65f3-24c7-4388-baec-2e87135dc908"  # Cognitive Services User
COGNITIVE = "https://cognitiveservices.azure.com"
ADD = "/face/v1.0/facelists/staff/persistedfaces"
INSIDE, OUTSIDE = "198.51.100.7", "198.51.100.8"

# Feature -> what refuses when it is broken, in the order in which they are judged.
REFUSALS = {
    "local authentication off": (403, "AuthenticationTypeDisabled"),
    "networks": (403, "403"),
    "roles": (401, "PermissionDenied"),
    "data loss prevention": (403, "OutboundNetworkAccessDenied"),
    "customer-managed key": (403, "CustomerManagedKeyAccessDenied"),
}


class Together(DataTest):
    def setUp(self):
        s, self.name = self.sim, f"pairs{len(self._testMethodName)}"
        self.bind(self.name, self.account(self.name, "Face"))
        self.assertEqual(self.ai(self.name, "PUT", "/face/v1.0/facelists/staff", {"name": "staff"}).status, 200)
        self.good, self.bad = self.principal(), self.principal(user=True)
        s.assign_role(s.account_id(self.name), FACE_USER, self.good["object_id"])
        self.key = s.api_key(self.name)
        self.tokens = [self.token_of(who, COGNITIVE) for who in (self.good, self.bad)]

    def switch(self, on):
        self.patch(self.name, disableLocalAuth="local authentication off" in on,
                   networkAcls={"defaultAction": "Deny" if "networks" in on else "Allow", "ipRules": [{"value": INSIDE}]},
                   restrictOutboundNetworkAccess="data loss prevention" in on, allowedFqdnList=["images.example.com"])

    def call(self, broken):
        """A face by URL: as it should be, but for what is broken."""
        self.give(*([] if "customer-managed key" in broken else [self.rights]))
        who = {"api_key": self.key} if "local authentication off" in broken else {"Authorization": self.tokens["roles" in broken]}
        host = "elsewhere" if "data loss prevention" in broken else "images"
        return self.ai(self.name, "POST", ADD, {"url": f"https://{host}.example.com/1.jpg"}, **who,
                       **self.at(OUTSIDE if "networks" in broken else INSIDE))

    def test_every_pair_applies_together_and_any_one_refuses(self):
        for pair in [*itertools.combinations(REFUSALS, 2), tuple(REFUSALS)]:
            self.switch(pair)
            before = self.ai(self.name, "GET", "/face/v1.0/facelists/staff", Authorization=self.tokens[0], **self.at(INSIDE)).body
            for n in range(1, len(pair) + 1):
                for broken in itertools.combinations(pair, n):
                    # A key has no role: who breaks both is refused for the key.
                    first = next(f for f in REFUSALS if f in broken)
                    a = self.call(broken)
                    self.assertEqual((a.status, a.code), REFUSALS[first], (pair, broken, a.body))
            self.give(self.rights)
            self.assertEqual(self.ai(self.name, "GET", "/face/v1.0/facelists/staff", Authorization=self.tokens[0], **self.at(INSIDE)).body, before,
                             "what is refused stores nothing")
            a = self.call(())
            self.assertEqual(a.status, 200, (pair, a.body))

    def test_what_is_broken_while_its_feature_is_off_is_not_refused(self):
        self.switch(())
        for broken in ((), ("local authentication off",), ("networks",), ("data loss prevention",),
                       ("local authentication off", "networks", "data loss prevention")):
            self.assertEqual(self.call(broken).status, 200, broken)


class Hosts(DataTest):
    """What a host on the list is, and what only looks like one."""

    LET = ["https://images.example.com/a", "https://images.example.com", "http://images.example.com/", "HTTPS://IMAGES.EXAMPLE.COM/",
           "https://images.example.com:8443/a?b#c", "https://images.example.com.", "https://images.example.com?q=https://evil.example",
           "https://images.example.com#@evil.example", "https://xn--bcher-kva.example/"]
    DENIED = ["https://evil.example/", "https://images.example.com.evil.example/", "https://sub.images.example.com/", "https://example.com/",
              "https://evil.example?images.example.com", "https://evil.example#images.example.com", "https://evil.example/images.example.com",
              "https://images.example.com../", "https://ximages.example.com/", "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]:443/",
              "https://0x7f000001/", "https://2130706433/", "https://localhost/", "https://169.254.169.254/metadata"]
    NONE = ["https://images.example.com@evil.example/", "https://images.example.com:80@evil.example/", "https://user:pw@images.example.com/",
            "https://evil.example\\@images.example.com/", "https://images.example.com%2f@evil.example/", "https://images.example.com%00.evil.example/",
            "https://bücher.example/", "https://images.example.com\u3002evil.example/", "https://images.example.com\t/", "https://images.example.com\n@evil/",
            " https://images.example.com/", "https:images.example.com", "https:///images.example.com/", "//images.example.com/", "/images.example.com",
            "ftp://images.example.com/", "file:///etc/passwd", "data:image/png;base64,AAAA", "https://images.example.com:x/", "https://", "https://:443/"]

    def test_a_host_is_what_every_reader_takes_for_the_host(self):
        names = ["IMAGES.example.com", "xn--bcher-kva.example"]
        self.account("hostface", "Face", restrictOutboundNetworkAccess=True, allowedFqdnList=names)
        self.account("hostspeech", "SpeechServices", restrictOutboundNetworkAccess=True, allowedFqdnList=names)

        def ask(url):
            yield self.ai("hostface", "POST", "/face/v1.0/detect", {"url": url})
            for member in ({"contentUrl": url}, {"contentUrls": ["https://images.example.com/", url]}):
                yield self.ai("hostspeech", "POST", SPEECH + "/datasets", {"kind": "Acoustic", "displayName": "d", "locale": "en-US", **member})

        with self.shows("sec.dlp"), self.shows("sec.dlp-on-arrival"):
            for url in self.LET:
                self.assertEqual([a.status for a in ask(url)], [200, 201, 201], url)
            stored = len(self.ai("hostspeech", "GET", SPEECH + "/datasets").json["values"])
            for url in self.DENIED:
                for a in ask(url):
                    self.assertEqual((a.status, a.code, a.headers["x-kvsim-rule"]), (403, "OutboundNetworkAccessDenied", "sec.dlp"), (url, a.body))
            for url in self.NONE:
                self.assertEqual([(a.status, a.code) for a in ask(url)], [(400, "InvalidURL"), (400, "InvalidRequest"), (400, "InvalidRequest")], url)
        self.assertEqual(len(self.ai("hostspeech", "GET", SPEECH + "/datasets").json["values"]), stored)


class Transport(DataTest):
    def listeners(self):
        """Where TLS is spoken, and under which names: those of both families."""
        e = self.sim.e
        port = lambda url: urllib.parse.urlsplit(url.replace("{vault}", "v").replace("{account}", "a")).port
        for url, names in ((e["vault_url"], ["v.vault.localhost", "v.vault.azure.net"]),
                           (e["management_url"], ["management.localhost", "login.localhost", "a.openai.localhost", "a.cognitiveservices.localhost",
                                                  "management.azure.com", "login.microsoftonline.com", "a.cognitiveservices.azure.com"])):
            yield from ((port(url), name) for name in names)

    def speak(self, port, name, version):
        tls = ssl.create_default_context(cafile=self.sim.e["ca"])
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            tls.minimum_version = tls.maximum_version = version
        tls.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, tls.wrap_socket(raw, server_hostname=name) as s:
            return s.version()

    def test_every_listener_speaks_tls_1_2_and_1_3_and_nothing_older(self):
        for port, name in self.listeners():
            self.assertEqual(self.speak(port, name, ssl.TLSVersion.TLSv1_2), "TLSv1.2", name)
            self.assertEqual(self.speak(port, name, ssl.TLSVersion.TLSv1_3), "TLSv1.3", name)
            for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                with self.assertRaises((ssl.SSLError, ConnectionError), msg=(name, old)) as refused:
                    self.speak(port, name, old)
                self.assertRegex(str(refused.exception), "(?i)protocol version|unsupported protocol|reset", "the listener refuses, not the client")

    def test_no_listener_answers_plain_http_with_anything_of_its_own(self):
        for port, name in self.listeners():
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
                raw.sendall(f"GET /health HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
                try:
                    self.assertNotIn(b"HTTP/1.1 2", raw.recv(1000), name)
                except ConnectionError:
                    pass


if __name__ == "__main__":
    unittest.main()
