"""The planes of Face, Language and Speech in detail: their own paths, versions and errors.

Sources: Face REST reference v1.0 to v1.2 and MicrosoftDocs ai-services/face/reference-face-error-codes.md (codes and texts);
Language authoring REST reference (codes: enum ErrorCode); Speech to text REST API v3.2 (codes: enums ErrorCode and
DetailedErrorCode; shape: as quoted in issue 1111 of Azure-Samples/cognitive-services-speech-sdk).
"""

import unittest

from test_ai_data import SECRET, SPEECH, TALK, TEXT, DataTest

FACE = "/face/v1.2-preview.1"
V = "?api-version=2025-11-15-preview"
URL = {"url": "https://images.example.com/1.jpg"}
SETS = [  # path, member, what the texts say, what the codes say
    ("facelists", "faceListId", "Face list", "FaceList"),
    ("largefacelists", "largeFaceListId", "Large face list", "LargeFaceList"),
    ("persongroups", "personGroupId", "Person group", "PersonGroup"),
    ("largepersongroups", "largePersonGroupId", "Large person group", "LargePersonGroup"),
]


class Plane(DataTest):
    def refused(self, answer, status, code, message=None):
        error = answer.json.get("error", answer.json)
        self.assertEqual((answer.status, error["code"]), (status, code), answer.body)
        if message:
            self.assertEqual(error["message"], message)


