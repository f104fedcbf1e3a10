"""The OpenAI data plane against its OpenAPI documents of 2022-12-01 and 2024-10-21: every authoring operation is sent; what is served answers a
declared status and a body that fits. What is not served stands in a list, exactly. Inference: the answer's schema alone."""

import json
import pathlib
import re
import sys
import unittest

import openapi
from harness import ARM_AI, ROOT, Sim

SPECS = ROOT.parent / "shared" / "reference" / "specs" / "specification" / "cognitiveservices/data-plane/AzureOpenAI"
DOCUMENTS = [SPECS / f"authoring/stable/{v}/azureopenai.json" for v in ("2022-12-01", "2024-10-21")]
NOT_SERVED = re.compile(r"/(batches|uploads)\b")  # docs/fidelity.md
CHAT = "".join(json.dumps({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}) + "\n" for _ in range(10)).encode()
ORDER = ["POST", "PATCH", "GET", "DELETE"]


class Documents(unittest.TestCase):
    def send(self, op, sim, ids):
        if (op.method, op.path) == ("POST", "/files"):
            return sim.upload("oai", CHAT, query=op.version)
        body = None
        if op.method in ("POST", "PATCH") and op.body_name:
            body = {"model": "gpt-4o-mini", "training_file": ids["file"]}
            if op.path.startswith("/deployments"):
                body = {"model": "text-davinci-003", "scale_settings": {"scale_type": "standard"}}
            elif op.path == "/files/import":
                body = {"purpose": "fine-tune", "filename": "a.jsonl", "content_url": "https://example.com/a.jsonl"}
        names = {"file-id": ids["file"], "fine-tune-id": ids["job"], "fine-tuning-job-id": ids["job"], "model-id": "curie", "deployment-id": ids["deployment"]}
        if op.method in ("DELETE",) or op.path.endswith("/cancel"):
            kind = "file" if op.path.startswith("/files") else "job" if "fine" in op.path else "deployment"
            names = dict.fromkeys(names, ids["cancelled" if op.method == "POST" else kind])
        path = re.sub(r"\{([\w-]+)\}", lambda m: names.get(m.group(1), "none"), op.path)
        return sim.files("oai", op.method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}, form="/openai", query=op.version)

    def judge(self, op, sim, ids):
        a = self.send(op, sim, ids)
        if NOT_SERVED.search(op.path):
            return [] if a.status == 404 else [f"is served after all: {a.status} {a.body[:200]}"]
        if op.path == "/files/import":
            return op.complaints(a.status, a.body) if a.status == 400 and a.code == "fileImportFailed" else [f"{a.status} {a.body[:200]}"]
        if a.status >= 400:
            return [f"{a.status} {a.body[:300]}"]
        return [] if op.path.endswith("/content") else op.complaints(a.status, a.body)

    def make(self, sim, version):
        old = version == "2022-12-01"
        tunes = "/fine-tunes" if old else "/fine_tuning/jobs"
        post = lambda path, body, v=version: sim.files("oai", "POST", path, json.dumps(body), {"Content-Type": "application/json"}, form="/openai", query=v).json["id"]
        ids = {"file": sim.upload("oai", CHAT).json["id"]}
        ids["job"] = post(tunes, {"model": "gpt-4o-mini", "training_file": ids["file"]})
        sim.kvsim("clock", "advance", "2h")
        ids["cancelled"] = post(tunes, {"model": "gpt-4o-mini", "training_file": ids["file"]})
        ids["deployment"] = post("/deployments", {"model": "text-davinci-003", "scale_settings": {"scale_type": "standard"}}, "2022-12-01")
        return ids

    def test_every_operation_answers_as_its_document_declares(self):
        for file in DOCUMENTS:
            ops = sorted(openapi.operations(str(file)), key=lambda o: ORDER.index(o.method))
            self.assertGreater(len(ops), 15)
            with Sim(args=["--durability", "relaxed"]) as sim:
                sim.group()
                sim.make_account("oai")
                ids = self.make(sim, ops[0].version)
                for op in ops:
                    with self.subTest(op=op):
                        self.assertEqual(self.judge(op, sim, ids), [])

    def test_answers_of_models_fit_their_schemas(self):
        file = str(SPECS / "inference/stable/2024-10-21/inference.json")
        bodies = {"chat/completions": ("gpt-4o-mini", {"messages": [{"role": "user", "content": "x"}]}), "completions": ("text-davinci-003", {"prompt": "x"}),
                  "embeddings": ("text-embedding-3-small", {"input": "x"})}
        doc = openapi.load(file)
        with Sim(args=["--durability", "relaxed"]) as sim:
            sim.group()
            sim.make_account("oai")
            for i, (path, (model, body)) in enumerate(bodies.items()):
                a = sim.arm("PUT", sim.account_id("oai") + f"/deployments/d{i}", {"sku": {"name": "Standard", "capacity": 1}, "properties": {
                    "model": {"format": "OpenAI", "name": model}}}, ARM_AI)
                self.assertEqual(a.status, 201, a.body)
                a = sim.files("oai", "POST", f"/deployments/d{i}/{path}", json.dumps(body), {"Content-Type": "application/json"}, form="/openai")
                node = doc["paths"]["/deployments/{deployment-id}/" + path]["post"]["responses"]["200"]
                schema = node["content"]["application/json"]["schema"] if "content" in node else node["schema"]
                self.assertEqual((a.status, openapi.judge(a.json, schema, file)), (200, []))


if __name__ == "__main__":
    if not pathlib.Path(SPECS).exists():
        print("The OpenAPI documents are not beside this checkout: nothing was compared.")
        sys.exit(77)
    unittest.main()
