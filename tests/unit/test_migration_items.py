# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One secret's items: how a write that fails anywhere leaves the record, and which versions are to be deleted."""

from __future__ import annotations

import asyncio
import typing as t
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workdb import Write
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import Changed
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.digests import Digests
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.entry import Entry
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.confirm import contradiction, correct
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.plan_items import Job
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.read_secret import kv1_version
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.stale_versions import (
    mark_recreated,
    mark_undeleted,
    mark_unreadable,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.write_items import write_item
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.metadata import Description
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import (
    Action,
    Record,
    SourceVersion,
    TargetItem,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.source.snapshot import Snapshot, Value
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import Metadata, Mount, VersionState

DIGESTS = Digests(b"key")
NUMBERS = st.lists(st.integers(1, 30), unique=True, min_size=1, max_size=8).map(sorted)


@dataclass
class Target:
    """One item and the ledger's backup of it, in memory: counts requests, and fails at one of them."""

    fails_at: int
    versions: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    run = "run"
    digests = DIGESTS

    @property
    def items(self) -> Target:
        """Those of the ledger."""
        return self

    def _request(self, name: str) -> None:
        if len(self.received) == self.fails_at:
            raise Changed(f"{name} is rejected")
        self.received.append(name)

    async def back_up(self, *_args: t.Any, **_options: t.Any) -> None:
        self._request("backup")

    async def write_metadata_item(self, *_args: t.Any) -> None:
        self._request("metadata item")

    def count_pieces(self, *_args: t.Any) -> int:
        return 0

    async def create(self, _name: str, value: str, **_options: t.Any) -> None:
        self._request("create")
        self.versions.append(value)

    async def append(self, _name: str, value: str, last: int, **_options: t.Any) -> None:
        assert last == len(self.versions)
        self._request("append")
        self.versions.append(value)

    async def replace(self, _name: str, value: str, last: int, **_options: t.Any) -> None:
        assert last == len(self.versions)
        self._request("replace")
        self.versions[-1] = value

    async def update(self, *_args: t.Any, **_options: t.Any) -> None:
        self._request("update")

    async def describe(self, *_args: t.Any) -> None:
        self._request("describe")


def _job(kind: t.Any, numbers: t.Sequence[int], base: int, **changes: t.Any) -> Job:
    action = Action(kind, "", tuple(numbers), base, describe=True, **changes)
    values = {n: Value(f"value {n}", "text") for n in numbers}
    versions = {n: SourceVersion(n, f"digest {n}", 1) for n in numbers}
    return Job("", "/t/s", action, values, versions, Description("about", "metadata item"), "metadata/s", Record(0))


@pytest.mark.parametrize(
    ("kind", "before"), [("create", 0), ("append", 0), ("append", 3), ("overwrite", 2)], ids=lambda value: str(value)
)
@given(numbers=NUMBERS, fails_at=st.integers(0, 14))
def test_the_record_holds_what_was_acknowledged_and_no_more(
    kind: str, before: int, numbers: list[int], fails_at: int
) -> None:
    target = Target(fails_at, ["theirs"] * before)
    job = _job(kind, numbers, before, take_over=kind == "overwrite")
    same: t.Any = target
    try:
        assert asyncio.run(write_item(job, same, same, same, "tag")) == len(numbers)
        assert [n for n in numbers if n not in job.record.versions] == []
        assert job.record.description == DIGESTS.of_text("about")
    except Changed:
        assert len(target.received) == fails_at
        if kind == "create":  # the description is in the request that creates the item
            assert job.record.description == (DIGESTS.of_text("about") if target.versions else "")
    held = {number: target.versions[version - 1] for number, (version, _digest) in job.record.versions.items()}
    written = [value for value in target.versions if value != "theirs"]
    if target.received[-1:] != ["replace"]:  # after a replacement without an answer, the next run compares values
        assert held == {number: f"value {number}" for number in numbers[: len(written)]}
        assert job.record.last in (len(target.versions), 0)
    if kind != "create":
        assert target.received[:1] in ([], ["backup"]), "an item is backed up before it is changed"


# --- versions that are to be deleted


def _record(numbers: t.Iterable[int]) -> Record:
    versions = {n: (i, f"digest {n}") for i, n in enumerate(sorted(numbers), 1)}
    return Record(len(versions), versions=versions, stale={99: "older"})


def _all(record: Record) -> dict[int, str]:
    """What the record says of target versions, to be kept or deleted."""
    return {**record.stale, **dict(record.versions.values())}


@given(st.sets(st.integers(1, 20)), st.sets(st.integers(1, 20)), st.booleans())
def test_versions_that_cannot_be_read_are_marked_and_none_is_lost(held: set[int], there: set[int], full: bool) -> None:
    states = tuple(VersionState(n, "", "", destroyed=n % 3 == 0) for n in sorted(there))
    metadata = Metadata({"versions": {}} if full else {}, states)
    entry = Entry("", {"": _record(held)}, sorted(held))
    mark_unreadable(entry, Snapshot(Mount("m/", 2), "s", metadata, ()), "2026-01-01T00:00:00")
    record = entry.items[""]
    kept = {n for n in held if n in there and n % 3} if full else held
    assert set(record.versions) == set(entry.seen) == kept
    assert _all(record) == _all(_record(held))


@given(NUMBERS)
def test_of_a_secret_that_was_created_again_no_version_is_left(held: list[int]) -> None:
    marked = mark_recreated(_record(held), delete=True)
    assert (marked.versions, _all(marked)) == ({}, _all(_record(held)))
    assert mark_recreated(_record(held), delete=False).stale == {99: "older"}


@given(NUMBERS, NUMBERS, st.one_of(st.none(), st.integers(1, 30)))
def test_what_is_newer_than_an_undeleted_version_is_written_again_where_there_is_room(
    held: list[int], wanted: list[int], kept_versions: int | None
) -> None:
    record = _record(held)
    marked = mark_undeleted(record, wanted, kept_versions)
    missing = [n for n in wanted if n not in held]
    room = kept_versions is None or len(held) + 1 + len(wanted) <= kept_versions
    expected = [n for n in held if not missing or not room or n < missing[0]]
    assert sorted(marked.versions) == expected
    assert _all(marked) == _all(record)


# --- KV v1, and the listing afterwards


def test_a_value_of_kv1_is_a_new_version_only_where_it_differs_from_the_newest() -> None:
    value = Value('{"a": 1}', "json")
    digest = DIGESTS.of_value('{"a":1}', "json")
    assert kv1_version(None, value, DIGESTS) == 1
    assert kv1_version(Record(0), value, DIGESTS) == 1
    assert kv1_version(Record(2, versions={1: (1, "x"), 2: (2, digest)}), value, DIGESTS) == 2
    assert kv1_version(Record(2, versions={1: (1, digest), 2: (2, "x")}), value, DIGESTS) == 3


@pytest.mark.parametrize(
    ("target", "found", "expected"),
    [
        (None, None, "is not in the target's listing"),
        (TargetItem(3, "", (), ""), "3", "it was replaced"),
        (TargetItem(4, "", ("tag",), ""), "3", "the listing shows version 4"),
        (TargetItem(3, "", ("tag",), "", kept=2), "3", "the account keeps 2"),
        (TargetItem(3, "", ("tag",), "", kept=3), "2", "newest value at the target is not the one"),
        (TargetItem(3, "", ("tag",), "other", kept=3), "3", "metadata at the target is not what was written"),
        (TargetItem(3, "", ("tag",), "text", kept=3), "3", None),
        (TargetItem(3, "", ("tag:from-0",), "text", kept=0), None, None),
    ],
)
def test_the_target_confirms_a_record_or_contradicts_it(
    target: TargetItem | None, found: str | None, expected: str | None
) -> None:
    record = replace(_record([1, 2, 3]), stale={})
    record.versions[3] = (record.last, "3")
    record.description = "text"
    target = target and replace(target, last=record.last - 3 + target.last)
    said = contradiction(record, target, found, "tag")
    assert (said is None) if expected is None else (said is not None and expected in said[0])


def test_what_the_target_lacks_is_taken_out_of_the_record() -> None:
    record = Record(3, modified="then", description="text", versions={1: (1, "a"), 2: (2, "b"), 5: (3, "c")})
    correct(record, TargetItem(2, "now", ("tag",), ""))
    assert record == Record(2, versions={1: (1, "a"), 2: (2, "b")})


@pytest.mark.parametrize(("shown", "kept"), [("before", "before"), ("theirs", "text")])
def test_a_description_of_others_stays_a_difference(shown: str, kept: str) -> None:
    record = Record(1, modified="then", description="text", versions={1: (1, "a")})
    correct(record, TargetItem(1, "now", ("tag",), shown), Write(created=False, described=True, description="before"))
    assert record == Record(1, description=kept, versions={1: (1, "a")})
