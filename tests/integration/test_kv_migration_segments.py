# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Segments ``.`` and ``..`` and empty ones in paths and keys, from the plan to the rollback, through playbooks."""

from __future__ import annotations

import typing as t

import pytest
from counted_runs import CountedRuns, migrating

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

COLLECTION = "secretferry.akeyless"
# Percent-encoded path at the source -> name below the mount. KV version 1 rejects "..", version 2 resolves the others.
PATHS = {
    1: {"%2E": "%2E", "f/%2E/z": "f/%2E/z", "x/%2Fy": "x/%FF/y", "x/%2F%2Fy": "x/%FF/%FF/y"},
    2: {"%2E": "%2E", "%2E%2E": "%2E%2E", "%2E%2E/esc": "%2E%2E/esc", "%2E%2E/%2E%2E/esc": "%2E%2E/%2E%2E/esc"},
}
LITERAL = {"%252E": "%252E", "%25252E": "%25252E", "d/%252E%252E/x": "d/%252E%252E/x", "%25FF": "%25FF", "%252e": "%2e"}
ALWAYS_ESCAPED = {**LITERAL, "%252e": "%252e"}
KEYS = {".": "%2E", "..": "%2E%2E", "%2E": "%252E", "a/../b": "a%2F..%2Fb"}


@pytest.mark.parametrize(
    ("version", "layout", "invalid"), [(2, "json", ""), (2, "keys", ";"), (1, "json", ";"), (1, "keys", "")]
)
def test_no_segment_of_an_items_name_can_be_resolved(
    vault: Vault, emulator: Emulator, version: int, layout: str, invalid: str
) -> None:
    kv = Kv(vault, version)
    paths = PATHS[version] | (ALWAYS_ESCAPED if invalid else LITERAL)
    for path in paths:
        kv.put(path, dict.fromkeys(KEYS, path))
    below = f"/migrated/{kv.mount}"
    keys = [f"/{key}" for key in KEYS.values()] if layout == "keys" else [""]
    expected = {f"{below}/{path}{key}" for path in paths.values() for key in keys}
    options: dict[str, t.Any] = {"layout": layout, "invalid_characters": invalid, "source": {"paths": [f"{kv.mount}/"]}}
    same = {"name": "test", "target_location": "/migrated"}
    tasks: list[dict[str, t.Any]] = [
        migrating(f"batch {bits}", scope={"hash_prefix": bits}, **options) for bits in ("0", "1")
    ]
    tasks += [
        migrating("again", **options),
        {"name": "sync", f"{COLLECTION}.kv_sync": {**same, "state": "synced", "delete": True}},
        {"name": "verify", f"{COLLECTION}.kv_verify": {**same, "extra_items": "fail"}},
        {"name": "assess", f"{COLLECTION}.kv_info": options | {"target_location": "/migrated"}},
    ]
    back = {"name": "back", f"{COLLECTION}.kv_rollback": same}
    stage = CountedRuns(vault, emulator)
    try:
        plan = stage.run([migrating("plan", **options)], "--check")["plan"]
        run = stage.run(tasks)
        items = {name for name in emulator.control.dump() if "/.secretferry/" not in name}
        undo = stage.run([back], "--check")["back"]
        gone = stage.run([back])["back"]
    finally:
        stage.close()
    assert {line["item"] for line in plan["plan"]} == expected == items
    assert not run["again"]["changed"]
    assert not run["sync"]["changed"]
    assert run["verify"]["summary"]["expected_items"] == len(expected)
    assert not run["verify"]["failed"]
    assert run["assess"]["names"]["replaced_count"] >= len(PATHS[version])
    sources = {line["item"]: line["source"] for line in plan["plan"]}
    for result in (undo, gone):
        assert {line["item"]: line["source"] for line in result["plan"]} == sources
    assert not emulator.control.dump()


def test_what_vault_does_not_list_is_a_failure_and_not_an_endless_walk(vault: Vault, emulator: Emulator) -> None:
    kv = Kv(vault, 1)
    for path in ("%2Fhidden", "shown"):
        kv.put(path, {"v": 1})
    stage = CountedRuns(vault, emulator)
    try:
        run = stage.run([{**migrating("migrate", source={"paths": [f"{kv.mount}/"]}), "ignore_errors": True}])[
            "migrate"
        ]
    finally:
        stage.close()
    assert run["failed"]
    assert f"{kv.mount}//: Vault does not list" in run["msg"]
    assert set(emulator.control.dump()) >= {f"/migrated/{kv.mount}/shown"}
