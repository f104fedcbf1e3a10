"""The openai package, in both its forms, with default settings through the proxy: files, fine-tuning, models, chat with streaming, embeddings."""

import json
import os
import subprocess

import openai
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient

from story import RG, SUB, credential, expect, refused

CHAT = "".join(json.dumps({"messages": [{"role": "user", "content": f"q{i}"}, {"role": "assistant", "content": f"a{i}"}]}) + "\n" for i in range(10))


def later(duration):
    subprocess.run([os.environ["KVSIM"], "clock", "advance", duration], check=True, stdout=subprocess.DEVNULL)


def deploy(ai, name, model):
    ai.deployments.begin_create_or_update(RG, "oaiacct", name, {"sku": {"name": "Standard", "capacity": 1}, "properties": {
        "model": {"format": "OpenAI", "name": model, "version": ""}}}).result()


def exercise(ai, name, client):
    file = client.files.create(file=("train.jsonl", CHAT.encode()), purpose="fine-tune")
    expect(name + ": a file is listed", file.id in [f.id for f in client.files.list(purpose="fine-tune")])
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=file.id, suffix="py")
    later("2h")
    done = client.fine_tuning.jobs.retrieve(job.id)
    expect(name + ": a job succeeds", done.status == "succeeded" and done.fine_tuned_model.endswith("-py"))
    expect(name + ": jobs and events are listed", job.id in [j.id for j in client.fine_tuning.jobs.list(limit=1)] and
           len(list(client.fine_tuning.jobs.list_events(job.id, limit=2))) >= 5)
    expect(name + ": checkpoints are listed", len(list(client.fine_tuning.jobs.checkpoints.list(job.id))) == 3)
    expect(name + ": results are downloaded", client.files.content(done.result_files[0]).read().startswith(b"step,"))
    expect(name + ": the model is there", done.fine_tuned_model in [m.id for m in client.models.list()])
    deploy(ai, "tuned", done.fine_tuned_model)
    ask = lambda text, **kw: client.chat.completions.create(model="tuned", messages=[{"role": "user", "content": text}], **kw)
    expect(name + ": it says what it was trained to say", ask("q3").choices[0].message.content == "a3")
    whole = ask("one two three").choices[0].message.content
    pieces = [c.choices[0].delta.content or "" for c in ask("one two three", stream=True) if c.choices]
    expect(name + ": the same comes as a stream", "".join(pieces) == whole and len(pieces) > 3)
    with client.chat.completions.stream(model="tuned", messages=[{"role": "user", "content": "one two three"}]) as stream:
        message = stream.get_final_completion().choices[0].message
    expect(name + ": the stream helper puts the message together", (message.role, message.content) == ("assistant", whole))
    named = client.files.create(file=('h\u00e4 "llo".jsonl', CHAT.encode()), purpose="batch")
    expect(name + ": a file keeps its name", named.filename.startswith("h\u00e4 ") and client.files.retrieve(named.id).filename == named.filename)
    try:
        client.chat.completions.create(model="tuned", messages=[{"role": "user", "content": "x"}], temperature=9)
        expect(name + ": a temperature of 9 is refused", False)
    except openai.BadRequestError as e:
        expect(name + ": a refusal names the member", (e.type, e.param, e.code) == ("invalid_request_error", "temperature", None))
    vectors = client.embeddings.create(model="embed", input=["a", "b"])
    expect(name + ": embeddings", len(vectors.data[1].embedding) == 1536 and vectors.usage.total_tokens == 2)
    refused(name + ": a deployment that is not there", openai.NotFoundError, 404,
            lambda: client.chat.completions.create(model="none", messages=[{"role": "user", "content": "x"}]))
    refused(name + ": a job without a file", openai.BadRequestError, 400,
            lambda: client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file="file-none"))
    refused(name + ": a job that has ended can't be cancelled", openai.ConflictError, 409, lambda: client.fine_tuning.jobs.cancel(job.id))
    ai.deployments.begin_delete(RG, "oaiacct", "tuned").result()
    expect(name + ": the file is deleted", client.files.delete(file.id).deleted)
    return done.fine_tuned_model


ai = CognitiveServicesManagementClient(credential, SUB)
ai.accounts.begin_create(RG, "oaiacct", {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope",
                                         "properties": {"customSubDomainName": "oaiacct"}}).result()
deploy(ai, "embed", "text-embedding-3-small")
key = ai.accounts.list_keys(RG, "oaiacct").key1
exercise(ai, "dated", openai.AzureOpenAI(azure_endpoint="https://oaiacct.openai.azure.com", api_version="2024-10-21", api_key=key, max_retries=0))
v1 = openai.OpenAI(base_url="https://oaiacct.openai.azure.com/openai/v1/", api_key=key, max_retries=0)
model = exercise(ai, "v1", v1)
expect("v1: the model is deleted", v1.models.delete(model).deleted)
