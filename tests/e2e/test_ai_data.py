"""The data planes of Face, Language and Speech: what they keep is encrypted and, with a customer's key, the customer's to revoke.

Sources: Face REST reference v1.0 (FaceList); Language REST reference, Text Analysis Authoring and Conversational Analysis
Authoring 2023-04-01; Speech to text REST API v3.2; SEC25, FACE25, LANG25, AIS20 (docs/rules.md: rev.blocks-all, sec.dlp,
sec.dlp-on-arrival, sec.byos, sec.byos-region, sec.no-data-speech, sec.lockbox).
"""

import hashlib
import json
import unittest

from ai import SecurityTest
from harness import ARM_AI

SECRET = "what only the customer may read"
V = "?api-version=2023-04-01"
TEXT = "/language/authoring/analyze-text/projects"
TALK = "/language/authoring/analyze-conversations/projects"
SPEECH = "/speechtotext/v3.2"
PROJECT = {"projectFileVersion": "2023-04-01", "stringIndexType": "Utf16CodeUnit",
           "metadata": {"projectKind": "CustomEntityRecognition", "projectName": "names", "language": "en", "description": SECRET},
           "assets": {"projectKind": "CustomEntityRecognition", "entities": [{"category": "Person"}],
                      "documents": [{"location": "one.txt", "entities": [], "note": SECRET}]}}


class DataTest(SecurityTest):
    def on_disk(self, text):
        """Does any file of the provider's hold these bytes?"""
        files = (p for p in (self.sim.state / "provider").rglob("*") if p.is_file())
        return any(text.encode() in p.read_bytes() for p in files)

    def account(self, name, kind, sku=None, **properties):
        sku = sku or ("E0" if kind == "Face" else "S0")  # one that has CMK
        a = self.sim.arm("PUT", self.sim.account_id(name), {"kind": kind, "sku": {"name": sku}, "location": "westeurope",
                         "properties": {"customSubDomainName": name, **properties}, "identity": {"type": "SystemAssigned"}}, ARM_AI)
        self.assertEqual(a.status, 201, a.body)
        return a.json["identity"]["principalId"]

    def bind(self, name, identity):
        s = self.sim
        self.vault, self.rights = "v" + name, s.policy(identity, ["get", "wrapKey", "unwrapKey"])
        self.give(self.rights)
        self.assertEqual(s.vault(self.vault, "POST", "/keys/cmk/create", {"kty": "RSA"}).status, 200)
        a = s.bind(name, self.vault, "cmk")
        self.assertIn(a.status, (200, 202), a.body)

    def give(self, *rights):
        self.sim.make_vault(self.vault, [self.sim.policy(self.sim.oid, ["all"]), *rights], enablePurgeProtection=True)

    def assert_blocked(self, account, calls):
        """Revoked, each of these calls is refused; given back, nothing is lost."""
        good = [self.ai(account, *call) for call in calls if call[0] == "GET"]
        with self.shows("rev.blocks-all"):
            self.assertEqual({a.status for a in good}, {200})
            self.give()
            for call in calls:
                a = self.ai(account, *call)
                self.assertEqual((a.status, a.code, a.headers["x-kvsim-rule"]),
                                 (403, "CustomerManagedKeyAccessDenied", "rev.blocks-all"), (call, a.body))
            self.give(self.rights)
            self.assertEqual([self.ai(account, *call).body for call in calls if call[0] == "GET"], [a.body for a in good])


