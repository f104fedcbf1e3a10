#!/bin/bash
# The newest az, unconfigured but for `kvsim env`, through the proxy under the public Azure names: login, vault
# and policy, keys, account, identity, encryption; and both documented commands that revoke (rev.cli), each of
# which must stop the next download.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
version=2.91.0
venv=${XDG_CACHE_HOME:-$HOME/.cache}/kvsim/az-$version

if [ ! -x "$venv/bin/az" ]; then
    echo "Installing azure-cli $version into $venv (once; a minute or two)"
    python3 -m venv "$venv.new"
    "$venv.new/bin/pip" install --quiet --disable-pip-version-check "azure-cli==$version"
    rm -rf "$venv"
    mv "$venv.new" "$venv"
fi
az() { "$venv/bin/python" -m azure.cli "$@" --only-show-errors; }

KVSIM_STATE=$(mktemp -d)
export KVSIM_STATE
"$root/build/tools/kvsim" up --port-base 0 --durability relaxed >"$KVSIM_STATE.log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$KVSIM_STATE" "$KVSIM_STATE.log"' EXIT
for _ in $(seq 200); do
    [ -s "$KVSIM_STATE/endpoints.json" ] && break
    read -rt 0.05 <> <(:) || [ $? -gt 128 ]
done
eval "$("$root/build/tools/kvsim" env)"

expect() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] || { echo "$1: expected '$2', got '$3'" >&2; exit 1; }
    echo "ok $1"
}

az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" -o none
expect "account show" "$AZURE_SUBSCRIPTION_ID" "$(az account show --query id -o tsv)"
az group create -n rg -l westeurope -o none
az keyvault create -g rg -n azvault -l westeurope --enable-rbac-authorization false --enable-purge-protection true -o none
expect "keyvault show" "true" "$(az keyvault show -n azvault --query properties.enablePurgeProtection -o tsv)"
expect "key create" "RSA" "$(az keyvault key create --vault-name azvault -n cmk --kty RSA --query key.kty -o tsv)"
kid=$(az keyvault key show --vault-name azvault -n cmk --query key.kid -o tsv)
case $kid in https://azvault.vault.azure.net/keys/cmk/*) echo "ok key show" ;; *) echo "kid $kid" >&2 && exit 1 ;; esac
secret=$(az keyvault key encrypt --vault-name azvault -n cmk -a RSA-OAEP-256 --data-type plaintext --value hello --query result -o tsv)
# az prints Python's bytes literal here
expect "key encrypt, decrypt" "b'hello'" "$(az keyvault key decrypt --vault-name azvault -n cmk -a RSA-OAEP-256 --data-type plaintext --value "$secret" --query result -o tsv)"
az keyvault key create --vault-name azvault -n spare --kty EC --curve P-384 -o none
az keyvault key delete --vault-name azvault -n spare -o none
az keyvault key recover --vault-name azvault -n spare -o none
expect "key recover" P-384 "$(az keyvault key show --vault-name azvault -n spare --query key.crv -o tsv)"

az cognitiveservices account create -g rg -n azacct --kind OpenAI --sku S0 -l westeurope --custom-domain azacct --yes -o none
identity=$(az cognitiveservices account identity assign -g rg -n azacct --query principalId -o tsv)
az keyvault set-policy -g rg -n azvault --object-id "$identity" --key-permissions get wrapKey unwrapKey -o none
bind() {
    az cognitiveservices account update -g rg -n azacct --encryption "{\"keySource\":\"Microsoft.KeyVault\",\"keyVaultProperties\":{\"keyVaultUri\":\"https://azvault.vault.azure.net/\",\"keyName\":\"cmk\",\"keyVersion\":\"${kid##*/}\"}}" -o none
}
bind
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
echo "az $version: all passed"
