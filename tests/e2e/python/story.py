"""The Python SDKs with their default public-cloud configuration, through the proxy: keys, vaults, accounts, files."""

import hashlib
import io
import os
import uuid

import openai
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from azure.keyvault.keys import KeyClient, KeyCurveName
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient

TENANT, SUB, RG = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_SUBSCRIPTION_ID"], "rg"
credential = DefaultAzureCredential()


def expect(what, good):
    assert good, what
    print("ok", what)


def refused(what, kind, status, call):
    try:
        call()
    except kind as e:
        found = getattr(e, "status_code", None) or getattr(getattr(e, "response", None), "status_code", None)
        expect(f"{what} is refused with {status}", found == status)
        return e
    raise AssertionError(what + " was not refused")


def oid():
    import base64
    import json
    part = credential.get_token("https://vault.azure.net/.default").token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["oid"]


def policy(who, keys):
    return {"tenantId": TENANT, "objectId": who, "permissions": {"keys": keys}}


def make_vault(vaults, name, **properties):
    return vaults.vaults.begin_create_or_update(RG, name, {"location": "westeurope", "properties": {
        "tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [policy(oid(), ["all"])],
        "enableRbacAuthorization": False, **properties}}).result()


def vaults_story(vaults):
    vault = make_vault(vaults, "pyvault", enablePurgeProtection=True)
    expect("a vault is created", vault.properties.vault_uri == "https://pyvault.vault.azure.net/")
    expect("it is listed", [v.name for v in vaults.vaults.list_by_resource_group(RG)] == ["pyvault"])
    refused("a vault that is not there", ResourceNotFoundError, 404, lambda: vaults.vaults.get(RG, "nosuchvault"))
    make_vault(vaults, "pygone")
    vaults.vaults.delete(RG, "pygone")
    expect("a deleted vault is listed", "pygone" in [v.name for v in vaults.vaults.list_deleted()])
    vaults.vaults.begin_purge_deleted("pygone", "westeurope").result()
    refused("a purged vault", HttpResponseError, 404, lambda: vaults.vaults.get_deleted("pygone", "westeurope"))
    return vault


def crypto_story(keys):
    rsa = keys.create_rsa_key("rsa", size=2048)
    secret = os.urandom(32)
    # By the key (encryption is local), and by its id with no right to read it spoilt: all remote.
    for client in (CryptographyClient(rsa, credential), keys.get_cryptography_client("rsa", key_version=rsa.properties.version)):
        for alg in (EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256, EncryptionAlgorithm.rsa1_5):
            expect(f"{alg.value} decrypts", client.decrypt(alg, client.encrypt(alg, secret).ciphertext).plaintext == secret)
        for alg in (KeyWrapAlgorithm.rsa_oaep, KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa1_5):
            expect(f"{alg.value} unwraps", client.unwrap_key(alg, client.wrap_key(alg, secret).encrypted_key).key == secret)
        for alg, h in (("RS256", "sha256"), ("RS384", "sha384"), ("RS512", "sha512"), ("PS256", "sha256"), ("PS384", "sha384"), ("PS512", "sha512")):
            signs(client, alg, h)
    for crv, alg, h in ((KeyCurveName.p_256, "ES256", "sha256"), (KeyCurveName.p_384, "ES384", "sha384"), (KeyCurveName.p_521, "ES512", "sha512"),
                        (KeyCurveName.p_256_k, "ES256K", "sha256")):
        signs(CryptographyClient(keys.create_ec_key("ec-" + crv.value, curve=crv), credential), alg, h)


def signs(client, alg, h):
    digest = hashlib.new(h, b"data").digest()
    signature = client.sign(SignatureAlgorithm(alg), digest).signature
    good = client.verify(SignatureAlgorithm(alg), digest, signature).is_valid
    bad = client.verify(SignatureAlgorithm(alg), hashlib.new(h, b"other").digest(), signature).is_valid
    expect(f"{alg} signs and verifies", good and not bad)


def life_story(keys):
    for _ in range(3):
        keys.create_ec_key("life")
    expect("versions are listed", len(list(keys.list_properties_of_key_versions("life"))) == 3)
    changed = keys.update_key_properties("life", enabled=False, tags={"a": "b"})
    expect("a key is updated", changed.properties.enabled is False and changed.properties.tags == {"a": "b"})
    expect("keys are listed page by page", {"life", "rsa"} <= {k.name for k in keys.list_properties_of_keys(max_page_size=2)})
    deleted = keys.begin_delete_key("life").result()
    expect("a key is deleted", deleted.recovery_id == "https://pyvault.vault.azure.net/deletedkeys/life")
    refused("a deleted key", ResourceNotFoundError, 404, lambda: keys.get_key("life"))
    refused("its name", ResourceExistsError, 409, lambda: keys.create_ec_key("life"))
    expect("deleted keys are listed", [k.name for k in keys.list_deleted_keys()] == ["life"])
    refused("purging under purge protection", HttpResponseError, 403, lambda: keys.purge_deleted_key("life"))
    keys.begin_recover_deleted_key("life").result()
    expect("a key is recovered", keys.get_key("life").properties.enabled is False)


