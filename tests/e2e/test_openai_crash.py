"""kill -9 of either daemon at every write of what fine-tuning, models, files and deployments store.

After the restart everything is as before or as after the step: what is listed is there and can be read, nothing else lies on the disk.
"""

import json
import subprocess
import unittest

from harness import ARM_AI
from test_cmk_crash import BROKEN, MOST, Walk

CHAT = "".join(json.dumps({"messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": f"answer {i}"}]}) + "\n"
               for i in range(12)).encode()
NEW, OLD = "2024-10-21", "2022-12-01"
JSON = {"Content-Type": "application/json"}


class OpenAI(Walk):
    def setUp(self):
        super().setUp()
        self.bind()
        a = self.sim.upload("acct", CHAT)
        self.training = a.json["id"]
        self.contents = {self.file: None, self.training: CHAT}

    def ai(self, method, path, body=None, version=NEW):
        return self.sim.files("acct", method, path, None if body is None else json.dumps(body), JSON,
                              form="/openai" if version else "/openai/v1", query=version)

    def data(self, path):
        a = self.ai("GET", path)
        self.assertEqual(a.status, 200, a.body[:300])
        return a.json["data"]

    def own_models(self):
        return [m["id"] for m in self.data("/models") if "fine_tune" in m]

    def deployments(self):
        return {d["name"]: d["properties"]["model"]["name"]
                for d in self.sim.arm("GET", self.sim.account_id("acct") + "/deployments", version=ARM_AI).json["value"]}

    def answers(self, deployment):
        a = self.ai("POST", f"/deployments/{deployment}/chat/completions", {"messages": [{"role": "user", "content": "question 5"}]})
        self.assertEqual(a.status, 200, a.body[:300])
        return a.json["choices"][0]["message"]["content"]

    def whole(self):
        """All that there is, in numbers (names differ from try to try); what it consists of is sound."""
        files, jobs, models, deployments = self.data("/files"), self.data("/fine_tuning/jobs"), self.own_models(), self.deployments()
        for f in files:
            a = self.ai("GET", f"/files/{f['id']}/content")
            self.assertEqual((a.status, len(a.body)), (200, f["bytes"]), a.body[:300])
        for job in jobs:
            if job["status"] == "succeeded":
                self.assertIn(job["result_files"][0], [f["id"] for f in files])
        for name, model in deployments.items():
            self.assertEqual(self.answers(name), "answer 5" if model in models else "[simulated by kvsim] gpt-4o-mini heard: question 5")
        blobs = [p.name for p in (self.sim.state / "provider" / "blobs").iterdir()]
        self.assertEqual(len(blobs), len(files) + len(models), blobs)
        return len(files), sorted(j["status"] for j in jobs), len(models), sorted(deployments)

    def create(self, version=NEW):
        a = self.ai("POST", "/fine_tuning/jobs", {"model": "gpt-4o-mini", "training_file": self.training}, version)
        self.assert_status(a, 200, 201)
        return a.json.get("id")

    def remove_job(self, id):
        self.assert_status(self.ai("DELETE", f"/fine_tuning/jobs/{id}"), 204)

    def tuned(self):
        id = self.create()
        self.sim.kvsim("clock", "advance", "2h")
        a = self.ai("GET", f"/fine_tuning/jobs/{id}").json
        self.assertEqual(a["status"], "succeeded", a)
        return a

    def tidy(self):
        """Back to the two files."""
        for name in self.deployments():
            self.undeploy(name)
        for job in self.data("/fine_tuning/jobs"):
            if job["status"] not in ("succeeded", "failed", "cancelled"):
                self.assert_status(self.ai("POST", f"/fine_tuning/jobs/{job['id']}/cancel"), 200)
            self.remove_job(job["id"])
        for model in self.own_models():
            self.assert_status(self.ai("DELETE", "/models/" + model, version=None), 200)
        for f in self.data("/files"):
            if f["id"] not in self.contents:
                self.assert_status(self.ai("DELETE", "/files/" + f["id"]), 200)

    def deploy(self, name, model):
        self.assert_status(self.sim.arm("PUT", self.sim.account_id("acct") + "/deployments/" + name, {
            "sku": {"name": "Standard", "capacity": 1}, "properties": {"model": {"format": "OpenAI", "name": model, "version": ""}}}, ARM_AI), 200, 201)

    def undeploy(self, name):
        self.assert_status(self.sim.arm("DELETE", self.sim.account_id("acct") + "/deployments/" + name, version=ARM_AI), 200, 202, 204)

    def test_a_job_is_there_or_not(self):
        self.walk(self.create, self.whole, self.tidy)
        self.assertGreaterEqual(self.died["providerd"], 2)
        self.died["providerd"] = 0

        def cancel():
            for job in self.data("/fine_tuning/jobs"):
                self.assert_status(self.ai("POST", f"/fine_tuning/jobs/{job['id']}/cancel"), 200, 409)

        def again():
            self.tidy()
            self.create()

        self.create()
        self.walk(cancel, self.whole, again)
        self.assertGreaterEqual(self.died["providerd"], 2)

    def test_a_job_ends_whole_though_the_daemon_dies_while_it_ends(self):
        """The end of a job is owed: after the restart the first request finds it done, once."""
        for daemon in ("providerd", "vaultd"):
            for n in range(1, MOST):
                id = self.create()
                self.arm_crash(daemon, n)
                try:
                    self.sim.kvsim("clock", "advance", "2h")  # that is a request, too
                    dead = self.ai("GET", f"/fine_tuning/jobs/{id}").status == 503
                except (*BROKEN, subprocess.CalledProcessError):
                    dead = True
                if dead:
                    self.restart(daemon)
                else:
                    self.arm_crash(daemon, 0)
                job = self.ai("GET", f"/fine_tuning/jobs/{id}").json
                self.assertEqual(job["status"], "succeeded", (daemon, n, job))
                self.assertEqual(self.whole(), (3, ["succeeded"], 1, []), (daemon, n))
                self.deploy("tuned", job["fine_tuned_model"])
                self.assertEqual(self.answers("tuned"), "answer 5")
                self.tidy()
                if not dead:
                    break
            else:
                self.fail(f"more than {MOST} writes")
        self.assertGreaterEqual(self.died["providerd"], 6)

    def test_models_and_jobs_are_deleted_whole(self):
        def model():
            for m in self.own_models():
                self.assert_status(self.ai("DELETE", "/models/" + m, version=None), 200)

        def job():
            for j in self.data("/fine_tuning/jobs"):
                self.remove_job(j["id"])

        def again():
            self.tidy()
            self.tuned()

        self.tuned()
        for step in (model, job):
            self.died["providerd"] = 0
            self.walk(step, self.whole, again)
            self.assertGreaterEqual(self.died["providerd"], 2)

    def test_deployments_come_and_go_with_what_they_serve_from(self):
        model = self.tuned()["fine_tuned_model"]

        def by_data_plane():
            self.assert_status(self.ai("POST", "/deployments", {"model": model, "scale_settings": {"scale_type": "standard"}}, OLD), 201)

        def none():
            for name in self.deployments():
                self.undeploy(name)

        def state():
            files, jobs, models, names = self.whole()
            return files, jobs, models, len(names)

        for step, undo in ((lambda: self.deploy("d", model), none), (by_data_plane, none)):
            self.died["providerd"] = 0
            self.walk(step, state, undo)
            self.assertGreaterEqual(self.died["providerd"], 2)
        self.deploy("d", model)
        self.died["providerd"] = 0
        self.walk(none, state, lambda: self.deploy("d", model))
        self.assertGreaterEqual(self.died["providerd"], 2)
        # From a base model to the fine-tuned one and back: never one's record with the other's copy.
        self.deploy("d", "gpt-4o-mini")
        self.died["providerd"] = 0
        self.walk(lambda: self.deploy("d", model), lambda: (self.whole(), self.deployments()), lambda: self.deploy("d", "gpt-4o-mini"))
        self.assertGreaterEqual(self.died["providerd"], 2)


del Walk

if __name__ == "__main__":
    unittest.main()
