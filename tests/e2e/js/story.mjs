// The JavaScript SDKs with their default public-cloud configuration, through the proxy.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { DefaultAzureCredential } from "@azure/identity";
import { KeyClient, CryptographyClient } from "@azure/keyvault-keys";
import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { CognitiveServicesManagementClient } from "@azure/arm-cognitiveservices";

const tenantId = process.env.AZURE_TENANT_ID;
const subscription = process.env.AZURE_SUBSCRIPTION_ID;
const credential = new DefaultAzureCredential();
const token = (await credential.getToken("https://vault.azure.net/.default")).token;
const { oid } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const rg = "rg";
const fast = { updateIntervalInMs: 10 };
const ok = (what) => console.log("ok", what);
const all = async (pages) => {
  const list = [];
  for await (const item of pages) list.push(item);
  return list;
};

const vaults = new KeyVaultManagementClient(credential, subscription);
const policy = (objectId, keys) => ({ tenantId, objectId, permissions: { keys } });
const makeVault = (name, enablePurgeProtection) => vaults.vaults.beginCreateOrUpdateAndWait(rg, name, {
  location: "westeurope",
  properties: {
    tenantId, sku: { family: "A", name: "standard" }, accessPolicies: [policy(oid, ["all"])],
    enablePurgeProtection, enableRbacAuthorization: false,
  },
}, fast);

async function vaultStory() {
  const vault = await makeVault("jsvault", true);
  assert.equal(vault.properties.vaultUri, "https://jsvault.vault.azure.net/");
  assert.equal(vault.properties.provisioningState, "Succeeded");
  await makeVault("jsopen", undefined);
  assert.deepEqual((await all(vaults.vaults.listByResourceGroup(rg))).map((v) => v.name).sort(), ["jsopen", "jsvault"]);
  assert.deepEqual((await all(vaults.vaults.list())).map((v) => v.name).sort(), ["jsopen", "jsvault"]);
  await assert.rejects(vaults.vaults.get(rg, "nosuchvault"), { statusCode: 404, code: "ResourceNotFound" });
  await makeVault("jsgone", undefined);
  await vaults.vaults.delete(rg, "jsgone");
  assert.equal((await vaults.vaults.getDeleted("jsgone", "westeurope")).name, "jsgone");
  await vaults.vaults.beginPurgeDeletedAndWait("jsgone", "westeurope", fast);
  await assert.rejects(vaults.vaults.getDeleted("jsgone", "westeurope"), { statusCode: 404 });
  ok("vaults are created, listed, deleted and purged");
  return vault;
}

async function rsaStory(keys) {
  const rsa = await keys.createRsaKey("rsa", { keySize: 2048 });
  assert.match(rsa.id, /^https:\/\/jsvault\.vault\.azure\.net\/keys\/rsa\/[0-9a-f]{32}$/);
  const secret = randomBytes(32);
  // With the key (some work is done locally), and by an id without a version (/keys/rsa//wrapkey).
  for (const client of [new CryptographyClient(rsa, credential), new CryptographyClient("https://jsvault.vault.azure.net/keys/rsa", credential)]) {
    for (const alg of ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"]) {
      const { result } = await client.wrapKey(alg, secret);
      assert.deepEqual(Buffer.from((await client.unwrapKey(alg, result)).result), secret, alg);
      const { result: ciphertext } = await client.encrypt({ algorithm: alg, plaintext: secret });
      assert.deepEqual(Buffer.from((await client.decrypt({ algorithm: alg, ciphertext })).result), secret, alg);
    }
    for (const alg of ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]) await signs(client, alg);
  }
  ok("RSA: every algorithm");
}

async function signs(client, alg) {
  const hash = (text) => createHash("sha" + (/\d{3}/.exec(alg)[0])).update(text).digest();
  const { result } = await client.sign(alg, hash("data"));
  assert.equal((await client.verify(alg, hash("data"), result)).result, true, alg);
  assert.equal((await client.verify(alg, hash("other"), result)).result, false, alg);
  const signed = await client.signData(alg, Buffer.from("data"));
  // verifyData of PS* is wrong in the SDK itself (clients.md section 10, B2).
  if (!alg.startsWith("PS")) assert.equal((await client.verifyData(alg, Buffer.from("data"), signed.result)).result, true, alg);
}

async function ecStory(keys) {
  for (const [curve, alg] of [["P-256", "ES256"], ["P-384", "ES384"], ["P-521", "ES512"], ["P-256K", "ES256K"]]) {
    const key = await keys.createEcKey("ec-" + curve, { curve });
    assert.equal(key.key.crv, curve);
    await signs(new CryptographyClient(key, credential), alg);
  }
  ok("EC: every algorithm");
}

