#!/bin/bash
# The newest az against accounts of AI services and user-assigned identities: what `az cognitiveservices` and `az identity` ask for, under the
# public Azure names.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need_az 2.91.0
ai() { az cognitiveservices "$@"; }

start_kvsim

az login --service-principal -u "$AZURE_CLIENT_ID" --password="$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" -o none
az group create -n rg -l westeurope -o none

expect "account create" Succeeded "$(ai account create -g rg -n acct --kind OpenAI --sku S0 -l westeurope --custom-domain acct --yes --query properties.provisioningState -o tsv)"
expect "account show" https://acct.openai.azure.com/ "$(ai account show -g rg -n acct --query properties.endpoint -o tsv)"
refused "a sub-domain that is taken" CustomDomainInUse ai account create -g rg -n twin --kind OpenAI --sku S0 -l westeurope --custom-domain acct --yes
refused "a SKU of another kind" SpecialFeatureOrQuotaIdRequired ai account create -g rg -n twin --kind OpenAI --sku F0 -l westeurope --yes
expect "account list" acct "$(ai account list -g rg --query '[].name' -o tsv)"
expect "account list-kinds" OpenAI "$(ai account list-kinds --query "[?@=='OpenAI']" -o tsv)"
expect "account list-skus" S0 "$(ai account list-skus -g rg -n acct --query 'value[].sku.name' -o tsv)"
expect "account list-models" 0613 "$(ai account list-models -g rg -n acct --query "[?name=='gpt-35-turbo' && isDefaultVersion].version" -o tsv)"
ai account network-rule add -g rg -n acct --ip-address 200.0.0.1 -o none
expect "network-rule list" 200.0.0.1 "$(ai account network-rule list -g rg -n acct --query 'ipRules[].value' -o tsv)"
old=$(ai account keys list -g rg -n acct --query key1 -o tsv)
new=$(ai account keys regenerate -g rg -n acct --key-name key1 --query key1 -o tsv)
if [ "$old" = "$new" ]; then echo "keys regenerate: the same key" >&2 && exit 1; fi
echo "ok keys regenerate"

deploy() { # NAME MODEL VERSION CAPACITY
    ai account deployment create -g rg -n acct --deployment-name "$1" --model-format OpenAI --model-name "$2" --model-version "$3" \
        --sku-name Standard --sku-capacity "$4" --query properties.provisioningState -o tsv
}
expect "deployment create" Succeeded "$(deploy d gpt-4o 2024-08-06 1)"
refused "a model that there is not" DeploymentModelNotSupported deploy e gpt-4.1-mini 2024-11-20 1
refused "more than the quota" InsufficientQuota deploy e gpt-4o 2024-08-06 450
expect "deployment list" d "$(ai account deployment list -g rg -n acct --query '[].name' -o tsv)"
expect "usage list" 1 "$(ai usage list -l westeurope --query "[?name.value=='OpenAI.Standard.gpt-4o'].currentValue" -o tsv | cut -d. -f1)"
ai account deployment delete -g rg -n acct --deployment-name d -o none
expect "deployment delete" "" "$(ai account deployment list -g rg -n acct --query '[].name' -o tsv)"

expect "identity create" mine "$(az identity create -g rg -n mine -l westeurope --query name -o tsv)"
expect "identity show" "$(az identity list -g rg --query '[0].principalId' -o tsv)" "$(az identity show -g rg -n mine --query principalId -o tsv)"
az identity delete -g rg -n mine
expect "identity delete" "" "$(az identity list -g rg --query '[].name' -o tsv)"

ai account delete -g rg -n acct -o none
expect "account list-deleted" acct "$(ai account list-deleted --query '[].name' -o tsv)"
refused "a create over a deleted account" FlagMustBeSetForRestore ai account create -g rg -n acct --kind OpenAI --sku S0 -l westeurope --yes
ai account recover -g rg -n acct -l westeurope -o none
expect "account recover" acct "$(ai account list -g rg --query '[].name' -o tsv)"
ai account delete -g rg -n acct -o none
ai account purge -g rg -n acct -l westeurope -o none
expect "account purge" "" "$(ai account list-deleted --query '[].name' -o tsv)"
echo "az 2.91.0: accounts and identities passed"
