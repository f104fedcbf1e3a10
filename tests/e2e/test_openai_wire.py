"""The OpenAI data plane on the wire: shapes of errors, forms as clients write them, streams that are long or that nobody reads, URIs in requests."""

import json
import os
import pathlib
import re
import socket
import unittest

from harness import ARM_AI
from test_openai import CHAT, NEW, Base

NO_PATH = {"error": {"code": "404", "message": "Resource not found"}}
SAY = lambda text: {"messages": [{"role": "user", "content": text}]}


class Wire(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim.make_account("wire")
        for name, model in (("chat", "gpt-4o-mini"), ("old", "text-davinci-003"), ("embed", "text-embedding-3-small")):
            a = cls.deploy(cls(), "wire", name, model)
            assert a.status == 201, a.body

    def runTest(self):
        pass

    def model_error(self, a, status, param, code=None):
        e = a.json["error"]
        self.assertEqual((a.status, e["type"], e["param"], e["code"]), (status, "invalid_request_error", param, code), a.body)
        return e["message"]

    def raw(self, account, method, path, body=None, headers=None):
        url = self.sim.e["openai_url"].replace("{account}", account)
        return self.sim.http(method, url + path, body, {"api-key": self.sim.api_key(account), **(headers or {})})


class Errors(Wire):
    def test_what_is_not_served_answers_in_the_data_planes_shape(self):
        for method, path in (("GET", "/"), ("GET", "/openai"), ("GET", "/openai/nope"), ("POST", "/openai/batches"), ("GET", "/nope"),
                             ("PUT", "/openai/files"), ("DELETE", "/openai/models/curie"), ("GET", "/openai/deployments/chat/chat/completions"),
                             ("GET", "/openai/files/"), ("POST", "/openai/deployments/chat/images/generations")):
            a = self.raw("wire", method, path + "?api-version=" + NEW)
            self.assertEqual((a.status, a.json), (404, NO_PATH), (method, path))
            self.assertIn("apim-request-id", a.headers)
            self.assertNotIn("x-ms-routing-request-id", a.headers, "that is the resource manager's")
        for method, path in (("GET", "/openai/v1"), ("GET", "/openai/v1/nope"), ("PATCH", "/openai/v1/files"), ("POST", "/openai/v1/responses")):
            a = self.raw("wire", method, path)
            self.assertEqual((a.status, a.json["error"]), (404, {**NO_PATH["error"], "param": None, "type": "error"}), (method, path))
        self.assertEqual(self.raw("wire", "GET", "/openai/nope", headers={"api-key": "wrong"}).status, 401, "nobody learns without a key what exists")

    def test_kinds_without_models_have_no_openai_data_plane(self):
        for kind in ("CognitiveServices", "Face", "TextAnalytics"):
            name = "no" + kind.lower()
            self.sim.make_account(name, kind)
            for method, path in (("GET", "/openai/models"), ("POST", "/openai/files")):
                a = self.raw(name, method, path + "?api-version=" + NEW)
                self.assertEqual((a.status, a.json), (404, NO_PATH), kind)

    def test_a_key_is_a_bearer_token_in_v1_alone(self):
        bearer = {"api-key": "", "Authorization": "Bearer " + self.sim.api_key("wire")}
        self.assertEqual(self.ai("wire", "GET", "/models", version=None, headers=bearer).status, 200)
        a = self.ai("wire", "GET", "/models", headers=bearer)
        self.assertEqual((a.status, a.code), (401, "401"), "there it is an Entra token, and no good one")

    def test_what_is_made_by_a_dated_version_has_an_address(self):
        a = self.sim.upload("wire", CHAT)
        self.assertTrue(a.headers["Location"].endswith("/openai/files/" + a.json["id"]), a.headers["Location"])
        self.assertEqual(self.sim.http("GET", a.headers["Location"] + "?api-version=" + NEW, headers={"api-key": self.sim.api_key("wire")}).json["id"], a.json["id"])
        self.assertNotIn("Location", self.sim.upload("wire", CHAT, form="/openai/v1/files", query=None).headers)
        job = {"model": "gpt-4o-mini", "training_file": a.json["id"]}
        a = self.ai("wire", "POST", "/fine_tuning/jobs", job)
        self.assertTrue(a.headers["Location"].endswith("/openai/fine_tuning/jobs/" + a.json["id"]))
        self.assertGreaterEqual(a.json["seed"], 0, "one will be generated for you")
        self.assertEqual(self.ok(200, "wire", "GET", "/fine_tuning/jobs/" + a.json["id"])["seed"], a.json["seed"])

    def test_a_suffix_is_as_long_as_its_version_lets_it_be(self):
        f = self.file("wire")
        for version, path, most in (("2022-12-01", "/fine-tunes", 40), (NEW, "/fine_tuning/jobs", 40), (None, "/fine_tuning/jobs", 64)):
            for n, good in ((most, True), (most + 1, False), (0, False)):
                a = self.ai("wire", "POST", path, {"model": "gpt-4o-mini", "training_file": f, "suffix": "x" * n}, version=version)
                self.assertEqual(a.status < 300, good, (version, n, a.body))
        a = self.ai("wire", "POST", "/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": f, "suffix": "a.b"})
        self.assertEqual((a.status, a.json["error"]["target"]), (400, "suffix"))

    def test_the_leading_slashes_of_an_endpoint_with_a_slash_do_not_matter(self):
        a = self.raw("wire", "GET", "//openai/files?api-version=" + NEW)
        self.assertEqual(a.status, 200, a.body)

    def test_bodies_that_are_no_json_objects_are_refused_as_each_plane_does(self):
        for body in ("", "{", "[]", '"x"', '{"a":1,"a":2}'):
            for version in (NEW, None):
                a = self.raw("wire", "POST", f"/openai/fine_tuning/jobs?api-version={NEW}" if version else "/openai/v1/fine_tuning/jobs", body)
                self.assertEqual((a.status, a.code), (400, "invalidPayload"), a.body)
                a = self.raw("wire", "POST", f"/openai/deployments/chat/chat/completions?api-version={NEW}" if version else "/openai/v1/chat/completions", body)
                self.model_error(a, 400, None)

    def test_a_body_that_is_too_large_is_413_in_the_form_of_its_plane(self):
        a = self.raw("wire", "POST", "/openai/v1/fine_tuning/jobs", b"x" * 70000, {"Content-Type": "application/json"})
        self.assertEqual((a.status, a.json["error"]["type"]), (413, "error"), a.body)
        chunks = (b"x" * 65536 for _ in range(96))  # far more than buffers hold, and sent before anything is read
        for body in (b"x" * (6 << 20), chunks):
            a = self.raw("wire", "POST", "/openai/v1/chat/completions", body, {"Content-Type": "application/json"})
            self.assertEqual((a.status, a.code), (413, "RequestEntityTooLarge"), a.body)

    def test_v1_names_the_member_that_is_wrong(self):
        a = self.ai("wire", "POST", "/fine_tuning/jobs", {"training_file": "x"}, version=None)
        self.assertEqual((a.status, a.json["error"]["param"]), (400, "model"), a.body)
        a = self.ai("wire", "POST", "/fine_tuning/jobs", {"training_file": "x"})
        self.assertEqual((a.status, a.json["error"]["target"]), (400, "model"), a.body)

    def test_members_of_jobs_have_their_types(self):
        f = self.file("wire")
        for member, value, target in (("metadata", {"a": 5}, "metadata"), ("metadata", {"a": "x" * 513}, "metadata"), ("metadata", "x", "metadata"),
                                      ("hyperparameters", 5, "hyperparameters"), ("hyperparameters", {"n_epochs": 2.5}, "hyperparameters"),
                                      ("hyperparameters", {"batch_size": "x"}, "hyperparameters"), ("validation_file", 5, "validation_file"),
                                      ("validation_file", "file-none", "validation_file"), ("method", {"type": "dpo"}, "method"), ("seed", -1, "seed")):
            a = self.ai("wire", "POST", "/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": f, member: value}, version=None)
            self.assertEqual((a.status, a.code, a.json["error"]["param"]), (400, "invalidPayload", target), (member, value, a.body))
        a = self.ok(201, "wire", "POST", "/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": f, "method": {"type": "dpo"}, "metadata": 5})
        self.assertEqual(a["hyperparameters"], {"n_epochs": -1}, "members that the version does not have are ignored")


