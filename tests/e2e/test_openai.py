"""The OpenAI data plane in both forms: fine-tuning over simulated time, deployments, inference, models; and what revocation does to them."""

import base64
import json
import struct
import unittest

from harness import ARM_AI, SimTest

CHAT = "".join(json.dumps({"messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": f"answer {i}"}]}) + "\n"
               for i in range(12)).encode()
PAIRS = "".join(json.dumps({"prompt": f"puppy {i}", "completion": f" sit {i}"}) + "\n" for i in range(23)).encode()
OLD, NEW = "2022-12-01", "2024-10-21"


class Base(SimTest):
    def ai(self, account, method, path, body=None, version=NEW, headers=None, key=None):
        """version None: the form v1."""
        url = self.sim.e["openai_url"].replace("{account}", account) + ("/openai" if version else "/openai/v1") + path
        url += ("&" if "?" in path else "?") + "api-version=" + version if version else ""
        h = {"api-key": key or self.sim.api_key(account), "Content-Type": "application/json"}
        return self.sim.http(method, url, None if body is None else json.dumps(body), {**h, **(headers or {})})

    def ok(self, status, *args, **kw):
        a = self.ai(*args, **kw)
        self.assertEqual(a.status, status, a.body[:500])
        return a.json if a.body else None

    def later(self, seconds):
        self.sim.kvsim("clock", "advance", f"{seconds}s")

    def file(self, account, content=CHAT, **kw):
        a = self.sim.upload(account, content, **kw)
        self.assertIn(a.status, (200, 201), a.body)
        return a.json["id"]

    def job(self, account, content=CHAT, model="gpt-4o-mini-2024-07-18", **more):
        return self.ok(201, account, "POST", "/fine_tuning/jobs", {"model": model, "training_file": self.file(account, content), **more})

    def tuned(self, account, **kw):
        """A job that has ended well."""
        job = self.job(account, **kw)
        self.later(3600)
        done = self.ok(200, account, "GET", f"/fine_tuning/jobs/{job['id']}")
        self.assertEqual(done["status"], "succeeded", done)
        return done

    def deploy(self, account, name, model, version=""):
        return self.sim.arm("PUT", self.sim.account_id(account) + "/deployments/" + name, {
            "sku": {"name": "Standard", "capacity": 1}, "properties": {"model": {"format": "OpenAI", "name": model, "version": version}}}, ARM_AI)

    def ask(self, account, deployment, text):
        return self.ai(account, "POST", f"/deployments/{deployment}/chat/completions", {"messages": [{"role": "user", "content": text}]})


