"""The wire of the keys data plane: headers and their order, paging, names and paths. Sources: wire-samples.md part 1,
azure-rules.md sections 1, 7 and 8; what is ours is said beside it."""

import base64
import json
import unittest
import urllib.parse

from harness import SimTest, b64, unb64

# Raw order of recorded answers (wire-samples.md part 1), Content-Length left out: framing.
COMMON = ["Cache-Control", "Pragma", "Content-Type", "Expires", "x-ms-keyvault-region", "x-ms-request-id",
          "x-ms-keyvault-service-version", "x-ms-keyvault-network-info", "Strict-Transport-Security", "X-Content-Type-Options", "Date"]
CONSTANT = {"Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1", "X-Content-Type-Options": "nosniff",
            "Strict-Transport-Security": "max-age=31536000;includeSubDomains", "x-ms-keyvault-region": "westeurope",
            "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"}


class Wire(SimTest):
    durability = "full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("wire", "paging"):
            cls.sim.make_vault(name)
        for path in ("/keys/Mixed-Case/create", "/keys/gone/create"):
            a = cls.call("POST", path, {"kty": "EC"})
            assert a.status == 200, a.body

    @classmethod
    def call(cls, method, path, body=None, vault="wire", **kw):
        return cls.sim.vault(vault, method, path, body, **kw)

    def refused(self, a, status, code, message):
        self.assertEqual((a.status, a.code, a.json["error"]["message"]), (status, code, message))


