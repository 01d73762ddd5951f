# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deletions at the end of a run: only what is as the ledger says, and only after the ledger and the backup have it."""

from __future__ import annotations

import asyncio
import typing as t
from types import SimpleNamespace

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import Item
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workdb import WorkDb
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.digests import Digests
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.entry import Entry
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.context import LatestChange
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.deletions import PostponedDeletions
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.plan_items import Job
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.report import MigrationReport
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.metadata import Description
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import Action, Kind, Record

DIGESTS = Digests(b"key")
ITEM = "/t/secret/s"


class Sides:
    """An item with three versions and its entry in the ledger, in memory.

    :ivar done: what was done, in order.
    """

    digests = DIGESTS
    location = "/t"
    form = "text"

    def __init__(self) -> None:
        self.versions = {1: "one", 2: "two", 3: "three"}
        self.done: list[str] = []
        self.lies = False  # whether deleting a version is answered and not done
        self.report = MigrationReport(10, deletes=True)
        stale = {number: DIGESTS.of_value(value, "text") for number, value in self.versions.items()}
        self.record = Record(3, modified="then", description=DIGESTS.of_text("about"), stale=stale)
        self.entries: dict[str, Entry] = {"secret/s": Entry("", {"": self.record, "other": Record(1)}, [])}
        self.ledger = self.naming = self.store = self.items = self.lease = self
        self.definition = SimpleNamespace(concurrency=4)
        self.policy = SimpleNamespace(tag="tag")
        self.workdb = WorkDb()
        self.latest_change = LatestChange()
        self.client = SimpleNamespace(transport=SimpleNamespace(clock=SimpleNamespace(at_least=lambda: 9.0)))
        self.tags: tuple[str, ...] = ("tag", "tag:run-20261124T120000Z-0000")

    def carry_out(self, kind: Kind, drop: tuple[int, ...] = ()) -> None:
        action = Action(kind, "deleted at the source", drop=drop)
        self.report.plan("secret/s", ITEM, action)
        sides: t.Any = self
        deletions = PostponedDeletions(sides, sides)
        deletions.add("secret/s", [Job("", ITEM, action, {}, {}, Description("about"), "", self.record)])
        asyncio.run(deletions.carry_out())

    async def flush(self) -> None:
        self.done.append("flush")

    async def hold(self) -> None:
        """The lease is held."""

    async def back_up(self, name: str, _last: int | None) -> None:
        self.done.append(f"back up {name}")

    async def value(self, _name: str, version: int) -> str | None:
        return self.versions.get(version)

    async def values(self, names: list[str]) -> dict[str, str]:
        return {name: self.versions[max(self.versions)] for name in names}

    async def describe(self, name: str, *, versions: bool = False) -> Item | None:
        last = max(self.versions, default=0)
        kept = tuple(self.versions) if versions else ()
        return Item(name, "STATIC_SECRET", last, "now", self.tags, "about", versions=kept) if last else None

    async def delete_version(self, _name: str, version: int) -> None:
        self.done.append(f"delete version {version}")
        if not self.lies:
            del self.versions[version]

    async def delete(self, name: str) -> None:
        self.done.append(f"delete {name}")
        self.versions.clear()

    async def delete_metadata_item(self, _name: str) -> None:
        self.done.append("delete metadata item")

    def entry(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def replace_record(self, path: str, key: str, _record: None) -> None:
        del self.entries[path].items[key]

    async def remember(self, path: str, entry: Entry) -> None:
        self.entries[path] = entry


@pytest.fixture
def sides() -> Sides:
    return Sides()


def test_versions_are_deleted_in_order_once_ledger_and_backup_have_them(sides: Sides) -> None:
    sides.carry_out("prune", drop=(1, 2))
    assert sides.done == ["flush", f"back up {ITEM}", "delete version 1", "delete version 2"]
    assert sides.report.summary()["versions_deleted"] == 2
    kept = sides.entries["secret/s"].items[""]
    assert (kept.last, kept.stale) == (3, {})
    assert sides.latest_change.moment == 9.0


def test_a_deletion_that_did_nothing_is_noticed_and_stays_noted(sides: Sides) -> None:
    sides.lies = True
    sides.carry_out("prune", drop=(1, 2))
    assert "version 1: it was deleted, and the item still holds it" in sides.report.lists()["failures"][0]["reason"]
    assert {*sides.entries["secret/s"].items[""].stale} == {1, 2, 3}


def test_a_version_that_is_gone_already_is_not_deleted_again(sides: Sides) -> None:
    del sides.versions[1]
    sides.carry_out("prune", drop=(1, 2))
    assert sides.done == ["flush", f"back up {ITEM}", "delete version 2"]
    assert sides.report.summary()["versions_deleted"] == 1


def test_a_version_with_another_value_stays_and_so_do_those_after_it(sides: Sides) -> None:
    sides.versions[2] = "theirs"
    sides.carry_out("prune", drop=(1, 2, 3))
    assert sides.versions == {2: "theirs", 3: "three"}
    assert "version 2: its value was changed at the target since" in sides.report.lists()["failures"][0]["reason"]
    assert (sides.report.summary()["failed"], sides.report.summary()["pruned"]) == (1, 0)


def test_an_item_is_backed_up_and_deleted_with_its_metadata_item(sides: Sides) -> None:
    sides.record.versions[9] = (3, DIGESTS.of_value("three", "text"))
    sides.carry_out("delete")
    assert sides.done == ["flush", f"back up {ITEM}", f"delete {ITEM}", "delete metadata item"]
    assert list(sides.entries["secret/s"].items) == ["other"]
    assert sides.report.summary()["deleted"] == 1


@pytest.mark.parametrize("change", ["another value", "another version"])
def test_an_item_that_was_changed_stays(sides: Sides, change: str) -> None:
    sides.record.versions[9] = (3, DIGESTS.of_value("three", "text"))
    sides.versions[3 if change == "another value" else 4] = "theirs"
    sides.carry_out("delete")
    assert sides.done == ["flush"]
    assert "" in sides.entries["secret/s"].items
    assert "it was changed at the target since" in sides.report.lists()["failures"][0]["reason"]


def test_an_item_that_is_gone_is_forgotten_with_its_metadata_item(sides: Sides) -> None:
    sides.versions.clear()
    sides.carry_out("forget")
    assert sides.done == ["flush", "delete metadata item"]
    assert list(sides.entries["secret/s"].items) == ["other"]


def test_what_deletes_nothing_writes_nothing(sides: Sides) -> None:
    sides.carry_out("append")
    assert sides.done == []


def test_an_item_with_a_tag_of_others_stays(sides: Sides) -> None:
    sides.tags = (*sides.tags, "theirs")
    sides.carry_out("delete")
    assert sides.done == ["flush"]
    assert "it was changed at the target since" in sides.report.lists()["failures"][0]["reason"]