class FineTuning(Base):
    def test_a_job_goes_through_its_states_and_makes_a_model_and_a_result_file(self):
        self.sim.make_account("ft1")
        job = self.job("ft1", suffix="mine", seed=7, hyperparameters={"n_epochs": 2})
        self.assertEqual((job["object"], job["status"], job["seed"], job["suffix"]), ("fine_tuning.job", "created", 7, "mine"))
        get = f"/fine_tuning/jobs/{job['id']}"
        self.assertEqual(self.ok(200, "ft1", "GET", get, version=None)["status"], "validating_files")
        self.later(40)
        self.assertEqual(self.ok(200, "ft1", "GET", get)["status"], "pending")
        self.assertEqual(self.ok(200, "ft1", "GET", get, version=None)["status"], "queued")
        self.later(40)
        self.assertEqual(self.ok(200, "ft1", "GET", get)["status"], "running")
        self.later(3600)
        done = self.ok(200, "ft1", "GET", get)
        self.assertEqual(done["status"], "succeeded")
        self.assertTrue(done["fine_tuned_model"].startswith("gpt-4o-mini-2024-07-18.ft-") and done["fine_tuned_model"].endswith("-mine"))
        self.assertGreater(done["trained_tokens"], 0)
        results = self.ai("ft1", "GET", f"/files/{done['result_files'][0]}/content")
        self.assertTrue(results.body.startswith(b"step,train_loss,"), results.body[:80])
        self.assertEqual(self.ok(200, "ft1", "GET", f"/files/{done['result_files'][0]}")["purpose"], "fine-tune-results")
        events = self.ok(200, "ft1", "GET", get + "/events?limit=2")
        self.assertEqual((events["data"][0]["message"], events["has_more"]), ("Job succeeded.", True))
        rest = self.ok(200, "ft1", "GET", get + f"/events?after={events['data'][1]['id']}")
        self.assertEqual(rest["data"][-1]["message"], "Job enqueued. Waiting for jobs ahead to complete.")
        points = self.ok(200, "ft1", "GET", get + "/checkpoints")
        self.assertEqual([p["step_number"] for p in points["data"]], [24, 12])
        model = self.ok(200, "ft1", "GET", "/models/" + done["fine_tuned_model"])
        self.assertEqual((model["fine_tune"], model["capabilities"]["chat_completion"]), (job["id"], True))
        v1 = self.ok(200, "ft1", "GET", get, version=None)
        self.assertEqual((v1["user_provided_suffix"], "suffix" in v1, v1["error"]), ("mine", False, None))

    def test_the_fine_tunes_of_2022_12_01(self):
        self.sim.make_account("ft2")
        a = self.ai("ft2", "POST", "/fine-tunes", {"model": "curie", "training_file": self.file("ft2", PAIRS), "n_epochs": 2}, version=OLD)
        self.assertEqual(a.status, 201, a.body)
        self.assertIn("/openai/fine-tunes/" + a.json["id"], a.headers["Location"])
        self.assertEqual((a.json["object"], a.json["status"], a.json["hyperparams"]["n_epochs"]), ("fine-tune", "notRunning", 2))
        self.later(3600)
        done = self.ok(200, "ft2", "GET", "/fine-tunes/" + a.json["id"], version=OLD)
        self.assertEqual(done["status"], "succeeded")
        self.assertEqual(done["result_files"][0]["purpose"], "fine-tune-results")
        events = self.ok(200, "ft2", "GET", f"/fine-tunes/{a.json['id']}/events", version=OLD)["data"]
        self.assertEqual((events[0]["object"], events[-1]["message"]), ("fine-tune-event", "Job succeeded."))
        made = self.ai("ft2", "POST", "/deployments", {"model": done["fine_tuned_model"], "scale_settings": {"scale_type": "standard"}}, version=OLD)
        self.assertEqual(made.status, 201, made.body)
        d = made.json["id"]
        said = self.ok(200, "ft2", "POST", f"/deployments/{d}/completions", {"prompt": "puppy 3"}, version=OLD)
        self.assertEqual(said["choices"][0]["text"], " sit 3")
        self.assertEqual(self.ai("ft2", "DELETE", "/fine-tunes/" + a.json["id"], version=OLD).status, 409, "its model is deployed")
        patched = self.ok(200, "ft2", "PATCH", f"/deployments/{d}", {"scale_settings": {"scale_type": "manual", "capacity": 2}}, version=OLD)
        self.assertEqual(patched["scale_settings"], {"scale_type": "manual", "capacity": 2})
        self.assertEqual([x["id"] for x in self.ok(200, "ft2", "GET", "/deployments", version=OLD)["data"]], [d])
        self.assertEqual(self.ai("ft2", "DELETE", f"/deployments/{d}", version=OLD).status, 204)
        self.assertEqual(self.ai("ft2", "GET", f"/deployments/{d}", version=OLD).status, 404)
        self.assertEqual(self.ai("ft2", "DELETE", "/fine-tunes/" + a.json["id"], version=OLD).status, 204)
        self.assertEqual(self.ai("ft2", "GET", "/models/" + done["fine_tuned_model"]).status, 404)

    def test_a_job_can_be_cancelled_paused_and_resumed(self):
        self.sim.make_account("ft3")
        job = self.job("ft3")
        self.assertEqual(self.ok(200, "ft3", "POST", f"/fine_tuning/jobs/{job['id']}/cancel")["status"], "cancelled")
        again = self.ai("ft3", "POST", f"/fine_tuning/jobs/{job['id']}/cancel")
        self.assertEqual((again.status, again.code), (409, "unexpectedEntityState"))
        self.later(1)  # the list is ordered by seconds
        job = self.job("ft3")
        path = f"/fine_tuning/jobs/{job['id']}"
        self.assertEqual(self.ai("ft3", "POST", path + "/pause", version=None).status, 409, "it does not run yet")
        self.later(100)
        self.assertEqual(self.ok(200, "ft3", "POST", path + "/pause", version=None)["status"], "paused")
        self.later(7200)
        self.assertEqual(self.ok(200, "ft3", "GET", path, version=None)["status"], "paused")
        self.assertEqual(self.ok(200, "ft3", "POST", path + "/resume", version=None)["status"], "running")
        self.later(3600)
        self.assertEqual(self.ok(200, "ft3", "GET", path, version=None)["status"], "succeeded")
        first = self.ok(200, "ft3", "GET", "/fine_tuning/jobs?limit=1")
        self.assertEqual((first["data"][0]["id"], first["has_more"]), (job["id"], True))
        self.assertEqual(self.ai("ft3", "POST", path + "/pause").status, 404, "the dated form has no pause")

    def test_bad_jobs_are_refused(self):
        self.sim.make_account("ft4")
        good = self.file("ft4")
        batch = self.file("ft4", purpose="batch")
        for body, code in (({"training_file": good}, "invalidPayload"), ({"model": "gpt-4o-mini"}, "invalidPayload"),
                           ({"model": "nobody", "training_file": good}, "invalidPayload"),
                           ({"model": "text-embedding-ada-002", "training_file": good}, "invalidPayload"),
                           ({"model": "gpt-4o-mini", "training_file": "file-none"}, "invalidPayload"),
                           ({"model": "gpt-4o-mini", "training_file": batch}, "invalidPayload"),
                           ({"model": "gpt-4o-mini", "training_file": good, "hyperparameters": {"n_epochs": 0}}, "invalidPayload"),
                           ({"model": "gpt-4o-mini", "training_file": good, "suffix": "a b"}, "invalidPayload"),
                           ({"model": "gpt-4o-mini", "training_file": self.file("ft4", PAIRS)}, "jsonlValidationFailed"),
                           ({"model": "gpt-4o-mini", "training_file": self.file("ft4", b"not json\n")}, "jsonlValidationFailed"),
                           ({"model": "gpt-4o-mini", "training_file": self.file("ft4", CHAT[:200])}, "jsonlValidationFailed"),
                           ({"model": "gpt-4o-mini", "training_file": self.file("ft4", b'{"messages":[]}\n')}, "jsonlValidationFailed")):
            a = self.ai("ft4", "POST", "/fine_tuning/jobs", body)
            self.assertEqual((a.status, a.code), (400, code), (body, a.body))
        self.assertEqual(self.ok(200, "ft4", "GET", "/fine_tuning/jobs")["data"], [])
        self.assertEqual(self.ai("ft4", "GET", "/fine_tuning/jobs/ftjob-none").status, 404)


    def test_a_job_whose_training_file_is_deleted_while_it_runs_fails_and_says_why(self):
        self.sim.make_account("ft5")
        job = self.job("ft5")
        self.later(100)
        self.ok(200, "ft5", "DELETE", "/files/" + job["training_file"])
        self.later(3600)
        done = self.ok(200, "ft5", "GET", f"/fine_tuning/jobs/{job['id']}")
        self.assertEqual((done["status"], done["error"]["code"], done["result_files"]), ("failed", "notFound", []))
        self.assertEqual([m for m in self.ok(200, "ft5", "GET", "/models")["data"] if "fine_tune" in m], [])