class Forms(Wire):
    def post(self, disposition, purpose="fine-tune", version=NEW, content_type="multipart/form-data; boundary=BB"):
        body = (b'--BB\r\nContent-Disposition: form-data; name=purpose\r\n\r\n' + purpose.encode() +
                b'\r\n--BB\r\nContent-Disposition: form-data; ' + disposition.encode() + b'\r\n\r\n{}\n\r\n--BB--\r\n')
        path = f"/openai/files?api-version={version}" if version else "/openai/v1/files"
        return self.raw("wire", "POST", path, body, {"Content-Type": content_type})

    def test_names_of_files_arrive_as_they_were_sent(self):
        for disposition, name in (('name="file"; filename="a b.jsonl"', "a b.jsonl"), ('name="file"; filename="hällo.jsonl"', "hällo.jsonl"),
                                  (r'name="file"; filename="a\"b.jsonl"', 'a"b.jsonl'), ('name="file"; filename="a%22b.jsonl"', "a%22b.jsonl"),
                                  ("name=file; filename=a.jsonl; filename*=utf-8''a.jsonl", "a.jsonl"),
                                  ("name=file; filename=\"=?utf-8?B?aMOk?=\"; filename*=utf-8''h%C3%A4.jsonl", "hä.jsonl")):
            a = self.post(disposition)
            self.assertEqual((a.status, a.json.get("filename")), (201, name), a.body)
            self.assertEqual(self.ok(200, "wire", "GET", "/files/" + a.json["id"])["filename"], name)

    def test_bad_forms_leave_nothing_behind(self):
        before = self.ok(200, "wire", "GET", "/files")["data"]
        blobs = sorted(p.name for p in (self.sim.state / "provider" / "blobs").iterdir())
        for a in (self.post('name="file"'), self.post('name="file"; filename=""'), self.post('name="data"; filename="a"'),
                  self.post(f'name="file"; filename="{"x" * 256}"'), self.post('name="file"; filename="a"', purpose="user_data"),
                  self.post('name="file"; filename="a"', purpose=""), self.post('name="file"; filename="a"', content_type="application/json"),
                  self.post('name="file"; filename="a"', purpose="evals"), self.post('name="file"; filename="a"', content_type="multipart/form-data; boundary=CC")):
            self.assertEqual((a.status, a.code), (400, "invalidPayload"), a.body)
        self.assertEqual(self.ok(200, "wire", "GET", "/files")["data"], before)
        self.assertEqual(sorted(p.name for p in (self.sim.state / "provider" / "blobs").iterdir()), blobs)

    def blobs(self):
        return sorted(p.name for p in (self.sim.state / "provider" / "blobs").iterdir())

    def test_an_upload_that_breaks_off_leaves_nothing(self):
        before, listed = self.blobs(), self.ok(200, "wire", "GET", "/files")["data"]
        host = f"wire.openai.localhost:{self.sim.e['openai_url'].split(':')[-1].rstrip('/')}"
        head = (f"POST /openai/files?api-version={NEW} HTTP/1.1\r\nHost: {host}\r\napi-key: {self.sim.api_key('wire')}\r\n"
                "Content-Type: multipart/form-data; boundary=BB\r\nContent-Length: 9000000\r\n\r\n"
                '--BB\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n').encode()
        for _ in range(3):
            s = self.sim.tls.wrap_socket(socket.create_connection(("127.0.0.1", int(host.split(":")[1])), timeout=30), server_hostname=host.split(":")[0])
            s.sendall(head + b"x" * 3_000_000)
            s.close()
        for _ in range(500):  # each end is noticed by a loop of its own
            if self.blobs() == before:
                break
            self.ai("wire", "GET", "/files")
        self.assertEqual(self.blobs(), before)
        self.assertEqual(self.ok(200, "wire", "GET", "/files")["data"], listed)

    def test_a_file_may_have_512_megabytes_and_no_byte_more(self):
        before = self.blobs()
        head = b'--BB\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

        def body():
            yield head
            for _ in range(512):
                yield b"x" * (1 << 20)
            yield b"x\r\n--BB\r\nContent-Disposition: form-data; name=purpose\r\n\r\nbatch\r\n--BB--\r\n"

        a = self.raw("wire", "POST", f"/openai/files?api-version={NEW}", body(), {"Content-Type": "multipart/form-data; boundary=BB"})
        self.assertEqual((a.status, a.code), (413, "RequestEntityTooLarge"), a.body)
        self.assertEqual(self.blobs(), before)

    def test_every_documented_purpose_is_taken_in_its_form(self):
        for purpose, dated, v1 in (("fine-tune", 201, 200), ("assistants", 201, 200), ("batch", 201, 200), ("evals", 400, 200), ("vision", 400, 400)):
            self.assertEqual(self.post('name="file"; filename="a"', purpose=purpose).status, dated, purpose)
            self.assertEqual(self.post('name="file"; filename="a"', purpose=purpose, version=None).status, v1, purpose)


