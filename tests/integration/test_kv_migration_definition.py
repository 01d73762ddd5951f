# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A migration over its life in playbooks: omitted options keep their values, given ones change them, absent forgets."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from counted_runs import Counted, CountedRuns, migrating

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

CHOSEN: dict[str, t.Any] = {
    "metadata_mode": "minimal",
    "versions": "2",
    "conflict": "skip",
    "unreadable_paths": "fail",
    "concurrency": 7,
}


@dataclass
class Life:
    """``tasks``: before absent; ``check``, ``absent``, ``after``: the runs from there on, and the items after each."""

    tasks: Counted
    check: Counted
    absent: Counted
    after: Counted
    items: dict[str, dict[str, t.Any]]


def _values(items: dict[str, t.Any]) -> dict[str, list[str]]:
    return {n: [v["value"] for v in i["versions"]] for n, i in items.items() if "/.secretferry/" not in n}


@pytest.fixture(scope="module")
def life(vault: Vault) -> t.Iterator[Life]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        for path in ("a", "f/b", "f/skip/c"):
            kv.put(path, *({"n": n} for n in range(1, 4)))
        kv.describe("a", custom_metadata={"owner": "me"})
        source = {"paths": [f"{kv.mount}/"], "exclude": ["**/skip/**"]}
        stage = CountedRuns(vault, emulator)
        elsewhere = {"environment": {"VAULT_ADDR": ""}}
        items = {}
        tasks = stage.run(
            [
                migrating("create", source=source, **CHOSEN),
                migrating("bare"),
                migrating("bare, without an address", keywords=elsewhere),
                migrating("another layout", layout="keys", ignore=True),
                migrating("change in check mode", metadata_mode="full", conflict="fail", keywords={"check_mode": True}),
                migrating("bare after check mode"),
                migrating("change", metadata_mode="full", source={"exclude": []}),
                migrating("bare after the change"),
                migrating(
                    "a second migration beside it", name="other", source={"paths": [f"{kv.mount}/f/"]}, conflict="skip"
                ),
                migrating("bare beside the second"),
            ]
        )
        items["before"] = emulator.control.dump()
        check = stage.run([migrating("absent", state="absent")], "--check", "--diff")
        items["check"] = emulator.control.dump()
        absent = stage.run([migrating("absent", state="absent"), migrating("absent again", state="absent")], "--diff")
        items["absent"] = emulator.control.dump()
        after = stage.run([migrating("anew", source=source, versions="2"), migrating("bare")])
        items["after"] = emulator.control.dump()
        yield Life(tasks, check, absent, after, items)
        stage.close()


def test_a_bare_run_keeps_every_option(life: Life) -> None:
    created = life.tasks["create"]["definition"]
    assert {name: created[name] for name in CHOSEN} == CHOSEN
    for task in ("bare", "bare, without an address", "bare after check mode"):
        assert life.tasks[task]["definition"] == created
        assert life.tasks[task]["changed"] is False


def test_the_stored_options_are_the_ones_that_count(life: Life) -> None:
    assert life.tasks["create"]["summary"]["created"] == 2
    assert life.tasks["create"]["summary"]["versions_written"] == 4
    assert life.tasks["bare"]["summary"]["unchanged"] == 2


def test_the_layout_cannot_change(life: Life) -> None:
    result = life.tasks["another layout"]
    assert result["failed"]
    assert result["msg"].startswith("layout: ")
    assert "state: absent" in result["msg"]


def test_a_change_in_check_mode_is_announced_and_not_stored(life: Life) -> None:
    result = life.tasks["change in check mode"]
    assert result["changed"] is True
    assert result["definition"]["metadata_mode"] == "full"
    assert result["summary"]["metadata_updated"] == 2
    assert life.tasks["bare after check mode"]["definition"]["metadata_mode"] == "minimal"


def test_a_given_option_changes_and_stays(life: Life) -> None:
    result = life.tasks["change"]
    assert result["changed"] is True
    assert (result["summary"]["metadata_updated"], result["summary"]["created"]) == (2, 1)
    definition = life.tasks["bare after the change"]["definition"]
    assert definition == {**life.tasks["create"]["definition"], "metadata_mode": "full", "exclude": []}
    assert life.tasks["bare after the change"]["changed"] is False


def test_two_migrations_of_one_location_do_not_disturb_each_other(life: Life) -> None:
    assert life.tasks["a second migration beside it"]["summary"]["skipped"] == 2
    assert life.tasks["bare beside the second"]["changed"] is False


def test_absent_in_check_mode_announces_and_keeps_everything(life: Life) -> None:
    assert life.check["absent"]["changed"] is True
    assert life.check.akeyless["writes"] == 0
    assert life.items["check"] == life.items["before"]
    assert "-/migrated/.secretferry/test" in life.check.played.stdout


def test_absent_forgets_the_ledger_and_keeps_the_items(life: Life) -> None:
    assert life.absent["absent"]["changed"] is True
    assert _values(life.items["absent"]) == _values(life.items["before"])
    assert not [name for name in life.items["absent"] if "/.secretferry/test/" in name]
    assert [name for name in life.items["absent"] if "/.secretferry/other/" in name]


def test_absent_twice_changes_nothing_more(life: Life) -> None:
    assert life.absent["absent again"]["changed"] is False
    assert "diff" not in life.absent["absent again"]


def test_absent_does_not_ask_vault(life: Life) -> None:
    assert life.absent.vault.total == 0


def test_a_forgotten_migration_begins_again_and_doubles_nothing(life: Life) -> None:
    result = life.after["anew"]
    assert not result["failed"], result["msg"]
    assert life.after["bare"]["changed"] is False
    for name, values in _values(life.items["after"]).items():
        assert len(values) == len(set(values)), name
        assert values[-1] == '{"n":3}'
