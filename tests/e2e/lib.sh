# shellcheck shell=bash
# Sourced by the tests with real clients: a kvsim of their own, and the environment that `kvsim env` gives. Nothing else
# tells the clients where to go.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${KVSIM_BUILD:-$root/build}
# shellcheck disable=SC2034 # for those who source this
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvsim

skip() { # WHY
    echo "$1"
    exit 77
}

start_kvsim() {
    KVSIM_STATE=$(mktemp -d)
    export KVSIM_STATE
    "$build/tools/kvsim" up --port-base 0 --durability relaxed >"$KVSIM_STATE.log" 2>&1 &
    kvsim_pid=$!
    trap 'kill $kvsim_pid 2>/dev/null; wait $kvsim_pid 2>/dev/null; rm -rf "$KVSIM_STATE" "$KVSIM_STATE.log"' EXIT
    for _ in $(seq 600); do
        [ -s "$KVSIM_STATE/endpoints.json" ] && break
        kill -0 $kvsim_pid 2>/dev/null || { cat "$KVSIM_STATE.log"; exit 1; }
        read -rt 0.05 <> <(:) || [ $? -gt 128 ]
    done
    eval "$("$build/tools/kvsim" env)"
}

# The SDKs of these tests have no client for resource groups.
make_group() { # NAME
    token=$(curl -sS "https://login.microsoftonline.com/$AZURE_TENANT_ID/oauth2/v2.0/token" -d grant_type=client_credentials \
        -d "client_id=$AZURE_CLIENT_ID" --data-urlencode "client_secret=$AZURE_CLIENT_SECRET" \
        -d scope=https://management.azure.com/.default | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
    curl -sS -o /dev/null -X PUT -H "Authorization: Bearer $token" -d '{"location":"westeurope"}' \
        "https://management.azure.com/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$1?api-version=2024-11-01"
}

# After make_group: a vault in which the operator may do everything with keys.
make_vault() { # GROUP NAME
    oid=$(printf %s "$token" | cut -d. -f2 | tr '_-' '/+' | sed 's/$/==/' | base64 -di 2>/dev/null | sed 's/.*"oid":"\([^"]*\)".*/\1/')
    curl -sS -o /dev/null -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"location":"westeurope","properties":{
        "tenantId":"'"$AZURE_TENANT_ID"'","sku":{"family":"A","name":"standard"},"enableRbacAuthorization":false,"accessPolicies":[
        {"tenantId":"'"$AZURE_TENANT_ID"'","objectId":"'"$oid"'","permissions":{"keys":["all"]}}]}}' \
        "https://management.azure.com/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$1/providers/Microsoft.KeyVault/vaults/$2?api-version=2023-07-01"
}

# az of this version, in a folder of its own.
need_az() { # VERSION
    az_venv=$cache/az-$1
    if [ ! -x "$az_venv/bin/az" ]; then
        echo "Installing azure-cli $1 into $az_venv (once; a minute or two)"
        python3 -m venv "$az_venv.new"
        "$az_venv.new/bin/pip" install --quiet --disable-pip-version-check "azure-cli==$1"
        rm -rf "$az_venv"
        mv "$az_venv.new" "$az_venv"
    fi
    az() { "$az_venv/bin/python" -m azure.cli "$@" --only-show-errors; }
}

expect() { # WHAT EXPECTED GOT
    [ "$2" = "$3" ] || { echo "$1: expected '$2', got '$3'" >&2; exit 1; }
    echo "ok $1"
}

refused() { # WHAT TEXT COMMAND...
    local what=$1 text=$2 said
    shift 2
    if said=$("$@" 2>&1); then echo "$what was not refused" >&2 && exit 1; fi
    case $said in *"$text"*) echo "ok $what is refused" ;; *) echo "$what: $said" >&2 && exit 1 ;; esac
}