class Face(DataTest):
    def list_with_a_face(self, account, url="https://images.example.com/1.jpg"):
        a = self.ai(account, "PUT", "/face/v1.0/facelists/staff", {"name": SECRET, "userData": SECRET})
        self.assertEqual((a.status, a.body), (200, b""))
        a = self.ai(account, "POST", "/face/v1.0/facelists/staff/persistedFaces?userData=Ada", {"url": url})
        self.assertEqual(a.status, 200, a.body)
        return a.json["persistedFaceId"]

    def test_a_face_list_lives_through_create_add_get_update_and_delete(self):
        self.account("facelife", "Face")
        face = self.list_with_a_face("facelife")
        got = self.ai("facelife", "GET", "/face/v1.0/facelists/staff").json
        self.assertEqual(got["persistedFaces"], [{"persistedFaceId": face, "userData": "Ada"}])
        self.assertEqual((got["faceListId"], got["name"]), ("staff", SECRET))
        self.assertFalse(self.on_disk(SECRET), "names and user data are encrypted")
        a = self.ai("facelife", "PUT", "/face/v1.0/facelists/staff", {"name": "again"})
        self.assertEqual((a.status, a.code), (409, "FaceListExists"))
        self.assertEqual(self.ai("facelife", "PATCH", "/face/v1.0/facelists/staff", {"name": "other"}).status, 200)
        self.assertEqual([(l["faceListId"], l["name"]) for l in self.ai("facelife", "GET", "/face/v1.0/facelists").json], [("staff", "other")])
        self.assertEqual(self.ai("facelife", "DELETE", "/face/v1.0/facelists/staff/persistedFaces/" + face).status, 200)
        a = self.ai("facelife", "DELETE", "/face/v1.0/facelists/staff/persistedFaces/" + face)
        self.assertEqual((a.status, a.code), (404, "PersistedFaceNotFound"))
        self.assertEqual(self.ai("facelife", "DELETE", "/face/v1.0/facelists/staff").status, 200)
        self.assertEqual(self.ai("facelife", "GET", "/face/v1.0/facelists/staff").code, "FaceListNotFound")

    def test_bad_input_is_refused_and_changes_nothing(self):
        self.account("facebad", "Face")
        for path, body in (("UPPER", {"name": "n"}), ("x" * 65, {"name": "n"}), ("noname", {}), ("number", {"name": 7}),
                           ("long", {"name": "n" * 129})):
            a = self.ai("facebad", "PUT", "/face/v1.0/facelists/" + path, body)
            self.assertEqual((a.status, a.code), (400, "BadArgument"), path)
        self.assertEqual(self.ai("facebad", "GET", "/face/v1.0/facelists").json, [])
        self.assertEqual(self.ai("facebad", "POST", "/face/v1.0/detect", {"url": "ftp://x/"}).status, 400)
        self.assertEqual(self.ai("facebad", "POST", "/face/v1.0/detect", {}).code, "InvalidURL")
        self.assertEqual(self.ai("facebad", "GET", TEXT + V).status, 404, "a Face account is no Language account")

    def test_revoking_the_key_blocks_all_data_and_restoring_restores(self):
        identity = self.account("facecmk", "Face")
        self.list_with_a_face("facecmk")
        self.bind("facecmk", identity)
        self.assert_blocked("facecmk", [("GET", "/face/v1.0/facelists"), ("GET", "/face/v1.0/facelists/staff"),
                                        ("PUT", "/face/v1.0/facelists/new", {"name": "n"}), ("DELETE", "/face/v1.0/facelists/staff"),
                                        ("POST", "/face/v1.0/facelists/staff/persistedFaces", {"url": "https://images.example.com/2.jpg"})])

    def test_data_loss_prevention_refuses_a_host_on_arrival(self):
        self.account("facedlp", "Face")
        self.list_with_a_face("facedlp")
        before = self.ai("facedlp", "GET", "/face/v1.0/facelists/staff").body
        self.patch("facedlp", restrictOutboundNetworkAccess=True, allowedFqdnList=["images.example.com"],
                   networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "198.51.100.7"}]})
        post = lambda path, url: self.ai("facedlp", "POST", "/face/v1.0" + path, {"url": url}, **self.at("198.51.100.7"))
        with self.shows("sec.dlp"), self.shows("sec.dlp-on-arrival"), self.shows("sec.combined"):
            for url in ("https://elsewhere.example.com/?secret=1", "https://sub.images.example.com/", "https://10.0.0.1/"):
                for path in ("/detect", "/facelists/staff/persistedFaces"):
                    a = post(path, url)
                    self.assertEqual((a.status, a.code, a.headers["x-kvsim-rule"]), (403, "OutboundNetworkAccessDenied", "sec.dlp"), url)
            self.assertEqual(self.ai("facedlp", "GET", "/face/v1.0/facelists/staff", **self.at("198.51.100.7")).body, before)
            self.assertEqual(post("/detect", "https://IMAGES.example.com/1.jpg").status, 200)
            self.assertEqual(post("/facelists/staff/persistedFaces", "https://images.example.com/1.jpg").status, 200)


