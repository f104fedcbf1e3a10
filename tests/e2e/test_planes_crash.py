"""kill -9 of either daemon at every write of what the planes of Face, Language and Speech store, under a customer's key.

After the restart each change is there whole or not at all, and everything else as it was.
"""

import json
import unittest

from test_ai_data import PROJECT, SPEECH, TEXT, V
from test_cmk_crash import Walk

FACE = "/face/v1.0"


class Planes(Walk):
    kind = "AIServices"  # has all three

    def setUp(self):
        super().setUp()
        self.bind()

    def ai(self, method, path, body=None, content="application/json"):
        url = self.sim.e["openai_url"].replace("{account}", "acct").replace(".openai.", ".cognitiveservices.") + path
        return self.sim.http(method, url, body if body is None or isinstance(body, bytes) else json.dumps(body),
                             {"Ocp-Apim-Subscription-Key": self.sim.api_key("acct"), "Content-Type": content})

    def change(self, *call, good=(200, 201, 202, 204, 404, 409)):
        """404 and 409: done already, by the try before."""
        a = self.ai(*call)
        self.assert_status(a, *good)
        return a

    def seen(self, path):
        a = self.ai("GET", path)
        self.assertIn(a.status, (200, 404), a.body[:300])
        return a.json if a.status == 200 else None

    def test_a_face_list_comes_and_goes_with_its_faces(self):
        names = lambda: [f["name"] for f in self.seen(FACE + "/facelists")]
        create = lambda: self.change("PUT", FACE + "/facelists/staff", {"name": "staff"})
        remove = lambda: self.change("DELETE", FACE + "/facelists/staff")
        self.walk(create, names, remove)
        create()
        faces = lambda: len((self.seen(FACE + "/facelists/staff") or {"persistedFaces": []})["persistedFaces"])
        add = lambda: self.change("POST", FACE + "/facelists/staff/persistedfaces", {"url": "https://images.example.com/1.jpg"})

        def empty():
            for f in self.seen(FACE + "/facelists/staff")["persistedFaces"]:
                self.change("DELETE", f"{FACE}/facelists/staff/persistedfaces/{f['persistedFaceId']}")

        self.walk(add, faces, empty)
        for _ in range(3):
            add()

        def again():
            if not self.seen(FACE + "/facelists/staff"):
                create()
            while faces() < 3:
                add()

        self.walk(remove, lambda: (names(), faces()), again)
        self.assertGreaterEqual(self.died["providerd"], 3)

    def test_a_project_is_imported_and_deleted_whole(self):
        def state():
            p = self.seen(f"{TEXT}/names{V}")
            return p and p["description"], [x["projectName"] for x in self.seen(TEXT + V)["value"]]

        bring = lambda: self.change("POST", f"{TEXT}/names/:import{V}", PROJECT)
        remove = lambda: self.change("DELETE", f"{TEXT}/names{V}")
        self.walk(bring, state, remove)
        bring()
        self.walk(remove, state, bring)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_an_endpoint_of_speech_goes_with_its_logs(self):
        item = {"displayName": "d", "locale": "en-US"}
        model = self.ai("POST", SPEECH + "/models", item).json["self"]
        state = lambda: [len(self.seen(f"{SPEECH}/endpoints/{e['self'].split('/')[-1]}/files/logs")["values"]) for e in self.seen(SPEECH + "/endpoints")["values"]]
        create = lambda: self.change("POST", SPEECH + "/endpoints", {**item, "model": {"self": model}, "properties": {"loggingEnabled": True}})
        ids = lambda: [e["self"].split("/")[-1] for e in self.seen(SPEECH + "/endpoints")["values"]]
        hear = lambda: self.change("POST", "/stt/speech/recognition/conversation/cognitiveservices/v1?language=en-US&cid=" + ids()[0], b"audio")

        def remove():
            for id in ids():
                self.change("DELETE", f"{SPEECH}/endpoints/{id}")

        def silence():
            self.change("DELETE", f"{SPEECH}/endpoints/{ids()[0]}/files/logs")

        self.walk(create, state, remove)
        create()
        self.walk(hear, state, silence)

        def again():
            if not ids():
                create()
            while state() != [2]:
                hear()

        again()
        self.walk(remove, state, again)
        self.assertGreaterEqual(self.died["providerd"], 3)


if __name__ == "__main__":
    unittest.main()
