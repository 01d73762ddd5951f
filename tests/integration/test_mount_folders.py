# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items below a folder that stands for their mount, from the plan to the rollback, and a client that reads on."""

from __future__ import annotations

import typing as t

import hvac
import pytest
from counted_runs import CountedRuns, migrating

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

COLLECTION = "secretferry.akeyless"
LONG = {f"note{n}": "long " * 40 for n in range(6)}  # more than a description holds


def own(emulator: Emulator) -> dict[str, t.Any]:
    """Everything at the target but ledgers."""
    items = emulator.control.dump(stable=True)
    return {name: item for name, item in items.items() if not name.startswith(("/.secretferry/", "/m/.secretferry/"))}


@pytest.mark.parametrize(("location", "layout"), [("/", "json"), ("/m", "keys")])
def test_a_migration_whose_names_do_not_have_the_mount(
    vault: Vault, emulator: Emulator, location: str, layout: str
) -> None:
    kv = Kv(vault)
    other = Kv(vault, mount=vault.enable_kv(f"group/{kv.mount}", 2))
    for path in ("payments/db", "payments/api", "shop/card", "top"):
        kv.put(path, {"password": f"old {path}"}, {"password": path})
        other.put(path, {"password": f"other {path}"})
    kv.describe("payments/db", custom_metadata=LONG)
    kv.put("other/taken", {"password": "x"})
    kv.put(".secretferry/x/lease", {"password": "x"})
    folders = {kv.mount: "", other.mount: "other"}
    below = location.rstrip("/")
    key = "/password" if layout == "keys" else ""
    expected = {
        f"{below}/{folder}{path}{key}"
        for path in ("payments/db", "payments/api", "shop/card", "top")
        for folder in ("", "other/")
    }
    same: dict[str, t.Any] = {"name": "test", "target_location": location}
    source = {"paths": [f"{kv.mount}/", f"{other.mount}/"]}
    options: dict[str, t.Any] = {"mount_folders": folders, "layout": layout, "source": source, **same}
    excluding = {**source, "exclude": [f"{kv.mount}/other/**", f"{kv.mount}/.secretferry/**"]}
    whole = {**options, "source": excluding}
    stage = CountedRuns(vault, emulator)
    try:
        plan = stage.run([migrating("plan", ignore=True, **options)], "--check")["plan"]
        assert not own(emulator)
        run = stage.run(
            [
                migrating("refused", ignore=True, **options),
                *(migrating(f"batch {bits}", scope={"hash_prefix": bits}, **whole) for bits in ("0", "1")),
                migrating("again", **{key: value for key, value in whole.items() if key != "mount_folders"}),
                {"name": "assess", f"{COLLECTION}.kv_info": {k: v for k, v in whole.items() if k != "name"}},
            ]
        )
        items = own(emulator)
        kv.put("shop/card", {"password": "newest"})
        kv.remove("top")
        later = stage.run(
            [
                {"name": "sync", f"{COLLECTION}.kv_sync": {**same, "state": "synced", "delete": True}},
                {"name": "verify", f"{COLLECTION}.kv_verify": {**same, "extra_items": "fail"}},
                migrating("moved", ignore=True, **{**whole, "mount_folders": {**folders, kv.mount: "else"}}),
            ]
        )
        after_sync = own(emulator)
        undo = stage.run([{"name": "back", f"{COLLECTION}.kv_rollback": same}])["back"]
    finally:
        stage.close()
    for result in (plan, run["refused"]):
        assert result["failed"]
        assert {line["source"] for line in result["failures"]} == {
            f"{kv.mount}/other/taken",
            f"{kv.mount}/.secretferry/x/lease",
        }
    assert {line["item"] for line in plan["plan"]} == expected
    assert set(items) == expected
    assert not run["again"]["changed"]
    assert run["again"]["at_target"]["secrets"] == len(expected)
    assert run["assess"]["target"]["migrated"] == (len(expected) if layout == "json" else 8)
    assert later["sync"]["changed"]
    assert not later["verify"]["failed"]
    assert later["verify"]["summary"]["expected_items"] == len(expected) - 1
    assert set(after_sync) == expected - {f"{below}/top{key}"}
    assert later["moved"]["failed"]
    assert "mount_folders" in later["moved"]["msg"]
    assert undo["changed"]
    assert not emulator.control.dump()


