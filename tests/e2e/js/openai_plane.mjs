// openai for JavaScript, in both its forms, with default settings through the proxy (Node 24 follows HTTPS_PROXY where NODE_USE_ENV_PROXY is set).
import { execFileSync } from "node:child_process";
import { CognitiveServicesManagementClient } from "@azure/arm-cognitiveservices";
import { DefaultAzureCredential } from "@azure/identity";
import OpenAI, { AzureOpenAI, toFile } from "openai";

const RG = "rg", NAME = "jsaccount";
const fast = { updateIntervalInMs: 50 };
const train = [...Array(10).keys()].map((i) => JSON.stringify({ messages: [{ role: "user", content: `q${i}` }, { role: "assistant", content: `a${i}` }] }) + "\n").join("");
const arm = new CognitiveServicesManagementClient(new DefaultAzureCredential(), process.env.AZURE_SUBSCRIPTION_ID);

function expect(what, ok) {
    if (!ok) throw new Error(what);
    console.log("ok", what);
}

async function refused(what, status, code, call) {
    const error = await call().then(() => ({}), (e) => e);
    expect(`${what}: ${status} ${code}`, error.status === status && error.code === code);
}

async function deploy(name, model) {
    await arm.deployments.beginCreateOrUpdateAndWait(RG, NAME, name, { sku: { name: "Standard", capacity: 1 }, properties: { model: { format: "OpenAI", name: model, version: "" } } }, fast);
}

async function exercise(form, client) {
    const file = await client.files.create({ file: await toFile(Buffer.from(train), "train.jsonl"), purpose: "fine-tune" });
    const ids = [];
    for await (const f of client.files.list()) ids.push(f.id);
    expect(`${form}: a file is listed`, ids.includes(file.id));
    expect(`${form}: and read back`, (await (await client.files.content(file.id)).text()) === train);
    const job = await client.fineTuning.jobs.create({ model: "gpt-4o-mini-2024-07-18", training_file: file.id, suffix: "js" });
    execFileSync(process.env.KVSIM, ["clock", "advance", "2h"], { stdio: "ignore" });
    const done = await client.fineTuning.jobs.retrieve(job.id);
    expect(`${form}: a job succeeds`, done.status === "succeeded" && done.fine_tuned_model.endsWith("-js"));
    await deploy("tuned", done.fine_tuned_model);
    const ask = (content, more) => client.chat.completions.create({ model: "tuned", messages: [{ role: "user", content }], ...more });
    expect(`${form}: it says what it was trained to say`, (await ask("q3")).choices[0].message.content === "a3");
    const whole = (await ask("one two three")).choices[0].message.content;
    let pieces = "";
    for await (const part of await ask("one two three", { stream: true })) pieces += part.choices[0]?.delta.content ?? "";
    expect(`${form}: the same comes as a stream`, pieces === whole);
    const vectors = await client.embeddings.create({ model: "embed", input: ["a", "b"] });
    expect(`${form}: embeddings`, vectors.data.length === 2 && vectors.data[1].embedding.length === 1536);
    await refused(`${form}: a deployment that is not there`, 404, "DeploymentNotFound", () => client.chat.completions.create({ model: "none", messages: [{ role: "user", content: "x" }] }));
    await arm.deployments.beginDeleteAndWait(RG, NAME, "tuned", fast);
    expect(`${form}: the file is deleted`, (await client.files.delete(file.id)).deleted);
}

await arm.accounts.beginCreateAndWait(RG, NAME, { kind: "OpenAI", location: "westeurope", sku: { name: "S0" }, properties: { customSubDomainName: NAME } }, fast);
const apiKey = (await arm.accounts.listKeys(RG, NAME)).key1;
await deploy("embed", "text-embedding-ada-002");
const endpoint = `https://${NAME}.openai.azure.com`;
await exercise("dated", new AzureOpenAI({ endpoint, apiKey, apiVersion: "2024-10-21" }));
await exercise("v1", new OpenAI({ baseURL: `${endpoint}/openai/v1/`, apiKey }));