class Language(DataTest):
    def done(self, account, a):
        self.assertEqual(a.status, 202, a.body)
        where = a.headers["operation-location"]
        a = self.ai(account, "GET", where[where.index("/language"):])
        self.assertEqual((a.status, a.json["status"]), (200, "succeeded"), a.body)
        return a.json

    def test_a_project_lives_through_create_import_export_and_delete(self):
        self.account("lang", "TextAnalytics", "S")
        a = self.ai("lang", "PATCH", TEXT + "/names" + V, {"projectName": "names", "language": "en", "projectKind": "CustomEntityRecognition"})
        self.assertEqual((a.status, a.json["projectKind"]), (201, "CustomEntityRecognition"))
        self.done("lang", self.ai("lang", "POST", TEXT + "/names/:import" + V, PROJECT))
        job = self.done("lang", self.ai("lang", "POST", TEXT + "/names/:export" + V + "&stringIndexType=Utf16CodeUnit"))
        url = job["resultUrl"]
        self.assertEqual(self.ai("lang", "GET", url[url.index("/language"):]).json["assets"], PROJECT["assets"])
        self.assertFalse(self.on_disk(SECRET))
        self.assertEqual([p["projectName"] for p in self.ai("lang", "GET", TEXT + V).json["value"]], ["names"])
        self.assertEqual(self.ai("lang", "GET", TALK + "/names" + V).status, 404, "it is no conversation project")
        self.done("lang", self.ai("lang", "DELETE", TEXT + "/names" + V))
        self.assertEqual(self.ai("lang", "GET", TEXT + "/names" + V).status, 404)

    def test_bad_input_is_refused_and_changes_nothing(self):
        self.account("langbad", "TextAnalytics", "S")
        good = {"projectName": "p", "language": "en", "projectKind": "Conversation"}
        self.assertEqual(self.ai("langbad", "PATCH", TALK + "/p" + V, good).status, 201)
        for path, body in (("/p", {**good, "projectKind": "Orchestration"}), ("/q", good), ("/r", {"language": "en", "projectKind": "None"}),
                           ("/s", {"projectKind": "Conversation"}), ("/bad%20name", {**good, "projectName": "bad name"})):
            self.assertIn(self.ai("langbad", "PATCH", TALK + path + V, body).status, (400, 409), path)
        self.assertEqual(self.ai("langbad", "GET", TALK + "?api-version=2001-01-01").status, 400)
        self.assertEqual([p["projectKind"] for p in self.ai("langbad", "GET", TALK + V).json["value"]], ["Conversation"])

    def test_revoking_the_key_blocks_all_data_and_restoring_restores(self):
        for account, kind, sku in (("langcmk", "TextAnalytics", "S"), ("foundrycmk", "AIServices", "S0")):
            identity = self.account(account, kind, sku)
            self.done(account, self.ai(account, "POST", TEXT + "/names/:import" + V, PROJECT))
            self.bind(account, identity)
            self.assert_blocked(account, [("GET", TEXT + V), ("GET", TEXT + "/names" + V), ("DELETE", TEXT + "/names" + V),
                                          ("POST", TEXT + "/names/:export" + V), ("POST", TEXT + "/names/:import" + V, PROJECT)])


