"""Runs the shared replay tool with its preparation corrected, without which some recorded tests never really begin.

The tool makes the vaults that a recorded test assumes. Where the first exchanges about a vault don't show it, the tool takes the
answer about the *deleted* vault for the vault's own and asks for one without a sku (Key Vault refuses that: "The key vault sku is
invalid.", Azure/azure-rest-api-specs issue 462, and so does kvsim), or puts it into another region or group than the recording.
Here it learns these from the recording's later answers. How exchanges are judged is left alone.
Usage: main.py REPLAY_PY [options of replay.py]
"""

import pathlib
import sys

tool = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(tool.parent))

import replay  # noqa: E402
from replaylib import plan  # noqa: E402

make_plans = plan.vault_plans


def bodies_about(test, label):
    """Every answered ARM document about the vault, also as an item of a list."""
    for exchange in test.exchanges:
        body = exchange.response_body
        if not exchange.is_arm or exchange.status != 200 or not isinstance(body, dict):
            continue
        for item in body.get("value") or [body] if isinstance(body.get("value"), (list, type(None))) else []:
            if isinstance(item, dict) and str(item.get("name", "")).lower() == label.lower():
                yield item


def corrected(vault, items):
    full = next((i["properties"] for i in items if "sku" in i.get("properties", {})), None)
    if "sku" not in vault.properties and full:
        vault.properties = {k: full[k] for k in plan._COPIED_PROPERTIES if k in full}
    vault.location = next((i["location"] for i in items if "location" in i), vault.location)
    ids = (i["id"].split("/") for i in items if "/resourcegroups/" in str(i.get("id")).lower())
    vault.resource_group = vault.resource_group or next((parts[4] for parts in ids), None)


def vault_plans(test):
    plans = make_plans(test)
    for vault in plans.values():
        if vault.precreate:
            corrected(vault, list(bodies_about(test, vault.label)))
    return plans


plan.vault_plans = vault_plans
sys.exit(replay.main(sys.argv[2:]))
