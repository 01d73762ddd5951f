# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in ``source`` that look like something else, and failures of Vault, through playbooks."""

from __future__ import annotations

import json
import typing as t

import pytest
from counted_runs import CountedRuns, migrating

from ferrydev.emulator import Emulator
from ferrydev.play import Played
from ferrydev.scene import Kv
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

COLLECTION = "secretferry.akeyless"
MISTAKEN = ("data/app/x", "metadata/app/x", "data/app/", "metadata/", "data/")
WORDS = "1 error occurred: * disk full, cannot write the lease"


@pytest.fixture(scope="module")
def played(vault: Vault, module_emulator: Emulator) -> t.Iterator[Played]:
    kv = Kv(vault)
    kv.put("app/x", {"v": 1})
    kv.put("data/kept", {"v": 1})
    kv.put("f/%2E/resolved", {"v": 1})  # Vault lists it as f/resolved, and holds no value there
    failing = (400, json.dumps({"errors": [WORDS]}).encode())
    tasks: list[dict[str, t.Any]] = []

    def add(name: str, module: str, *paths: str, **options: t.Any) -> None:
        source = {"paths": [f"{kv.mount}/{path}" for path in paths], **options.pop("source", {})}
        made = migrating(name, ignore=True, source=source, target_location=f"/{len(tasks)}", **options)
        tasks.append(
            {
                **{k: v for k, v in made.items() if "." not in k},
                f"{COLLECTION}.{module}": next(v for k, v in made.items() if "." in k),
            }
        )

    with Tamper(vault.addr, {"metadata/app/x": lambda *_answer: failing}) as full:
        add("v1", "kv_migration", "app/", source={"url": f"{vault.addr}/v1"})
        add("v1/", "kv_migration", "app/", source={"url": f"{vault.addr}/v1/{kv.mount}/"})
        for path in MISTAKEN:
            add(path, "kv_migration", path)
        add("kept", "kv_migration", "data/kept")
        add("500", "kv_migration", "f/")
        add("400", "kv_migration", "app/", source={"url": full.url})
        tasks.append(
            {
                "name": "variable",
                **{k: v for k, v in migrating("x", source={"paths": [f"{kv.mount}/"]}).items() if "." in k},
                "environment": {"VAULT_ADDR": f"{vault.addr}/v1/"},
                "ignore_errors": True,
            }
        )
        info = {"source": {"paths": [f"{kv.mount}/data/app/x"]}, "target_location": "/info"}
        tasks.append({"name": "info", f"{COLLECTION}.kv_info": info, "ignore_errors": True})
        stage = CountedRuns(vault, module_emulator)
        yield stage.run(tasks).played
        stage.close()


@pytest.mark.parametrize(("task", "where"), [("v1", "source.url"), ("v1/", "source.url"), ("variable", "VAULT_ADDR")])
def test_an_address_with_the_version_of_the_api(played: Played, task: str, where: str) -> None:
    message = played[task]["msg"]
    assert message.startswith("source.url: the address has /v1 in it")
    assert f"Give {where} without /v1" in message


@pytest.mark.parametrize("path", [path for path in MISTAKEN if path != "data/"])
def test_a_path_with_the_area_of_the_api(played: Played, path: str) -> None:
    area, _slash, rest = path.partition("/")
    message = played[path]["msg"]
    assert f"/{rest} in source.paths: {area}/ belongs to the API of KV version 2" in message


def test_a_path_that_really_begins_so_is_migrated(played: Played) -> None:
    assert not played["data/"]["failed"]
    assert not played["kept"]["failed"]


def test_an_assessment_says_the_same(played: Played) -> None:
    assert "belongs to the API of KV version 2" in json.dumps(played["info"])


def test_a_failure_of_vault_keeps_its_words(played: Played) -> None:
    assert "Vault answered 500" in played["500"]["msg"]
    assert "could not find version data" in played["500"]["failures"][0]["reason"]
    assert "disk full, cannot write the lease" in played["400"]["failures"][0]["reason"]