def give_role(scope, role):
    """An owner has no data action: keys apart, the data plane wants a role (rbac-roles/)."""
    a = requests.put(f"https://management.azure.com{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
                     params={"api-version": "2022-04-01"},
                     headers={"Authorization": "Bearer " + credential.get_token("https://management.azure.com/.default").token},
                     json={"properties": {"principalId": oid(), "roleDefinitionId":
                           f"/subscriptions/{SUB}/providers/Microsoft.Authorization/roleDefinitions/{role}"}})
    expect("a role is assigned", a.status_code == 201)


def account_story(vaults, keys, vault):
    ai = CognitiveServicesManagementClient(credential, SUB)
    ai.accounts.begin_create(RG, "pyacct", {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "westeurope",
                                            "properties": {"customSubDomainName": "pyacct"}}).result()
    account = ai.accounts.begin_update(RG, "pyacct", {"identity": {"type": "SystemAssigned"}}).result()
    access = {"properties": {"accessPolicies": [policy(account.identity.principal_id, ["get", "wrapKey", "unwrapKey"])]}}
    cmk = keys.create_rsa_key("cmk", size=2048)
    encryption = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {
        "keyVaultUri": vault.properties.vault_uri, "keyName": "cmk", "keyVersion": cmk.properties.version}}
    bind = lambda: ai.accounts.begin_update(RG, "pyacct", {"properties": {"encryption": encryption}}).result()
    refused("a binding without access to the key", HttpResponseError, 403, bind)
    vaults.vaults.update_access_policy(RG, "pyvault", "add", access)
    expect("the account is bound", bind().properties.encryption.key_vault_properties.key_version == cmk.properties.version)
    content = os.urandom(300000)
    azure = lambda **kw: openai.AzureOpenAI(azure_endpoint="https://pyacct.openai.azure.com", api_version="2024-10-21", max_retries=0, **kw)
    by_key = azure(api_key=ai.accounts.list_keys(RG, "pyacct").key1)
    by_token = azure(azure_ad_token_provider=get_bearer_token_provider(credential, "https://cognitiveservices.azure.com/.default"))
    give_role(account.id, "a001fd3d-188f-4b5d-821b-7da978bf7442")  # Cognitive Services OpenAI Contributor
    file = by_key.files.create(file=("data.jsonl", io.BytesIO(content)), purpose="fine-tune")
    for name, client in (("the account's key", by_key), ("an Entra token", by_token)):
        expect("a file is downloaded with " + name, client.files.content(file.id).read() == content)
    read = lambda: by_key.files.content(file.id).read()
    keys.begin_delete_key("cmk").result()
    refused("the download after deleting the key", openai.PermissionDeniedError, 403, read)
    keys.begin_recover_deleted_key("cmk").result()
    expect("recovering the key restores it", read() == content)
    vaults.vaults.update_access_policy(RG, "pyvault", "remove", access)
    refused("the download after removing the policy", openai.PermissionDeniedError, 403, read)
    vaults.vaults.update_access_policy(RG, "pyvault", "add", access)
    expect("giving access back restores it", read() == content)
    off = ai.accounts.begin_update(RG, "pyacct", {"properties": {"encryption": {"keySource": "Microsoft.CognitiveServices"}}}).result()
    expect("customer-managed keys are switched off", off.properties.encryption is None or off.properties.encryption.key_source == "Microsoft.CognitiveServices")
    vaults.vaults.update_access_policy(RG, "pyvault", "remove", access)
    expect("and the vault is not asked any more", read() == content)
    expect("files are listed, once each", [f.id for f in by_key.files.list()].count(file.id) == 1)
    expect("a file is deleted", by_key.files.delete(file.id).deleted)
    ai.accounts.begin_delete(RG, "pyacct").result()
    expect("a deleted account is listed", [a.name for a in ai.deleted_accounts.list()] == ["pyacct"])
    ai.deleted_accounts.begin_purge("westeurope", RG, "pyacct").result()
    expect("and purged", not list(ai.deleted_accounts.list()))


def main():
    vaults = KeyVaultManagementClient(credential, SUB)
    vault = vaults_story(vaults)
    keys = KeyClient(vault.properties.vault_uri, credential)
    crypto_story(keys)
    life_story(keys)
    account_story(vaults, keys, vault)
    print("all passed")


if __name__ == "__main__":
    main()
