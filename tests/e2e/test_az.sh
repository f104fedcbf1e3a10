#!/bin/bash
# The newest az, unconfigured but for `kvsim env`, through the proxy under the public Azure names: login, vault
# and policy, keys, account, identity, encryption; and both documented commands that revoke (rev.cli), each of
# which must stop the next download.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
version=2.91.0
need_az $version

start_kvsim

refused "a wrong secret" AADSTS7000215 az login --service-principal -u "$AZURE_CLIENT_ID" --password=-wrong --tenant "$AZURE_TENANT_ID"
az login --service-principal -u "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" -o none
expect "account show" "$AZURE_SUBSCRIPTION_ID" "$(az account show --query id -o tsv)"
az group create -n rg -l westeurope -o none
az keyvault create -g rg -n azvault -l westeurope --enable-rbac-authorization false --enable-purge-protection true -o none
expect "keyvault show" "true" "$(az keyvault show -n azvault --query properties.enablePurgeProtection -o tsv)"
expect "key create" "RSA" "$(az keyvault key create --vault-name azvault -n cmk --kty RSA --query key.kty -o tsv)"
kid=$(az keyvault key show --vault-name azvault -n cmk --query key.kid -o tsv)
case $kid in https://azvault.vault.azure.net/keys/cmk/*) echo "ok key show" ;; *) echo "kid $kid" >&2 && exit 1 ;; esac
refused "a key that is not there" KeyNotFound az keyvault key show --vault-name azvault -n nosuch
secret=$(az keyvault key encrypt --vault-name azvault -n cmk -a RSA-OAEP-256 --data-type plaintext --value hello --query result -o tsv)
# az prints Python's bytes literal here
expect "key encrypt, decrypt" "b'hello'" "$(az keyvault key decrypt --vault-name azvault -n cmk -a RSA-OAEP-256 --data-type plaintext --value "$secret" --query result -o tsv)"
az keyvault key create --vault-name azvault -n spare --kty EC --curve P-384 -o none
az keyvault key delete --vault-name azvault -n spare -o none
az keyvault key recover --vault-name azvault -n spare -o none
expect "key recover" P-384 "$(az keyvault key show --vault-name azvault -n spare --query key.crv -o tsv)"

digest=$(printf data | openssl dgst -sha384 -binary | base64 -w0)
signature=$(az keyvault key sign --vault-name azvault -n spare -a ES384 --digest "$digest" --query signature -o tsv)
expect "key sign, verify" True "$(az keyvault key verify --vault-name azvault -n spare -a ES384 --digest "$digest" --signature "$signature" --query isValid -o tsv | sed 's/^true$/True/')"
az keyvault key create --vault-name azvault -n spare --kty EC --curve P-256 -o none
expect "key list-versions" 2 "$(az keyvault key list-versions --vault-name azvault -n spare --query 'length(@)' -o tsv)"
expect "key list" "cmk spare" "$(az keyvault key list --vault-name azvault --query '[].name' -o tsv | sort | xargs)"
az keyvault create -g rg -n azgone -l westeurope --enable-rbac-authorization false -o none
expect "keyvault list" "azgone azvault" "$(az keyvault list -g rg --query '[].name' -o tsv | sort | xargs)"
az keyvault delete -n azgone -o none
expect "keyvault list-deleted" azgone "$(az keyvault list-deleted --resource-type vault --query '[].name' -o tsv)"
az keyvault recover -n azgone -l westeurope -o none
az keyvault delete -n azgone -o none
az keyvault purge -n azgone -l westeurope -o none
expect "keyvault purge" "" "$(az keyvault list-deleted --resource-type vault --query '[].name' -o tsv)"