class Speech(DataTest):
    def custom(self, account, logging=True):
        dataset = self.ai(account, "POST", SPEECH + "/datasets", {"kind": "Acoustic", "displayName": SECRET, "locale": "en-US",
                                                                  "contentUrl": "https://data.example.com/a.zip"})
        self.assertEqual(dataset.status, 201, dataset.body)
        model = self.ai(account, "POST", SPEECH + "/models", {"displayName": "m", "locale": "en-US", "datasets": [{"self": dataset.json["self"]}]})
        self.assertEqual(model.status, 201, model.body)
        end = self.ai(account, "POST", SPEECH + "/endpoints", {"displayName": "e", "locale": "en-US", "model": {"self": model.json["self"]},
                                                               "properties": {"loggingEnabled": logging}})
        self.assertEqual(end.status, 201, end.body)
        return end.json["self"].split("/")[-1]

    def hear(self, account, cid=None):
        a = self.ai(account, "POST", "/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US" + (f"&cid={cid}" if cid else ""),
                    SECRET.encode())
        self.assertEqual((a.status, a.json["RecognitionStatus"]), (200, "Success"), a.body)

    def storage(self, name, location="westeurope"):
        id = f"/subscriptions/{self.sim.sub}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/{name}"
        a = self.sim.arm("PUT", id, {"location": location, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}, "2023-01-01")
        self.assertEqual(a.status, 200, a.body)
        return id

    def test_without_logging_and_customization_nothing_is_stored(self):
        self.account("quiet", "SpeechServices")
        store = lambda: {p: hashlib.sha256(p.read_bytes()).digest() for p in (self.sim.state / "provider").rglob("*")
                         if p.is_file() and p.name != "lock.mdb"}
        with self.shows("sec.no-data-speech"):
            before = store()
            self.hear("quiet")
            self.assertEqual(store(), before, "not a byte of the store has changed")
            self.assertEqual(self.ai("quiet", "GET", SPEECH + "/endpoints").json["values"], [])
            silent, loud = self.custom("quiet", logging=False), self.custom("quiet")
            self.hear("quiet", silent)
            self.hear("quiet", loud)
            self.assertNotEqual(store(), before)
        logs = lambda id: len(self.ai("quiet", "GET", f"{SPEECH}/endpoints/{id}/files/logs").json["values"])
        self.assertEqual((logs(silent), logs(loud)), (0, 1))
        self.assertFalse(self.on_disk(SECRET))
        self.assertEqual(self.ai("quiet", "DELETE", f"{SPEECH}/endpoints/{loud}").status, 204)
        self.assertEqual(self.ai("quiet", "GET", f"{SPEECH}/endpoints/{loud}/files/logs").status, 404)

    def test_content_urls_are_under_data_loss_prevention(self):
        self.account("speechdlp", "SpeechServices", restrictOutboundNetworkAccess=True, allowedFqdnList=["data.example.com"])
        self.custom("speechdlp")
        a = self.ai("speechdlp", "POST", SPEECH + "/datasets", {"kind": "Acoustic", "displayName": "d", "locale": "en-US",
                                                                "contentUrl": "https://data.example.com.evil.example/"})
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "sec.dlp"))
        self.assertEqual(len(self.ai("speechdlp", "GET", SPEECH + "/datasets").json["values"]), 1)

    def test_own_storage_holds_the_data_in_the_region_and_for_speech_only(self):
        s = self.sim
        here, there = self.storage("ownhere"), self.storage("ownthere", "eastus")
        put = lambda name, kind, storage: s.arm("PUT", s.account_id(name), {
            "kind": kind, "sku": {"name": "S0"}, "location": "westeurope",
            "properties": {"customSubDomainName": name, "userOwnedStorage": [{"resourceId": storage}]}}, ARM_AI)
        with self.shows("sec.byos"), self.shows("sec.byos-region"):
            self.assertEqual(put("byosface", "Face", here).headers["x-kvsim-rule"], "sec.byos")
            self.assertEqual(put("byosfar", "SpeechServices", there).headers["x-kvsim-rule"], "sec.byos-region")
            # Recorded (azure-cli test_cognitiveservices_user_owned_storage): storage that is elsewhere is taken as named.
            self.assertEqual(put("byoselsewhere", "SpeechServices", here + "none").status, 201)
            self.assertEqual(put("byos", "SpeechServices", here.upper().replace("OWNHERE", "ownhere")).status, 201)
            cid = self.custom("byos")
            self.hear("byos", cid)
        self.assertFalse(self.on_disk(SECRET))
        self.assertEqual(s.arm("DELETE", here, version="2023-01-01").status, 200)
        a = self.ai("byos", "GET", SPEECH + "/endpoints")
        self.assertEqual(a.status, 404, "the data was the storage's and went with it")

    def test_revoking_the_key_blocks_all_data_and_restoring_restores(self):
        identity = self.account("speechcmk", "SpeechServices")
        cid = self.custom("speechcmk")
        self.hear("speechcmk", cid)
        self.bind("speechcmk", identity)
        self.assert_blocked("speechcmk", [("GET", SPEECH + "/datasets"), ("GET", f"{SPEECH}/endpoints/{cid}/files/logs"),
                                          ("DELETE", f"{SPEECH}/endpoints/{cid}")])