class Headers(Wire):
    def names(self, a):
        return [n for n in a.headers.keys() if n not in ("Content-Length", "Connection")]

    def test_an_answer_has_the_recorded_headers_in_the_recorded_order(self):
        for status, a in ((200, self.call("GET", "/keys/mixed-case")), (404, self.call("GET", "/keys/none")), (400, self.call("GET", "/keys/a/b/c/d"))):
            self.assertEqual(a.status, status, a.body)
            self.assertEqual(self.names(a), COMMON)
            self.assertEqual(a.headers["Content-Type"], "application/json; charset=utf-8")
            self.assertEqual({n: a.headers[n] for n in CONSTANT}, CONSTANT)
            self.assertRegex(a.headers["x-ms-request-id"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            self.assertRegex(a.headers["x-ms-keyvault-service-version"], r"^1\.9\.\d+\.\d+$")

    def test_the_challenge_stands_behind_expires(self):
        a = self.call("GET", "/keys", token="")
        self.assertEqual(a.status, 401)
        self.assertEqual(self.names(a), COMMON[:4] + ["WWW-Authenticate"] + COMMON[4:])

    def test_no_content_has_neither_type_nor_length(self):
        self.assertEqual(self.call("DELETE", "/keys/gone").status, 200)
        a = self.call("DELETE", "/deletedkeys/gone")
        self.assertEqual((a.status, a.body), (204, b""))
        self.assertEqual(self.names(a), [n for n in COMMON if n != "Content-Type"])
        self.assertNotIn("Content-Length", a.headers)

    def test_the_clients_request_id_comes_back_only_when_it_asks(self):
        mine = {"x-ms-client-request-id": "my-own-id"}
        self.assertNotIn("x-ms-client-request-id", self.call("GET", "/keys", headers=mine).headers)
        for no in ("false", "", "yes"):
            a = self.call("GET", "/keys", headers={**mine, "x-ms-return-client-request-id": no})
            self.assertNotIn("x-ms-client-request-id", a.headers)
        for token in (None, ""):
            a = self.call("GET", "/keys", headers={**mine, "x-ms-return-client-request-id": "true"}, token=token)
            self.assertEqual(a.headers["x-ms-client-request-id"], "my-own-id")
            self.assertEqual(self.names(a)[self.names(a).index("x-ms-client-request-id") - 1], "x-ms-keyvault-region")
        self.assertNotIn("x-ms-client-request-id", self.call("GET", "/keys", headers={"x-ms-return-client-request-id": "true"}).headers)


class NamesAndPaths(Wire):
    def test_names_and_literals_are_found_in_any_case_and_shown_as_created(self):
        for path in ("/keys/MIXED-CASE", "/KEYS/mixed-case", "/Keys/Mixed-Case/"):
            a = self.call("GET", path)
            self.assertEqual(a.status, 200, a.body)
            self.assertIn("/keys/Mixed-Case/", a.json["key"]["kid"])
        a = self.call("POST", "/keys/mixed-case/SIGN", {"alg": "ES256", "value": "A" * 43})
        self.assertEqual(a.status, 200, a.body)
        self.assertIn("/keys/Mixed-Case/", a.json["kid"])

    def test_a_second_version_keeps_the_first_spelling(self):
        a = self.call("POST", "/keys/MIXED-case/create", {"kty": "EC"})
        self.assertEqual(a.status, 200, a.body)
        self.assertIn("/keys/Mixed-Case/", a.json["key"]["kid"])

    def test_an_empty_name_is_no_operation(self):
        for method, path in (("POST", "/keys//create"), ("GET", "/"), ("GET", "/keys//"), ("PUT", "/keys")):
            with self.subTest(f"{method} {path}"):
                self.refused(self.call(method, path, {"kty": "EC"} if method != "GET" else None), 400, "BadParameter", "Operation not specified")

    def test_bad_names_are_quoted(self):
        for name in ("key!@$", "invalidkey[]()", "a_b", "a.b", "x" * 128):
            a = self.call("POST", f"/keys/{urllib.parse.quote(name)}/create", {"kty": "EC"})
            self.refused(a, 400, "BadParameter", f"The request URI contains an invalid name: {name}")

    def test_undecodable_paths_are_refused_after_the_token(self):
        for path in ("/keys/%", "/keys/%zz/", "/keys/a%00b", "/keys/a%2fb", "/keys/..%5c"):
            self.assertEqual(self.call("GET", path, token="").status, 401)
            a = self.call("GET", path)
            self.assertEqual((a.status, a.code), (400, "BadParameter"), a.body)

    def test_an_operation_that_is_none_is_named(self):
        self.refused(self.call("GET", "/keys/k/v/attestation"), 400, "BadParameter", "Method GET does not allow operation 'attestation'")


class Paging(Wire):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = sorted((f"key-{i:02d}" if i % 2 else f"KEY-{i:02d}" for i in range(30)), key=str.upper)
        for name in cls.made:
            a = cls.call("POST", f"/keys/{name}/create", {"kty": "EC"}, "paging")
            assert a.status == 200, a.body

    def page(self, url):
        a = self.sim.http("GET", url, headers={"Authorization": "Bearer " + self.sim.token("https://vault.azure.net")})
        self.assertEqual(a.status, 200, a.body)
        self.assertEqual(list(a.json), ["value", "nextLink"])
        return [i["kid"].split("/keys/")[1] for i in a.json["value"]], a.json["nextLink"]

    def first(self, size, path="/keys"):
        base = self.sim.e["vault_url"].replace("{vault}", "paging")
        return f"{base}{path}?api-version=7.5" + (f"&maxresults={size}" if size else "")

    def walk(self, url, between=lambda n: None):
        seen, pages = [], 0
        while url:
            names, url = self.page(url)
            seen += names
            pages += 1
            between(pages)
        return seen, pages

    def test_pages_of_every_size_add_up_in_upper_cased_order(self):
        for size in range(1, 26):
            seen, pages = self.walk(self.first(size))
            self.assertEqual([n for n in seen if not n.startswith("new")], self.made)
            self.assertEqual(pages, -(-len(seen) // size))
        self.assertEqual(len(self.page(self.first(None))[0]), 25)

    def test_the_link_has_the_recorded_form(self):
        _, link = self.page(self.first(2))
        u = urllib.parse.urlsplit(link)
        self.assertEqual([p.split("=")[0] for p in u.query.split("&")], ["api-version", "$skiptoken", "maxresults"])
        token = dict(p.split("=", 1) for p in u.query.split("&"))["$skiptoken"]
        marker = json.loads(unb64(token))
        kind, size, inner = marker["NextMarker"].split("!")
        self.assertEqual((list(marker), marker["TargetLocation"], kind, int(size)), (["NextMarker", "TargetLocation"], 0, "2", len(inner)))
        self.assertEqual(base64.b64decode(inner.replace("-", "=")).decode(), "000010!key/KEY-02!000028!9999-12-31T23:59:59.9999999Z!")

    def test_a_page_begins_where_the_last_ended_whatever_changed_between(self):
        def change(n):
            if n == 1:  # one that was seen, the one that comes next, and a new one behind it
                for name in ("key-01", "KEY-04"):
                    self.assertEqual(self.call("DELETE", f"/keys/{name}", vault="paging").status, 200)
                self.assertEqual(self.call("POST", "/keys/key-04a/create", {"kty": "EC"}, "paging").status, 200)
        seen, _ = self.walk(self.first(4), change)
        self.assertEqual(seen, self.made[:4] + ["key-04a"] + self.made[5:])
        for name in ("key-01", "KEY-04"):
            self.assertEqual(self.call("POST", f"/deletedkeys/{name}/recover", vault="paging").status, 200)
        for method, path in (("DELETE", "/keys/key-04a"), ("DELETE", "/deletedkeys/key-04a")):
            self.assertIn(self.call(method, path, vault="paging").status, (200, 204))

    def test_versions_come_in_the_order_of_their_ids(self):
        for _ in range(7):
            self.assertEqual(self.call("POST", "/keys/Mixed-Case/create", {"kty": "EC"}, "wire").status, 200)
        base = self.sim.e["vault_url"].replace("{vault}", "wire")
        seen, pages = self.walk(f"{base}/keys/MIXED-CASE/versions?api-version=7.5&maxresults=3")
        self.assertEqual(seen, sorted(seen))
        self.assertGreaterEqual(len(seen), 8)
        self.assertEqual(pages, -(-len(seen) // 3))
        self.assertTrue(all(s.startswith("Mixed-Case/") for s in seen))

    def test_a_page_size_out_of_range_is_refused(self):
        for path in ("/keys", "/deletedkeys", "/keys/key-01/versions"):
            for size in ("0", "26", "-1", "x", "1.5", "99999999999999999999", "5%20", ""):
                a = self.call("GET", f"{path}?maxresults={size}", vault="paging")
                self.refused(a, 400, "BadParameter", "Invalid maxresults: it must be between 1 and 25.")  # text ours

    def test_a_mark_of_another_make_is_refused(self):
        good = urllib.parse.urlsplit(self.page(self.first(2))[1]).query.split("$skiptoken=")[1].split("&")[0]
        for token in ("x", "", "e30", good[:-9], b64(b'{"NextMarker":"2!4!AAAA"}')):
            a = self.call("GET", f"/keys?$skiptoken={token}", vault="paging")
            self.refused(a, 400, "BadParameter", "The value of $skiptoken is not valid.")  # text ours

    def test_what_is_not_there_has_an_empty_list_of_versions(self):
        a = self.call("GET", "/keys/none/versions")
        self.assertEqual((a.status, a.body), (200, b'{"value":[],"nextLink":null}'))


if __name__ == "__main__":
    unittest.main()