async function lifeStory(keys, open) {
  await assert.rejects(keys.getKey("missing"), { code: "KeyNotFound", statusCode: 404 });
  for (let i = 0; i < 3; i++) await keys.createEcKey("life", { curve: "P-256" });
  assert.equal((await all(keys.listPropertiesOfKeyVersions("life"))).length, 3);
  const updated = await keys.updateKeyProperties("life", { enabled: false, tags: { a: "b" } });
  assert.deepEqual([updated.properties.enabled, updated.properties.tags.a], [false, "b"]);
  await keys.updateKeyProperties("life", { enabled: true });
  const names = [];
  for await (const page of keys.listPropertiesOfKeys().byPage({ maxPageSize: 2 })) names.push(...page.map((p) => p.name));
  assert.deepEqual(names.sort(), ["ec-P-256", "ec-P-256K", "ec-P-384", "ec-P-521", "life", "rsa"]);
  const deletion = await keys.beginDeleteKey("life", { intervalInMs: 10 });
  assert.equal((await deletion.pollUntilDone()).properties.recoveryId, "https://jsvault.vault.azure.net/deletedkeys/life");
  assert.deepEqual((await all(keys.listDeletedKeys())).map((k) => k.name), ["life"]);
  await assert.rejects(keys.createEcKey("life"), { statusCode: 409 });
  const recovery = await keys.beginRecoverDeletedKey("life", { intervalInMs: 10 });
  assert.equal((await recovery.pollUntilDone()).name, "life");
  await (await keys.beginDeleteKey("life", { intervalInMs: 10 })).pollUntilDone();
  await assert.rejects(keys.purgeDeletedKey("life"), { statusCode: 403 });
  await open.createEcKey("brief");
  await (await open.beginDeleteKey("brief", { intervalInMs: 10 })).pollUntilDone();
  await open.purgeDeletedKey("brief");
  await assert.rejects(open.getDeletedKey("brief"), { statusCode: 404 });
  const expired = await open.createRsaKey("old", { expiresOn: new Date(Date.now() - 60000) });
  const byId = new CryptographyClient(expired.id, credential, { keepKeyLocal: false });
  await assert.rejects(byId.sign("RS256", randomBytes(32)));
  ok("keys live, die and come back");
}

// Node's own fetch knows no proxy: the files go through curl, with the same environment.
const curl = (...args) => execFileSync("curl", ["-sS", ...args], { maxBuffer: 1 << 24 });

async function accountStory(keys, vault) {
  const ai = new CognitiveServicesManagementClient(credential, subscription);
  const account = await ai.accounts.beginCreateAndWait(rg, "jsacct", { kind: "OpenAI", sku: { name: "S0" }, location: "westeurope", properties: { customSubDomainName: "jsacct" } }, fast);
  assert.equal(account.properties.provisioningState, "Succeeded");
  const update = (properties) => ai.accounts.beginUpdateAndWait(rg, "jsacct", properties, fast);
  const { identity } = await update({ identity: { type: "SystemAssigned" } });
  const cmk = await keys.createRsaKey("cmk", { keySize: 2048 });
  const encryption = { keySource: "Microsoft.KeyVault", keyVaultProperties: { keyVaultUri: vault.properties.vaultUri, keyName: "cmk", keyVersion: cmk.properties.version } };
  await assert.rejects(update({ properties: { encryption } }), { statusCode: 403 });
  const access = { properties: { accessPolicies: [policy(identity.principalId, ["get", "wrapKey", "unwrapKey"])] } };
  await vaults.vaults.updateAccessPolicy(rg, "jsvault", "add", access);
  assert.equal((await update({ properties: { encryption } })).properties.encryption.keyVaultProperties.keyVersion, cmk.properties.version);
  ok("the account is bound");

  const { key1 } = await ai.accounts.listKeys(rg, "jsacct");
  const files = "https://jsacct.openai.azure.com/openai/files", q = "?api-version=2024-10-21", auth = `api-key: ${key1}`;
  const { id } = JSON.parse(curl("-H", auth, "-F", "purpose=assistants", "-F", "file=@story.mjs", files + q));
  const download = () => curl("-o", "downloaded", "-w", "%{http_code}", "-H", auth, `${files}/${id}/content${q}`).toString();
  assert.equal(download(), "200");
  await (await keys.beginDeleteKey("cmk", { intervalInMs: 10 })).pollUntilDone();
  assert.equal(download(), "403");
  await (await keys.beginRecoverDeletedKey("cmk", { intervalInMs: 10 })).pollUntilDone();
  assert.equal(download(), "200");
  await vaults.vaults.updateAccessPolicy(rg, "jsvault", "remove", access);
  assert.equal(download(), "403");
  await vaults.vaults.updateAccessPolicy(rg, "jsvault", "add", access);
  await keys.updateKeyProperties("cmk", { enabled: false });
  assert.equal(download(), "403");
  await keys.updateKeyProperties("cmk", { enabled: true });
  assert.equal(download(), "200");
  ok("deleting the key, removing the policy and disabling the key each stop the next download");

  await update({ properties: { encryption: { keySource: "Microsoft.CognitiveServices" } } });
  await vaults.vaults.updateAccessPolicy(rg, "jsvault", "remove", access);
  assert.equal(download(), "200");
  await ai.accounts.beginDeleteAndWait(rg, "jsacct", fast);
  assert.deepEqual((await all(ai.deletedAccounts.list())).map((a) => a.name), ["jsacct"]);
  await ai.deletedAccounts.beginPurgeAndWait("westeurope", rg, "jsacct", fast);
  assert.equal((await all(ai.deletedAccounts.list())).length, 0);
  ok("customer-managed keys are switched off; the account is deleted and purged");
}

const vault = await vaultStory();
const keys = new KeyClient(vault.properties.vaultUri, credential);
await rsaStory(keys);
await ecStory(keys);
await lifeStory(keys, new KeyClient("https://jsopen.vault.azure.net", credential));
await accountStory(keys, vault);
console.log("all passed");
process.exit(0);