class Lockbox(DataTest):
    def ask(self, account, project=None):
        return self.control("POST", "/_sim/lockbox/requests", {"account": self.sim.account_id(account), "engineer": "eng@example.com",
                                                               "supportRequestId": "2405", **({"project": project} if project else {})})

    def data(self, id):
        return self.control("GET", f"/_sim/lockbox/requests/{id}/data")

    def decide(self, id, what):
        return self.control("PATCH", "/_sim/lockbox/requests/" + id, {"decision": what})

    def assert_no_access(self, id):
        a = self.data(id)
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "sec.lockbox"), a.body)
        self.assertNotIn(SECRET.encode(), a.body)

    def test_an_engineer_sees_data_only_after_the_customer_approved_and_for_four_days(self):
        self.account("boxed", "TextAnalytics", "S")
        self.assertEqual(self.ai("boxed", "POST", TEXT + "/names/:import" + V, PROJECT).status, 202)
        with self.shows("sec.lockbox"):
            a = self.ask("boxed", "names")
            self.assertEqual((a.status, a.json["state"]), (201, "Pending"))
            id = a.json["id"]
            self.assert_no_access(id)
            said = self.sim.kvsim("lockbox", "approve", id).stdout
            self.assertIn("Approved", said)
            self.assertEqual(self.data(id).json["projects"][0]["assets"], PROJECT["assets"])
            self.assertEqual(self.decide(id, "reject").status, 409)
            rejected, late = (self.ask("boxed", "names").json["id"] for _ in range(2))
            self.assertEqual(self.decide(rejected, "reject").json["state"], "Rejected")
            self.assert_no_access(rejected)
        self.control("POST", "/_sim/clock", {"advance": "P4D"})
        self.assert_no_access(id)
        self.assertEqual(self.decide(late, "approve").status, 409, "it expired")
        states = {r["id"]: r["state"] for r in json.loads(self.sim.kvsim("lockbox", "list").stdout)["value"]}
        self.assertEqual([states[i] for i in (id, rejected, late)], ["Expired", "Rejected", "Expired"])
        log = self.control("GET", "/_sim/audit?limit=100").json["value"]
        steps = [(r["operationName"], r["properties"]["httpStatusCode"]) for r in log if id in r["properties"]["requestUri"]]
        self.assertEqual(sorted(steps), [("LockboxAccess", 200), ("LockboxAccess", 403), ("LockboxAccess", 403), ("LockboxDecide", 200),
                                         ("LockboxDecide", 409)], "each step is in the audit log")
        self.assertGreaterEqual([r["operationName"] for r in log].count("LockboxRequest"), 3)

    def test_only_the_listed_kinds_and_project_types_have_it(self):
        for name, kind, sku in (("boxspeech", "SpeechServices", "S0"), ("boxface", "Face", "S0"), ("boxlang", "TextAnalytics", "S")):
            self.account(name, kind, sku)
            a = self.ask(name)
            self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (400, "sec.lockbox"), kind)
        health = {"language": "en", "projectKind": "CustomHealthcare"}
        self.assertEqual(self.ai("boxlang", "PATCH", TEXT + "/health" + V, health).status, 201)
        self.assertEqual(self.ask("boxlang", "health").headers["x-kvsim-rule"], "sec.lockbox")
        self.assertEqual(self.ask("boxlang", "none").status, 404)
        for name, kind, sku in (("boxtrans", "TextTranslation", "S1"), ("boxclu", "ConversationalLanguageUnderstanding", "S"), ("boxoai", "OpenAI", "S0")):
            self.account(name, kind, sku)
            self.assertEqual(self.ask(name).status, 201, kind)

    def test_an_approval_is_no_way_around_the_customers_key(self):
        identity = self.account("boxcmk", "TextAnalytics", "S")
        self.assertEqual(self.ai("boxcmk", "POST", TEXT + "/names/:import" + V, PROJECT).status, 202)
        self.bind("boxcmk", identity)
        id = self.ask("boxcmk", "names").json["id"]
        self.decide(id, "approve")
        self.assertEqual(self.data(id).status, 200)
        self.give()
        self.assertEqual(self.data(id).code, "CustomerManagedKeyAccessDenied")

    def test_an_engineer_reads_the_files_of_an_openai_account_under_its_key(self):
        identity = self.account("boxfile", "OpenAI", "S0")
        text = f"{SECRET}\n".encode() * 5000
        file = self.sim.upload("boxfile", text).json["id"]
        other = self.account("boxother", "OpenAI", "S0") and self.sim.upload("boxother", text).json["id"]
        self.bind("boxfile", identity)
        id = self.ask("boxfile").json["id"]
        content = lambda f=file: self.control("GET", f"/_sim/lockbox/requests/{id}/files/{f}/content")
        a = content()
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "sec.lockbox"), "not approved yet")
        self.assertEqual(self.sim.kvsim("lockbox", "data", id, "--file", file, check=False).returncode, 1)
        self.decide(id, "approve")
        self.assertEqual([f["id"] for f in self.data(id).json["files"]], [file])
        a = content()
        self.assertEqual((a.status, a.body == text), (200, True))
        self.assertEqual(self.sim.kvsim("lockbox", "data", id, "--file", file).stdout.encode(), text)
        self.assertEqual([content("file-none").status, content(other).status], [404, 404], "no other account's")
        self.give()
        self.assertEqual((content().status, content().code), (403, "CustomerManagedKeyAccessDenied"))
        log = self.control("GET", "/_sim/audit?operation=LockboxAccess&limit=100").json["value"]
        seen = [r["properties"]["httpStatusCode"] for r in log if f"{id}/files/{file}/content" in r["properties"]["requestUri"]]
        self.assertEqual(sorted(seen), [200, 200, 403, 403, 403, 403])
        self.control("POST", "/_sim/clock", {"advance": "P4D"})
        self.assertEqual(content().headers["x-kvsim-rule"], "sec.lockbox", "it expired")

    def test_bad_input_is_refused_and_nothing_is_kept(self):
        self.account("boxbad", "OpenAI")
        good = {"account": self.sim.account_id("boxbad"), "engineer": "eng", "supportRequestId": "1"}
        post = lambda **change: self.control("POST", "/_sim/lockbox/requests", {k: v for k, v in {**good, **change}.items() if v is not None})
        before = self.control("GET", "/_sim/lockbox/requests").json
        for change in ({"account": None}, {"engineer": ""}, {"supportRequestId": 7}, {"engineer": "x" * 5000}, {"project": 1}, {"project": "x" * 5000}):
            self.assertEqual(post(**change).status, 400, change)
        for id in ("/", "nothing", good["account"] + "/", good["account"] + "/deployments/d", good["account"] + "x", "/" + good["account"]):
            self.assertEqual(post(account=id).status, 404, id)
        self.assertEqual(self.control("GET", "/_sim/lockbox/requests").json, before)
        self.assertEqual([self.data("none").status, self.decide("none", "approve").status], [404, 404])
        id = post(account=good["account"].upper()).json["id"]
        self.assertEqual(self.decide(id, "perhaps").status, 400)
        self.assertEqual(self.sim.http("GET", self.sim.e["management_url"] + "/_sim/lockbox/requests/" + id).status, 403, "without the control token")
        self.decide(id, "approve")
        self.assertEqual(self.data(id).status, 200)
        self.assertEqual(self.sim.arm("DELETE", good["account"], version=ARM_AI).status, 200)
        self.assertEqual(self.data(id).status, 404, "the account is gone")
        self.assertEqual(json.loads(self.sim.kvsim("lockbox", "show", id).stdout)["state"], "Approved", "kept for review")

    def test_the_tool_asks_and_says_what_is_wrong(self):
        self.account("boxtool", "OpenAI")
        id = json.loads(self.sim.kvsim("lockbox", "request", self.sim.account_id("boxtool"), "--support-request", "7", "--engineer", "eve").stdout)["id"]
        self.assertEqual(self.sim.kvsim("lockbox", "data", id, check=False).returncode, 1)
        self.assertEqual(json.loads(self.sim.kvsim("lockbox", "reject", id).stdout)["state"], "Rejected")
        for args in (("approve",), ("dance",), ("show", "a/b")):
            self.assertEqual(self.sim.kvsim("lockbox", *args, check=False).returncode, 2, args)
        for flag in ("--help", "--version"):
            self.assertEqual(self.sim.kvsim("lockbox", flag).returncode, 0)


if __name__ == "__main__":
    unittest.main()