class Revocation(Base):
    """rev.oai-download, rev.oai-fine-tune, rev.oai-deploy, rev.oai-serving, data.models-encrypted."""

    def revoke(self, vault):
        self.sim.make_vault(vault, [self.sim.policy(self.sim.oid, ["all"])], enablePurgeProtection=True)

    def restore(self, vault):
        self.sim.make_vault(vault, [self.sim.policy(self.sim.oid, ["all"]), self.sim.identity_policy], enablePurgeProtection=True)

    def test_revoking_stops_tuning_and_deploying_but_deployments_serve_on_until_they_are_deleted(self):
        self.sim.cmk("rv1")
        done = self.tuned("acctrv1")
        model, results = done["fine_tuned_model"], done["result_files"][0]
        self.assertEqual(self.deploy("acctrv1", "mine", model).status, 201)
        self.assertEqual(self.ask("acctrv1", "mine", "question 5").json["choices"][0]["message"]["content"], "answer 5")
        for p in (self.sim.state / "provider").rglob("*"):  # data.models-encrypted: neither artefact nor serving copy lies open
            if p.is_file():
                self.assertNotIn(b"question 5", p.read_bytes()[:64 << 20], p)
        training = self.file("acctrv1")
        self.revoke("vaultrv1")
        a = self.ai("acctrv1", "GET", f"/files/{results}/content")
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "rev.oai-download"))
        a = self.ai("acctrv1", "POST", "/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": training})
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "rev.oai-fine-tune"))
        a = self.deploy("acctrv1", "second", model)
        self.assertEqual((a.status, a.headers["x-kvsim-rule"]), (403, "rev.oai-deploy"))
        self.assertEqual(self.ask("acctrv1", "mine", "question 5").json["choices"][0]["message"]["content"], "answer 5")
        self.sim.stop()
        self.sim.start()
        self.assertEqual(self.ask("acctrv1", "mine", "question 6").json["choices"][0]["message"]["content"], "answer 6")
        self.assertEqual(self.sim.arm("DELETE", self.sim.account_id("acctrv1") + "/deployments/mine", version=ARM_AI).status, 200)
        a = self.ask("acctrv1", "mine", "question 5")
        self.assertEqual((a.status, a.code), (404, "DeploymentNotFound"))
        self.assertEqual(self.deploy("acctrv1", "mine", model).status, 403)
        self.restore("vaultrv1")
        self.assertEqual(self.deploy("acctrv1", "mine", model).status, 201)
        self.assertEqual(self.ask("acctrv1", "mine", "question 7").json["choices"][0]["message"]["content"], "answer 7")

    def test_a_job_whose_key_is_revoked_while_it_runs_fails_and_says_why(self):
        self.sim.cmk("rv2")
        job = self.job("acctrv2")
        self.later(100)
        self.revoke("vaultrv2")
        self.later(3600)
        done = self.ok(200, "acctrv2", "GET", f"/fine_tuning/jobs/{job['id']}")
        self.assertEqual((done["status"], done["error"]["code"]), ("failed", "CustomerManagedKeyAccessDenied"))
        self.assertNotIn("fine_tuned_model", done)
        events = self.ok(200, "acctrv2", "GET", f"/fine_tuning/jobs/{job['id']}/events")["data"]
        self.assertEqual(events[0]["level"], "error")
        self.assertTrue(done["error"]["message"] in events[0]["message"])
        self.restore("vaultrv2")
        self.tuned("acctrv2")

    def test_a_job_ends_before_whatever_is_asked_next(self):
        self.sim.cmk("rv3")
        job = self.job("acctrv3")
        self.later(3600)
        self.revoke("vaultrv3")  # the first request after its end, and about something else
        self.assertEqual(self.ok(200, "acctrv3", "GET", f"/fine_tuning/jobs/{job['id']}")["status"], "succeeded")

    def test_a_job_ends_when_the_clock_is_moved_past_its_time(self):
        self.sim.cmk("rv4")
        job = self.job("acctrv4")
        self.later(3600)
        a = self.sim.vault("vaultrv4", "PATCH", "/keys/cmk/", {"attributes": {"enabled": False}})  # past providerd
        self.assertEqual(a.status, 200, a.body)
        self.assertEqual(self.ok(200, "acctrv4", "GET", f"/fine_tuning/jobs/{job['id']}")["status"], "succeeded")