class Sets(Plane):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        DataTest.account(cls("refused"), "sets", "Face")

    def call(self, method, path, body=None, version=FACE, **headers):
        return self.ai("sets", method, f"{version}/{path}", body, **headers)

    def ok(self, *args, status=200):
        a = self.call(*args)
        self.assertEqual(a.status, status, (args, a.body))
        return a.json if a.body else None

    def test_each_kind_of_set_lives_through_create_get_list_update_and_delete(self):
        for path, member, what, code in SETS:
            self.refused(self.call("GET", path + "/s1"), 404, code + "NotFound", what + " is not found.")
            for name in ("s1", "s2", "s3"):
                self.ok("PUT", f"{path}/{name}", {"name": SECRET, "userData": SECRET, "recognitionModel": "recognition_04"})
            self.refused(self.call("PUT", path + "/s1", {"name": "n"}), 409, code + "Exists", what + " already exists.")
            self.assertFalse(self.on_disk(SECRET))
            plain = {member: "s1", "name": SECRET, "userData": SECRET, **({"persistedFaces": []} if path == "facelists" else {})}
            self.assertEqual(self.ok("GET", path + "/s1"), plain)
            self.assertEqual(self.ok("GET", path + "/s1?returnRecognitionModel=true"), {**plain, "recognitionModel": "recognition_04"})
            ids = lambda query="": [s[member] for s in self.ok("GET", path + query)]
            self.assertEqual(ids(), ["s1", "s2", "s3"])
            self.assertEqual(ids("?top=2"), ["s1", "s2"])
            self.assertEqual(ids("?start=s1&top=1"), ["s2"])
            self.ok("PATCH", path + "/s1", {"userData": "other"})
            self.assertEqual([self.ok("GET", path + "/s1")[m] for m in ("name", "userData")], [SECRET, "other"])
            for name in ("s1", "s2", "s3"):
                self.ok("DELETE", f"{path}/{name}")
            self.assertEqual(ids(), [])

    def test_what_is_wrong_is_said_as_the_reference_says_it_and_nothing_changes(self):
        for path, _, what, code in SETS:
            for name in ("UPPER", "x" * 65, "b.d"):
                self.refused(self.call("PUT", f"{path}/{name}", {"name": "n"}), 400, "BadArgument", what + " ID is invalid.")
            for body, message in (({}, "'name' is empty."), ({"name": "n" * 129}, "'name' is too long."),
                                  ({"name": "n", "userData": "u" * 16385}, "'userData' is too long."),
                                  ({"name": "n", "recognitionModel": "recognition_99"}, "'recognitionModel' is invalid."),
                                  ({"name": 7}, "Request body is invalid."), ("[]", "Request body is invalid."),
                                  ("{", "JSON parsing error."), ("", "JSON parsing error.")):
                self.refused(self.call("PUT", path + "/bad", body), 400, "BadArgument", message)
            self.assertEqual(self.ok("GET", path), [])
            for query, message in (("?top=0", "'top' is invalid."), ("?top=1001", "'top' is invalid."), ("?top=x", "'top' is invalid."), ("?top=2x", "'top' is invalid."),
                                   ("?start=" + "x" * 65, "'start' is too long.")):
                self.refused(self.call("GET", path + query), 400, "BadArgument", message)
            self.ok("PUT", path + "/good", {"name": "n"})
            self.refused(self.call("PATCH", path + "/good", {}), 400, "BadArgument", "Both 'name' and 'userData' are empty.")
            self.ok("DELETE", path + "/good")
        for version in ("/face/v9.9", "/face/v1.0/v1.0"):
            self.refused(self.call("GET", "facelists", version=version), 404, "404", "Resource not found")

    def test_what_is_large_is_trained_and_says_when(self):
        for path, _, what, code in SETS[1:]:
            self.ok("PUT", path + "/t", {"name": "n"})
            self.refused(self.call("GET", path + "/t/training"), 404, code + "NotTrained", what + " not trained.")
            a = self.call("POST", path + "/t/train")
            self.assertEqual((a.status, a.body), (202, b""))
            where = a.headers["operation-location"]
            self.assertTrue(where.endswith(f"{FACE}/{path}/t/training"), where)
            self.assertEqual(self.ok("GET", path + "/t/training")["status"], "succeeded")
            self.ok("DELETE", path + "/t")
            self.refused(self.call("POST", path + "/t/train"), 404, code + "NotFound")

    def test_the_faces_of_a_large_list_are_asked_for_in_pages(self):
        self.ok("PUT", "largefacelists/many", {"name": "n"})
        faces = "largefacelists/many/persistedfaces"
        ids = sorted(self.ok("POST", faces + f"?userData=u{i}", URL)["persistedFaceId"] for i in range(3))
        self.assertEqual([f["persistedFaceId"] for f in self.ok("GET", faces)], ids)
        self.assertEqual([f["persistedFaceId"] for f in self.ok("GET", f"{faces}?start={ids[0]}&top=1")], ids[1:2])
        self.ok("PATCH", f"{faces}/{ids[0]}", {"userData": "changed"})
        self.assertEqual(self.ok("GET", f"{faces}/{ids[0]}"), {"persistedFaceId": ids[0], "userData": "changed"})
        self.refused(self.call("PATCH", f"{faces}/{ids[0]}", {"userData": "x" * 1025}), 400, "BadArgument", "'userData' is too long.")
        self.ok("DELETE", f"{faces}/{ids[0]}")
        self.refused(self.call("GET", f"{faces}/{ids[0]}"), 404, "PersistedFaceNotFound", "Persisted face is not found.")
        self.ok("DELETE", "largefacelists/many")
        self.ok("PUT", "largefacelists/many", {"name": "n"})
        self.assertEqual(self.ok("GET", faces), [], "the faces went with the list")
        self.ok("DELETE", "largefacelists/many")

    def test_a_person_has_faces_which_go_with_it(self):
        for path, _, _, _ in SETS[2:]:
            self.ok("PUT", path + "/p", {"name": "n"})
            persons = path + "/p/persons"
            id = self.ok("POST", persons, {"name": SECRET, "userData": SECRET})["personId"]
            faces = f"{persons}/{id}/persistedfaces"
            first = self.ok("POST", faces + "?userData=f1", URL)["persistedFaceId"]
            second = self.ok("POST", faces + "?targetFace=1,2,30,40", URL)["persistedFaceId"]
            whole = {"personId": id, "name": SECRET, "userData": SECRET, "persistedFaceIds": [first, second]}
            self.assertEqual(self.ok("GET", f"{persons}/{id}"), whole)
            self.assertEqual(self.ok("GET", persons), [whole])
            self.assertFalse(self.on_disk(SECRET))
            self.assertEqual(self.ok("GET", f"{faces}/{first}"), {"persistedFaceId": first, "userData": "f1"})
            self.ok("PATCH", f"{faces}/{first}", {"userData": "f2"})
            self.ok("PATCH", f"{persons}/{id}", {"name": "other"})
            self.ok("DELETE", f"{faces}/{first}")
            self.refused(self.call("GET", f"{faces}/{first}"), 404, "PersistedFaceNotFound", f"Persisted face {first} is not found.")
            self.assertEqual(self.ok("GET", f"{persons}/{id}"), {**whole, "name": "other", "persistedFaceIds": [second]})
            self.ok("DELETE", f"{persons}/{id}")
            self.refused(self.call("GET", f"{persons}/{id}"), 404, "PersonNotFound", f"Person {id} is not found.")
            self.ok("POST", persons, {"name": "stays"})
            self.ok("DELETE", path + "/p")
            self.ok("PUT", path + "/p", {"name": "n"})
            self.assertEqual(self.ok("GET", persons), [], "persons went with the group")
            self.ok("DELETE", path + "/p")

    def test_images_are_of_one_kilobyte_to_six_megabytes_or_a_url(self):
        post = lambda body, **kw: self.call("POST", "detect", body, **kw)
        octets = {"Content_Type": "application/octet-stream"}
        self.refused(post(b"x" * 1023, **octets), 400, "InvalidImageSize", "Image size is too small.")
        self.refused(post(b"x" * (6 * 1024 * 1024 + 1), **octets), 400, "InvalidImageSize", "Image size is too big.")
        self.assertEqual(post(b"x" * 1024, **octets).status, 200)
        self.assertEqual(post(b"x" * (6 * 1024 * 1024), **octets).status, 200)
        for body in ({}, {"url": ""}, {"url": 7}, {"url": "https://e.com/" + "x" * 5000}):
            self.refused(post(body), 400, "InvalidURL", "Invalid image URL.")
        self.refused(self.call("POST", "detect?detectionModel=detection_9", URL), 400, "BadArgument", "'detectionModel' is invalid.")
        for target in ("1,2,3", "a,b,c,d", "1,2,3,4,5", "-1,2,3,4"):
            self.refused(self.call("POST", "detect?targetFace=" + target, URL), 400, "BadArgument", "Invalid argument targetFace.")
        face = self.ok("POST", "detect?returnFaceId=false&returnRecognitionModel=true&recognitionModel=recognition_03", URL)[0]
        self.assertEqual(("faceId" in face, face["recognitionModel"]), (False, "recognition_03"))