def test_at_the_root_the_rest_of_the_account_is_left_alone(vault: Vault, emulator: Emulator) -> None:
    kv = Kv(vault)
    kv.put("db", {"password": "ours"})
    options: dict[str, t.Any] = {
        "name": "test",
        "target_location": "/",
        "mount_folders": {kv.mount: ""},
        "source": {"paths": [f"{kv.mount}/"]},
    }
    stage = CountedRuns(vault, emulator)
    try:
        foreign = {"name": "another", "target_location": "/", "mount_folders": {kv.mount: "theirs"}}
        stage.run([migrating("theirs", **{**options, **foreign})])
        before = own(emulator)
        run = stage.run(
            [
                migrating("ours", **options),
                {
                    "name": "verify",
                    f"{COLLECTION}.kv_verify": {"name": "test", "target_location": "/", "extra_items": "fail"},
                },
                {"name": "back", f"{COLLECTION}.kv_rollback": {"name": "test", "target_location": "/"}},
            ]
        )
    finally:
        stage.close()
    assert not run["verify"]["failed"]
    assert run["back"]["changed"]
    assert own(emulator) == before
    assert set(before) == {"/theirs/db"}


def test_where_every_secret_is_refused_each_step_says_why(vault: Vault, emulator: Emulator) -> None:
    kv = Kv(vault)
    kv.put("a", {"password": "x"})
    same: dict[str, t.Any] = {"name": "test", "target_location": "/m"}
    options = {**same, "mount_folders": {"misspelt": ""}, "source": {"paths": [f"{kv.mount}/"]}}
    stage = CountedRuns(vault, emulator)
    try:
        run = stage.run(
            [
                migrating("plan", ignore=True, keywords={"check_mode": True}, **options),
                migrating("migrate", ignore=True, **options),
                {"name": "verify", f"{COLLECTION}.kv_verify": same, "ignore_errors": True},
                {
                    "name": "assess",
                    f"{COLLECTION}.kv_info": {k: v for k, v in options.items() if k != "name"},
                    "ignore_errors": True,
                },
            ]
        )
    finally:
        stage.close()
    for step, entries in (
        ("plan", "failures"),
        ("migrate", "failures"),
        ("verify", "differences"),
        ("assess", "failures"),
    ):
        assert run[step]["failed"], step
        (entry,) = run[step][entries]
        assert entry["source"] == f"{kv.mount}/a"
        assert entry["reason"] == "mount_folders does not have its mount"
        assert "Add the mount" in entry["remedy"]
    assert not own(emulator)


def test_a_client_of_vault_reads_on_at_its_old_paths(vault: Vault, emulator: Emulator) -> None:
    """hvac with another address and token, and nothing else changed."""
    kv = Kv(vault)
    secrets: dict[str, dict[str, t.Any]] = {
        "payments/db": {"user": "app", "password": "p w", "port": 5432},
        "payments/api/key": {"token": "ü", "nested": {"a": [1, None]}},
        "top": {"x": "1"},
    }
    for path, data in secrets.items():
        kv.put(path, {"old": "1"}, data)

    def read(address: str, token: str) -> dict[str, t.Any]:
        client = hvac.Client(url=address, token=token)
        try:
            return {
                path: client.secrets.kv.v2.read_secret_version(
                    path=path, mount_point=kv.mount, raise_on_deleted_version=True
                )["data"]["data"]
                for path in secrets
            }
        finally:
            client.adapter.close()

    before = read(vault.addr, vault.root_token)
    stage = CountedRuns(vault, emulator)
    try:
        stage.run(
            [migrating("move", target_location="/", mount_folders={kv.mount: ""}, source={"paths": [f"{kv.mount}/"]})]
        )
    finally:
        stage.close()
    after = read(emulator.url, f"{emulator.access_id}..{emulator.access_key}")
    assert before == after == secrets