az cognitiveservices account create -g rg -n azacct --kind OpenAI --sku S0 -l westeurope --custom-domain azacct --yes -o none
identity=$(az cognitiveservices account identity assign -g rg -n azacct --query principalId -o tsv)
az keyvault set-policy -g rg -n azvault --object-id "$identity" --key-permissions get wrapKey unwrapKey -o none
bind() {
    az cognitiveservices account update -g rg -n azacct --encryption "{\"keySource\":\"Microsoft.KeyVault\",\"keyVaultProperties\":{\"keyVaultUri\":\"https://azvault.vault.azure.net/\",\"keyName\":\"cmk\",\"keyVersion\":\"${kid##*/}\"}}" -o none
}
bind
expect "identity show" "$identity" "$(az cognitiveservices account identity show -g rg -n azacct --query principalId -o tsv)"
expect "update --encryption" Microsoft.KeyVault "$(az cognitiveservices account show -g rg -n azacct --query properties.encryption.keySource -o tsv)"
key=$(az cognitiveservices account keys list -g rg -n azacct --query key1 -o tsv)
id=$(curl -sS -H "api-key: $key" -F purpose=assistants -F "file=@$root/LICENSE" "https://azacct.openai.azure.com/openai/files?api-version=2024-10-21" | sed 's/.*"id":"\([^"]*\)".*/\1/')
download() { curl -sS -o /dev/null -w '%{http_code}' -H "api-key: $key" "https://azacct.openai.azure.com/openai/files/$id/content?api-version=2024-10-21"; }
expect "download" 200 "$(download)"
az keyvault delete-policy -g rg -n azvault --object-id "$identity" -o none
expect "delete-policy stops the next download" 403 "$(download)"
az keyvault set-policy -g rg -n azvault --object-id "$identity" --key-permissions get wrapKey unwrapKey -o none
expect "set-policy restores it" 200 "$(download)"
az keyvault key delete --vault-name azvault -n cmk -o none
expect "key delete stops the next download" 403 "$(download)"
az keyvault key recover --vault-name azvault -n cmk -o none
expect "key recover restores it" 200 "$(download)"
az keyvault key delete --id "$kid" -o none
expect "key delete --id stops it too" 403 "$(download)"
az keyvault key recover --vault-name azvault -n cmk -o none
"$root/build/tools/kvsim" rules note rev.cli obeyed
# The forms that the documents print do not pass az's own check of arguments (OAI22, OAI24; docs/fidelity.md).
refused "key delete with a vault's name and an id" "" az keyvault key delete --vault-name azvault --id "$kid"
refused "delete-policy with a key's id" "" az keyvault delete-policy -g rg -n azvault --key_id "$kid"
az keyvault set-policy -g rg -n azvault --spn "$AZURE_CLIENT_ID" --key-permissions get list -o none
refused "key delete without keys/delete" "" az keyvault key delete --vault-name azvault -n cmk
az keyvault set-policy -g rg -n azvault --spn "$AZURE_CLIENT_ID" --key-permissions all -o none
expect "the key is still there" 200 "$(download)"
"$root/build/tools/kvsim" rules note rev.cli broken
az keyvault key set-attributes --vault-name azvault -n cmk --enabled false -o none
expect "a disabled key stops it" 403 "$(download)"
az keyvault key set-attributes --vault-name azvault -n cmk --enabled true -o none
kid=$(az keyvault key create --vault-name azvault -n cmk --kty RSA --query key.kid -o tsv)
bind
expect "after rotation" 200 "$(download)"
az cognitiveservices account update -g rg -n azacct --encryption '{"keySource":"Microsoft.CognitiveServices"}' -o none
az keyvault delete-policy -g rg -n azvault --object-id "$identity" -o none
expect "without a customer's key the vault is not asked" 200 "$(download)"
az cognitiveservices account delete -g rg -n azacct -o none
expect "account list-deleted" azacct "$(az cognitiveservices account list-deleted --query '[].name' -o tsv)"
az cognitiveservices account purge -g rg -n azacct -l westeurope -o none
az group delete -n rg --yes -o none
expect "group delete" 0 "$(az group list --query 'length(@)' -o tsv)"
echo "az $version: all passed"