class Errors(Plane):
    def test_a_path_that_no_plane_has_is_not_found_and_needs_the_key_first(self):
        self.account("paths", "AIServices")
        for path in ("/face/v1.0/detect", "/face/v1.0/identify", "/language/:analyze-text" + V, "/speechtotext/v3.2/projects", "/openai/v1/none", "/", "/nothing"):
            a = self.ai("paths", "GET", path)
            self.refused(a, 404, "404", "Resource not found")
            self.assertIn("apim-request-id", a.headers, path)
            self.assertEqual(self.ai("paths", "GET", path, api_key="0" * 32).status, 401, path)

    def test_language_has_its_own_codes(self):
        self.account("langcodes", "TextAnalytics", "S")
        ai = lambda *args: self.ai("langcodes", *args)
        for half in (TEXT, TALK):
            self.refused(ai("GET", half + "/none" + V), 404, "ProjectNotFound")
            self.refused(ai("GET", f"{half}/none/import/jobs/none{V}"), 404, "OperationNotFound")
            self.refused(ai("GET", f"{half}/global/deletion-jobs/none{V}"), 404, "OperationNotFound")
            self.refused(ai("PATCH", half + "/p" + V, "nonsense"), 400, "InvalidRequest")
            self.refused(ai("PATCH", half + "/p" + V, {"language": "en", "projectKind": "None"}), 400, "InvalidArgument")
            self.refused(ai("GET", half + "?api-version=1999-01-01"), 400, "InvalidRequest")
            self.refused(ai("GET", half), 400, "InvalidRequest")
        good = {"language": "en", "projectKind": "Conversation"}
        self.assertEqual(ai("PATCH", TALK + "/p" + V, good).status, 201)
        self.refused(ai("PATCH", TALK + "/p" + V, {**good, "projectKind": "Orchestration"}), 409, "Conflict")

    def test_jobs_end_after_seven_days_and_only_the_newest_are_kept(self):
        self.account("langjobs", "TextAnalytics", "S")
        ai = lambda *args: self.ai("langjobs", *args)
        self.assertEqual(ai("PATCH", TALK + "/p" + V, {"language": "en", "projectKind": "Conversation"}).status, 201)

        def export():
            where = ai("POST", f"{TALK}/p/:export{V}").headers["operation-location"]
            return where[where.index("/language"):]

        first = export()
        self.assertEqual(ai("GET", first).status, 200)
        for _ in range(100):
            last = export()
            self.control("POST", "/_sim/clock", {"advance": "PT1S"})
        self.refused(ai("GET", first), 404, "OperationNotFound")
        self.assertEqual(ai("GET", last).json["status"], "succeeded")
        self.control("POST", "/_sim/clock", {"advance": "P7D"})
        self.refused(ai("GET", last), 404, "OperationNotFound")

    def test_speech_says_its_errors_without_a_wrapper_and_what_was_wrong_within(self):
        self.account("speechcodes", "SpeechServices")
        ai = lambda *args, **kw: self.ai("speechcodes", *args, **kw)
        good = {"kind": "Acoustic", "displayName": "d", "locale": "en-US"}
        for collection, body, inner in (
                ("datasets", {**good, "kind": "None"}, "InvalidPayload"), ("datasets", {**good, "displayName": ""}, "InvalidPayload"),
                ("datasets", {**good, "locale": 7}, "InvalidPayload"), ("datasets", {**good, "properties": []}, "InvalidPayload"),
                ("datasets", "{", "InvalidRequestBodyFormat"), ("datasets", "[]", "InvalidRequestBodyFormat"),
                ("models", {**good, "datasets": [{"self": "https://x/none"}]}, "InvalidDataset"), ("endpoints", good, "InvalidModel")):
            a = ai("POST", f"{SPEECH}/{collection}", body)
            self.assertEqual((a.status, a.json["code"], a.json["innerError"]["code"]), (400, "InvalidRequest", inner), (body, a.body))
            self.assertTrue(a.json["message"])
            self.assertEqual(ai("GET", f"{SPEECH}/{collection}").json["values"], [])
        self.assertEqual(ai("GET", SPEECH + "/models/none").json, {"code": "NotFound", "message": "The specified entity cannot be found."})
        self.refused(ai("GET", SPEECH + "/models", api_key="0" * 32), 401, "401")

    def test_speech_has_its_version_in_the_path_or_as_a_parameter_and_the_same_data(self):
        self.account("speechdated", "SpeechServices")
        ai = lambda *args: self.ai("speechdated", *args)
        root, version = "/speechtotext", "?api-version=2024-11-15"
        make = lambda collection, **body: ai("POST", f"{root}/{collection}{version}", {"displayName": "d", "locale": "en-US", **body}).json["self"]
        dataset = make("datasets", kind="Acoustic", contentUrl="https://data.example.com/a.zip")
        self.assertTrue(dataset.endswith(version), dataset)
        model = make("models", datasets=[{"self": dataset}])
        endpoint = make("endpoints", model={"self": model}, properties={"loggingEnabled": True})
        id = endpoint.split("/")[-1].split("?")[0]
        self.assertEqual(ai("POST", f"/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US&cid={id}", b"a").status, 200)
        self.assertEqual(len(ai("GET", f"{root}/endpoints/{id}/files/logs{version}").json["values"]), 1)
        self.assertEqual(ai("GET", f"{SPEECH}/endpoints/{id}").json["model"], {"self": model})
        for wrong in ("", "?api-version=v3.2", "?api-version=1999-01-01"):
            a = ai("GET", f"{root}/models{wrong}")
            self.assertEqual((a.status, a.json["code"]), (400, "InvalidRequest"), a.body)
        self.assertEqual(ai("DELETE", endpoint[endpoint.index(root):]).status, 204)
        self.assertEqual(ai("GET", f"{SPEECH}/endpoints/{id}").status, 404)

    def test_the_logging_of_an_endpoint_is_switched_and_its_logs_are_deleted(self):
        self.account("speechlogs", "SpeechServices")
        ai = lambda *args: self.ai("speechlogs", *args)
        make = lambda collection, **body: ai("POST", f"{SPEECH}/{collection}", {"displayName": "d", "locale": "en-US", **body}).json["self"]
        id = make("endpoints", model={"self": make("models")}).split("/")[-1]
        logs = f"{SPEECH}/endpoints/{id}/files/logs"
        hear = lambda: self.assertEqual(ai("POST", f"/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US&cid={id}", SECRET.encode()).status, 200)
        listed = lambda: [l["name"] for l in ai("GET", logs).json["values"]]

        def switch(on):
            a = ai("PATCH", f"{SPEECH}/endpoints/{id}", {"properties": {"contentLoggingEnabled": on}})
            self.assertEqual((a.status, a.json["properties"]["loggingEnabled"]), (200, on), a.body)

        hear()
        self.assertEqual(listed(), [])
        switch(True)
        for _ in range(3):
            hear()
        switch(False)
        hear()
        names = listed()
        self.assertEqual(len(names), 3)
        self.assertEqual(ai("GET", f"{logs}/{names[0]}").json["name"], names[0])
        self.assertEqual(ai("DELETE", f"{logs}/{names[0]}").status, 204)
        self.assertEqual((ai("GET", f"{logs}/{names[0]}").status, listed()), (404, names[1:]))
        self.assertEqual(ai("DELETE", logs).status, 204)
        self.assertEqual(listed(), [])
        a = ai("PATCH", f"{SPEECH}/endpoints/{id}", {"properties": {"contentLoggingEnabled": "yes"}})
        self.assertEqual((a.status, a.json["innerError"]["code"]), (400, "InvalidPayload"))


if __name__ == "__main__":
    unittest.main()