class Inference(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.sim
        s.make_account("inf")
        for name, model, version in (("chat", "gpt-4o-mini", ""), ("embed", "text-embedding-3-small", ""), ("old", "text-davinci-003", "")):
            a = cls.deploy(cls(), "inf", name, model, version)
            assert a.status == 201, a.body

    def runTest(self):
        pass

    def test_chat_is_deterministic_and_says_that_it_is_simulated(self):
        body = {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "hällo"}]}]}
        a = self.ok(200, "inf", "POST", "/deployments/chat/chat/completions", body)
        b = self.ok(200, "inf", "POST", "/chat/completions", {**body, "model": "chat"}, version=None)
        self.assertEqual(a["choices"], b["choices"])
        self.assertEqual((a["object"], a["model"], a["system_fingerprint"]), ("chat.completion", "gpt-4o-mini", "kvsim"))
        self.assertIn("hällo", a["choices"][0]["message"]["content"])
        self.assertEqual(a["usage"]["total_tokens"], a["usage"]["prompt_tokens"] + a["usage"]["completion_tokens"])
        cut = self.ok(200, "inf", "POST", "/deployments/chat/chat/completions", {**body, "max_tokens": 2, "n": 2})
        self.assertEqual([(c["index"], c["finish_reason"]) for c in cut["choices"]], [(0, "length"), (1, "length")])

    def test_chat_streams_as_server_sent_events(self):
        body = {"messages": [{"role": "user", "content": "one two three"}], "stream": True, "stream_options": {"include_usage": True}}
        a = self.ai("inf", "POST", "/deployments/chat/chat/completions", body)
        self.assertEqual(a.headers["Content-Type"], "text/event-stream; charset=utf-8")
        events = a.body.decode().split("\n\n")
        self.assertEqual(events[-2:], ["data: [DONE]", ""])
        chunks = [json.loads(e[6:]) for e in events[:-2]]
        self.assertEqual({c["object"] for c in chunks}, {"chat.completion.chunk"})
        text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks[:-1])
        whole = self.ok(200, "inf", "POST", "/deployments/chat/chat/completions", {"messages": body["messages"]})
        self.assertEqual(text, whole["choices"][0]["message"]["content"])
        self.assertEqual((chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["usage"]), ("stop", whole["usage"]))

    def test_embeddings_are_unit_vectors_in_either_encoding(self):
        a = self.ok(200, "inf", "POST", "/deployments/embed/embeddings", {"input": ["a", "b", "a"]})
        v = [d["embedding"] for d in a["data"]]
        self.assertEqual((len(v[0]), v[0] == v[2], v[0] == v[1]), (1536, True, False))
        self.assertAlmostEqual(sum(x * x for x in v[0]), 1, places=4)
        b = self.ok(200, "inf", "POST", "/embeddings", {"model": "embed", "input": "a", "encoding_format": "base64"}, version=None)
        raw = struct.unpack("<1536f", base64.b64decode(b["data"][0]["embedding"]))
        self.assertTrue(all(abs(x - y) < 1e-6 for x, y in zip(raw, v[0])))
        self.assertEqual(len(self.ok(200, "inf", "POST", "/deployments/embed/embeddings", {"input": [1, 2], "dimensions": 8})["data"][0]["embedding"]), 8)
        for bad in ({}, {"input": []}, {"input": ""}, {"input": ["a"] * 2049}, {"input": "a", "dimensions": 1537}, {"input": "a", "encoding_format": "hex"}):
            self.assertEqual(self.ai("inf", "POST", "/deployments/embed/embeddings", bad).status, 400, str(bad)[:80])

    def test_bad_requests_get_the_services_errors(self):
        chat = "/deployments/chat/chat/completions"
        good = {"messages": [{"role": "user", "content": "x"}]}
        for path, body, kw, status, code in (
                ("/deployments/none/chat/completions", good, {}, 404, "DeploymentNotFound"),
                ("/chat/completions", {**good, "model": "none"}, {"version": None}, 404, "DeploymentNotFound"),
                ("/deployments/embed/chat/completions", good, {}, 400, "OperationNotSupported"),
                (chat, {}, {}, 400, "invalid_request_error"), (chat, {"messages": []}, {}, 400, "invalid_request_error"),
                (chat, {"messages": [{"role": "king", "content": "x"}]}, {}, 400, "invalid_request_error"),
                (chat, {**good, "n": 0}, {}, 400, "invalid_request_error"), (chat, {**good, "temperature": 3}, {}, 400, "invalid_request_error"),
                (chat, good, {"headers": {"Content-Type": "text/plain"}}, 415, "UnsupportedMediaType"),
                (chat, good, {"version": "2022-12-01"}, 404, "404"), (chat, good, {"version": "2030-01-01"}, 404, "404"),
                ("/files/import", {"purpose": "fine-tune", "filename": "a", "content_url": "https://example.com/a"}, {}, 400, "fileImportFailed")):
            a = self.ai("inf", "POST", path, body, **kw)
            self.assertEqual((a.status, a.code or a.json["error"]["type"]), (status, code), (path, body, a.body))
        v1 = self.ai("inf", "POST", "/chat/completions", {**good, "model": "none"}, version=None).json["error"]
        self.assertEqual((v1["type"], v1["param"]), ("error", None))

    def test_models_are_listed_and_base_models_can_not_be_deleted(self):
        ids = {m["id"] for m in self.ok(200, "inf", "GET", "/models")["data"]}
        self.assertTrue({"curie", "gpt-35-turbo-0613", "text-embedding-ada-002-2"} <= ids, ids)
        self.assertEqual(self.ok(200, "inf", "GET", "/models/curie", version=OLD)["capabilities"]["scale_types"], ["manual", "standard"])
        self.assertEqual(self.ai("inf", "DELETE", "/models/curie", version=None).status, 403)
        self.assertEqual(self.ai("inf", "DELETE", "/models/none", version=None).status, 404)
        self.assertEqual(self.ai("inf", "GET", "/models", version=None, headers={"api-key": "", "Authorization": "Bearer " + self.sim.api_key("inf")}).status, 200)