class Streams(Wire):
    def events(self, body, path="/deployments/chat/chat/completions"):
        a = self.ai("wire", "POST", path, {**body, "stream": True})
        self.assertEqual(a.status, 200, a.body[:300])
        lines = a.body.decode().split("\n\n")
        self.assertEqual(lines[-2:], ["data: [DONE]", ""])
        return [json.loads(e[6:]) for e in lines[:-2]]

    def test_the_role_comes_once_for_each_choice(self):
        """Clients join the texts of a delta's members: a role in every chunk would be "assistantassistant..."."""
        got = self.events({**SAY("one two"), "n": 2})
        self.assertEqual([(c["choices"][0]["index"]) for c in got if "role" in c["choices"][0]["delta"]], [0, 1])
        self.assertEqual([c["choices"][0]["finish_reason"] for c in got if c["choices"][0]["delta"] == {}], ["stop", "stop"])

    def test_the_usage_is_null_until_its_own_chunk_comes(self):
        got = self.events({**SAY("x"), "stream_options": {"include_usage": True}})
        self.assertEqual({c["usage"] is None for c in got[:-1]}, {True})
        self.assertEqual((got[-1]["choices"], got[-1]["usage"]["prompt_tokens"]), ([], 1))
        self.assertNotIn("usage", self.events(SAY("x"))[0])
        a = self.ai("wire", "POST", "/deployments/chat/chat/completions", {**SAY("x"), "stream_options": {"include_usage": True}})
        self.model_error(a, 400, "stream_options")

    def test_completions_stream_too(self):
        got = self.events({"prompt": ["a b", "c"], "max_tokens": 100}, "/deployments/old/completions")
        text = ["".join(c["choices"][0]["text"] for c in got if c["choices"][0]["index"] == i) for i in (0, 1)]
        self.assertTrue(text[0].endswith("heard: a b") and text[1].endswith("heard: c"), text)

    def test_a_long_answer_is_streamed_in_constant_memory_and_ends_at_the_models_limit(self):
        pid = self.provider_pid()
        before = self.peak(pid)
        got = self.events({**SAY("x " * 200_000), "n": 8})
        self.assertGreater(len(got), 250_000)
        self.assertEqual([c["choices"][0]["finish_reason"] for c in got if c["choices"][0]["finish_reason"]], ["length"] * 8)
        if b"__asan_init" not in pathlib.Path(f"/proc/{pid}/exe").read_bytes():  # that keeps what is freed
            self.assertLess(self.peak(pid) - before, 24 << 10, "KiB")
        a = self.ai("wire", "POST", "/deployments/chat/chat/completions", SAY("x" * 600_000))
        self.assertIn("maximum context length is 128000 tokens", self.model_error(a, 400, "messages", "context_length_exceeded"))
        a = self.ai("wire", "POST", "/deployments/embed/embeddings", {"input": "x" * 40_000})
        self.model_error(a, 400, "input", "context_length_exceeded")

    def provider_pid(self):
        kvsim = self.sim.process.pid
        children = pathlib.Path(f"/proc/{kvsim}/task/{kvsim}/children").read_text().split()
        return next(p for p in children if pathlib.Path(f"/proc/{p}/comm").read_text().strip() == "providerd")

    def peak(self, pid):
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))

    def test_a_client_that_vanishes_amid_a_stream_costs_nobody_else_anything(self):
        pid = self.provider_pid()
        host = f"wire.openai.localhost:{self.sim.e['openai_url'].split(':')[-1].rstrip('/')}"
        body = json.dumps({**SAY("x " * 30_000), "n": 100, "stream": True}).encode()
        head = (f"POST /openai/deployments/chat/chat/completions?api-version={NEW} HTTP/1.1\r\nHost: {host}\r\napi-key: {self.sim.api_key('wire')}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        fds = lambda: len(os.listdir(f"/proc/{pid}/fd"))
        before = fds()
        for _ in range(20):
            s = self.sim.tls.wrap_socket(socket.create_connection(("127.0.0.1", int(host.split(":")[1])), timeout=30), server_hostname=host.split(":")[0])
            s.sendall(head + body)
            self.assertIn(b" 200 ", s.recv(4096))
            s.close()
        self.assertEqual(self.ai("wire", "POST", "/deployments/chat/chat/completions", SAY("x")).status, 200)
        for _ in range(200):  # their ends are noticed when they are written to
            if fds() <= before + 2:
                break
            self.ai("wire", "GET", "/files")
        self.assertLessEqual(fds(), before + 2)


class Prompts(Wire):
    def test_prompts_come_in_every_form_of_the_spec(self):
        ask = lambda prompt, **kw: self.ai("wire", "POST", "/deployments/old/completions", {"prompt": prompt, "max_tokens": 100, **kw})
        for prompt, said in (("hi", ["hi"]), (["a", "b"], ["a", "b"]), ([1, 2], ["[1,2]"]), ([[1, 2], [3]], ["[1,2]", "[3]"]), (None, ["<|endoftext|>"])):
            a = ask(prompt)
            self.assertEqual([c["text"].split("heard: ")[1] for c in a.json["choices"]], said, a.body)
            self.assertEqual([c["index"] for c in a.json["choices"]], list(range(len(said))))
        for prompt in ([], ["x"] * 21, 5, [None], {"a": 1}):
            self.model_error(ask(prompt), 400, "prompt")
        self.assertTrue(ask("hi", echo=True).json["choices"][0]["text"].startswith("hi["))
        self.model_error(ask(["x"] * 20, n=10), 400, "n")

    def test_an_answer_ends_at_a_stop(self):
        a = self.ok(200, "wire", "POST", "/deployments/chat/chat/completions", {**SAY("one two three"), "stop": ["three", "two"]})
        self.assertTrue(a["choices"][0]["message"]["content"].endswith("heard: one "), a)
        for stop in (5, ["x"] * 5, [5]):
            self.model_error(self.ai("wire", "POST", "/deployments/chat/chat/completions", {**SAY("x"), "stop": stop}), 400, "stop")

    def test_messages_have_the_types_of_the_spec(self):
        for content in (5, ["x"], [{"text": "x"}], [{"type": "image_url"}], [{"type": "image_url", "image_url": {}}]):
            self.model_error(self.ai("wire", "POST", "/deployments/chat/chat/completions", SAY(content)), 400, "messages")


class OutboundUris(Wire):
    """sec.dlp: a URI in a request is judged against allowedFqdnList before anything is fetched or kept."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        a = cls.sim.arm("PATCH", cls.sim.account_id("wire"), {"properties": {"restrictOutboundNetworkAccess": True, "allowedFqdnList": ["good.example"]}}, ARM_AI)
        assert a.status in (200, 202), a.body

    def see(self, url, **more):
        return self.ai("wire", "POST", "/deployments/chat/chat/completions", {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]}], **more})

    def denied(self, a):
        self.assertEqual((a.status, a.code, a.headers["x-kvsim-rule"]), (403, "OutboundNetworkAccessDenied", "sec.dlp"), a.body)

    def test_an_image_is_seen_from_allowed_hosts_only(self):
        self.denied(self.see("https://evil.example/a.png"))
        self.denied(self.see("https://evil.example/a.png", stream=True))
        self.assertEqual(self.see("https://good.example/a.png").status, 200)
        self.assertEqual(self.see("data:image/png;base64,AAAA").status, 200, "it comes with the request")
        self.assertEqual(self.see("ftp://good.example/a.png").status, 400)

    def test_an_images_uri_is_judged_in_every_message(self):
        image = [{"type": "image_url", "image_url": {"url": "https://evil.example/a.png"}}]
        for messages in ([{"role": "system", "content": image}, *SAY("x")["messages"]], [*SAY("x")["messages"], {"role": "tool", "content": image}]):
            self.denied(self.ai("wire", "POST", "/deployments/chat/chat/completions", {"messages": messages}))

    def test_a_search_index_is_asked_on_allowed_hosts_only(self):
        source = lambda host: [{"type": "azure_search", "parameters": {"endpoint": f"https://{host}", "index_name": "i"}}]
        self.denied(self.ai("wire", "POST", "/deployments/chat/chat/completions", {**SAY("x"), "data_sources": source("evil.example")}))
        self.assertEqual(self.ai("wire", "POST", "/deployments/chat/chat/completions", {**SAY("x"), "data_sources": source("good.example")}).status, 200)

    def test_an_import_from_elsewhere_is_refused_and_nothing_is_kept(self):
        body = {"purpose": "fine-tune", "filename": "a.jsonl"}
        self.denied(self.ai("wire", "POST", "/files/import", {**body, "content_url": "https://evil.example/a.jsonl"}))
        a = self.ai("wire", "POST", "/files/import", {**body, "content_url": "https://good.example/a.jsonl"})
        self.assertEqual((a.status, a.code), (400, "fileImportFailed"))
        self.assertEqual(self.ok(200, "wire", "GET", "/files")["data"], [])


if __name__ == "__main__":
    unittest.main()
