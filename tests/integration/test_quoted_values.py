# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers whose error texts quote values, of reads and writes, through every module that reads or writes values."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from counted_runs import CountedRuns, migrating
from leaking import leaks

from ferrydev.canaries import QUOTED_FORMS, canary
from ferrydev.emulator import Emulator
from ferrydev.play import Played
from ferrydev.scene import Kv
from ferrydev.tampering import Change, Tamper
from ferrydev.vault import Vault

# A passphrase of words, a word, a number, and a value that looks like one.
VALUE = {"password": "quixot wombatfish", "word": "zebrafinchy", "pin": "739284", "key": canary()}
FORMS: tuple[t.Callable[[str], str], ...] = (*QUOTED_FORMS, lambda value: "\\u0071" + value[1:])
PARTS = ["quixot", "wombatfish", "zebrafinchy", "739284"]
QUOTED = " ".join(form(text) for form in FORMS for text in (*VALUE.values(), json.dumps(VALUE)))
SAID = "the storage failed to handle"
COLLECTION = "secretferry.akeyless"


def _quoting(status: int, body: t.Callable[[str], dict[str, t.Any]]) -> Change:
    answer = json.dumps(body(f"{SAID} {QUOTED}")).encode()

    def change(_status: int, kept: bytes, asked: bytes) -> tuple[int, bytes]:
        return (_status, kept) if b"/.secretferry/" in asked else (status, answer)

    return change


VAULT = _quoting(400, lambda text: {"errors": [text]})
AKEYLESS = _quoting(400, lambda text: {"error": text})


@pytest.fixture(scope="module")
def aftermath(
    vault: Vault, module_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[tuple[Played, Path]]:
    kv, folder = Kv(vault), tmp_path_factory.mktemp("quoted")
    kv.put("a", VALUE, {"v": 2})
    paths = {"paths": [f"{kv.mount}/"]}
    same = {"name": "test", "target_location": "/migrated"}
    failing = {"name": "failing", "target_location": "/failing"}
    with (
        Tamper(vault.addr, {"version=2": VAULT}) as second_version,
        Tamper(vault.addr, {"version=": VAULT}) as versions,
        Tamper(module_emulator.url, {"get-secret-value": AKEYLESS}) as values,
        Tamper(module_emulator.url, {"create-secret": AKEYLESS, "update-secret-val": AKEYLESS}) as writes,
        Tamper(module_emulator.url, {"delete-item": AKEYLESS}) as deletions,
    ):

        def task(
            title: str, module: str, /, *, url: str = "", akeyless: str = "", **options: t.Any
        ) -> dict[str, t.Any]:
            source = {**options.pop("source", {}), **({"url": url} if url else {})}
            options |= {"source": source} if source else {}
            options |= {"akeyless": {"api_url": akeyless}} if akeyless else {}
            return {"name": title, f"{COLLECTION}.{module}": {**same, **options}, "ignore_errors": True}

        tasks = [
            task("second version", "kv_migration", url=second_version.url, source=paths, **failing),
            task("any version", "kv_migration", url=versions.url, source=paths, **failing),
            task("write", "kv_migration", url=vault.addr, akeyless=writes.url, source=paths, **failing),
            migrating("good", source=paths),
            task("verify", "kv_verify", akeyless=values.url),
            task("verify source", "kv_verify", url=versions.url),
            task("assess", "kv_info", url=versions.url, source=paths, read_values=True),
            task("roll back", "kv_rollback", akeyless=deletions.url),
        ]
        del tasks[-2][f"{COLLECTION}.kv_info"]["name"]
        stage = CountedRuns(vault, module_emulator, folder=folder)
        yield stage.run(tasks, "-vvvv", "--diff").played, folder
        stage.close()


@pytest.mark.parametrize(
    "task", ["second version", "any version", "write", "verify", "verify source", "assess", "roll back"]
)
def test_the_words_of_the_server_are_shown_without_a_value(aftermath: tuple[Played, Path], task: str) -> None:
    text = json.dumps(aftermath[0][task])
    assert SAID in text
    assert not [part for part in PARTS if part in text]


def test_no_part_of_a_value_is_in_what_the_runs_left(aftermath: tuple[Played, Path]) -> None:
    played, folder = aftermath
    assert not played["good"]["failed"], played["good"]["msg"]
    assert not [part for part in PARTS if part in played.stdout]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "command"]
    assert leaks(files, PARTS) == []