class Isolation(Base):
    def test_an_accounts_data_is_invisible_to_anothers_key(self):
        """data.isolated, data.same-region."""
        s = self.sim
        s.make_account("iso1")
        s.make_account("iso2")
        f = self.file("iso1")
        self.assertEqual(self.ai("iso1", "GET", f"/files/{f}", key=s.api_key("iso2")).status, 401)
        self.assertEqual(self.ai("iso2", "GET", f"/files/{f}").status, 404)
        self.assertEqual(self.ok(200, "iso2", "GET", "/files")["data"], [])
        for region, status in (("westeurope", 200), ("eastus", 401)):
            a = s.http("GET", f"https://{region}.api.cognitive.microsoft.com/openai/files/{f}/content?api-version={NEW}", headers={"api-key": s.api_key("iso1")})
            self.assertEqual(a.status, status, (region, a.body))

    def test_a_deleted_model_takes_its_artefact_along(self):
        self.sim.make_account("iso3")
        done = self.tuned("iso3")
        blobs = self.sim.state / "provider" / "blobs"
        self.assertEqual(len([p for p in blobs.iterdir() if "_model-" in p.name]), 1)
        a = self.ok(200, "iso3", "DELETE", "/models/" + done["fine_tuned_model"], version=None)
        self.assertEqual(a, {"id": done["fine_tuned_model"], "object": "model", "deleted": True})
        self.assertEqual([p for p in blobs.iterdir() if "_model-" in p.name], [])
        self.assertEqual(self.ai("iso3", "GET", "/models/" + done["fine_tuned_model"]).status, 404)


if __name__ == "__main__":
    unittest.main()
