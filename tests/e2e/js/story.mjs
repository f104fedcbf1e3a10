// The JavaScript SDKs with their default public-cloud configuration, through the proxy.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
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

const vaults = new KeyVaultManagementClient(credential, subscription);
const policy = (objectId, keys) => ({ tenantId, objectId, permissions: { keys } });
const parameters = (...policies) => ({
  location: "westeurope",
  properties: {
    tenantId, sku: { family: "A", name: "standard" }, accessPolicies: [policy(oid, ["all"]), ...policies],
    enablePurgeProtection: true, enableRbacAuthorization: false,
  },
});
const vault = await vaults.vaults.beginCreateOrUpdateAndWait(rg, "jsvault", parameters());
assert.equal(vault.properties.vaultUri, "https://jsvault.vault.azure.net/");
assert.equal(vault.properties.provisioningState, "Succeeded");

const keys = new KeyClient(vault.properties.vaultUri, credential);
const rsa = await keys.createRsaKey("cmk", { keySize: 2048 });
assert.match(rsa.id, /^https:\/\/jsvault\.vault\.azure\.net\/keys\/cmk\/[0-9a-f]{32}$/);
const secret = randomBytes(32);
for (const client of [new CryptographyClient(rsa, credential), new CryptographyClient("https://jsvault.vault.azure.net/keys/cmk", credential)]) {
  for (const alg of ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"]) {
    const { result } = await client.wrapKey(alg, secret);
    assert.deepEqual(Buffer.from((await client.unwrapKey(alg, result)).result), secret, alg);
  }
  const digest = randomBytes(32);
  const { result } = await client.sign("PS256", digest);
  assert.equal((await client.verify("PS256", digest, result)).result, true);
  digest[0] ^= 1;
  assert.equal((await client.verify("PS256", digest, result)).result, false);
}
const ec = await keys.createEcKey("ec", { curve: "P-256K" });
assert.equal(ec.key.crv, "P-256K");
await assert.rejects(keys.getKey("missing"), { code: "KeyNotFound", statusCode: 404 });
const updated = await keys.updateKeyProperties("ec", { enabled: false, tags: { a: "b" } });
assert.deepEqual([updated.properties.enabled, updated.properties.tags.a], [false, "b"]);
const names = [];
for await (const p of keys.listPropertiesOfKeys()) names.push(p.name);
assert.deepEqual(names.sort(), ["cmk", "ec"]);
const deletion = await keys.beginDeleteKey("ec", { intervalInMs: 10 });
assert.equal((await deletion.pollUntilDone()).name, "ec");
const recovery = await keys.beginRecoverDeletedKey("ec", { intervalInMs: 10 });
assert.equal((await recovery.pollUntilDone()).name, "ec");
await (await keys.beginDeleteKey("ec", { intervalInMs: 10 })).pollUntilDone();
await assert.rejects(keys.purgeDeletedKey("ec"), { statusCode: 403 });

const ai = new CognitiveServicesManagementClient(credential, subscription);
const wait = { updateIntervalInMs: 10 };
const account = await ai.accounts.beginCreateAndWait(rg, "jsacct", { kind: "OpenAI", sku: { name: "S0" }, location: "westeurope", properties: { customSubDomainName: "jsacct" } }, wait);
assert.equal(account.properties.provisioningState, "Succeeded");
const { identity } = await ai.accounts.beginUpdateAndWait(rg, "jsacct", { identity: { type: "SystemAssigned" } }, wait);
const encryption = { keySource: "Microsoft.KeyVault", keyVaultProperties: { keyVaultUri: vault.properties.vaultUri, keyName: "cmk", keyVersion: rsa.properties.version } };
await assert.rejects(ai.accounts.beginUpdateAndWait(rg, "jsacct", { properties: { encryption } }, wait), { statusCode: 403 });
await vaults.vaults.updateAccessPolicy(rg, "jsvault", "add", { properties: { accessPolicies: [policy(identity.principalId, ["get", "wrapKey", "unwrapKey"])] } });
const bound = await ai.accounts.beginUpdateAndWait(rg, "jsacct", { properties: { encryption } }, wait);
assert.equal(bound.properties.encryption.keyVaultProperties.keyVersion, rsa.properties.version);
console.log("all passed");
process.exit(0);
