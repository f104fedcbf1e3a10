#!/bin/bash
# Terraform with its azurerm provider, unchanged, through the proxy: tests/e2e/terraform is applied, planned again without a difference, refused
# a key that breaks a rule, and destroyed. Minutes of it are the provider's own waits (130 s until it believes in a vault).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
folder=${KVSIM_AZURERM:-$cache/azurerm}
command -v terraform >/dev/null || skip "terraform is not installed: it was not tested"
# Of no registry that this project reaches; building it from source takes two cores the better part of an hour.
[ -x "$folder/terraform-provider-azurerm" ] || skip "there is no azurerm provider in $folder: Terraform was not tested (GOBIN=$folder go install \
github.com/hashicorp/terraform-provider-azurerm@v1.44.1-0.20260824201233-fae580791926)"
start_kvsim
export TF_CLI_CONFIG_FILE=$KVSIM_STATE/terraformrc CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
cat >"$TF_CLI_CONFIG_FILE" <<E
provider_installation {
  dev_overrides { "hashicorp/azurerm" = "$folder" }
  direct {}
}
E
cp "$root/tests/e2e/terraform/main.tf" "$KVSIM_STATE"
terraform_in() { timeout 900 terraform "-chdir=$KVSIM_STATE" "$@" -no-color 2>&1; }
said=$KVSIM_STATE/said

terraform_in apply -auto-approve | tee "$said"
expect "apply" "Apply complete! Resources: 12 added, 0 changed, 0 destroyed." "$(grep '^Apply complete' "$said")"
# No difference: every member that was set is shown as it was set.
terraform_in plan -detailed-exitcode >"$said" || { cat "$said"; exit 1; }
echo "ok a second plan finds no difference"
# key.rsa-2048: the rule's own refusal comes through.
refused "a key of 4096 bits" "Only RSA keys of 2048 bits" terraform_in apply -auto-approve -var cmk_key=large
terraform_in plan -detailed-exitcode >"$said" || { cat "$said"; exit 1; }
echo "ok the refused change has changed nothing"
terraform_in destroy -auto-approve | tee "$said"
expect "destroy" "Destroy complete! Resources: 12 destroyed." "$(grep '^Destroy complete' "$said")"
