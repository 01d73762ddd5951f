# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adding secrets up: what one metadata block tells, and lists that stay short however many secrets there are."""

from __future__ import annotations

import random
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.stats import (
    Look,
    Ranking,
    Size,
    Statistics,
    by_key,
    look_at,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import Metadata, VersionState

NOW = "2026-01-01T00:00:00"
PAST, FUTURE = "2025-06-01T10:00:00.123456789Z", "2030-06-01T10:00:00Z"
ENTRIES = st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3)), max_size=60)


def block(*states: str, first: int = 1, **fields: t.Any) -> Metadata:
    """Metadata whose versions are ``""`` (readable), ``d`` (deleted), ``x`` (destroyed) or ``f`` (deletion to come)."""
    versions = [
        VersionState(number, "2025-01-01T00:00:00Z", {"d": PAST, "f": FUTURE}.get(state, ""), state == "x")
        for number, state in enumerate(states, first)
    ]
    told = {
        str(v.number): {"created_time": v.created, "deletion_time": v.deletion_time, "destroyed": v.destroyed}
        for v in versions
    }
    return Metadata({"versions": told, **fields}, tuple(versions))


def look(*states: str, wanted: tuple[int, ...] | None = None, mode: str = "full", **fields: t.Any) -> Look:
    metadata = block(*states, **fields)
    taken = tuple(n for n, s in enumerate(states, 1) if s in ("", "f")) if wanted is None else wanted
    return look_at(metadata, taken, mode, NOW)


@given(ENTRIES, st.integers(0, 12))
def test_top_keeps_the_highest_and_counts_all(entries: list[tuple[int, str]], most: int) -> None:
    top = Ranking(most)
    for rank, name in entries:
        top.add(rank, name, rank)
    best = sorted(entries, key=lambda entry: (-entry[0], entry[1]))[:most]
    assert [(e["rank"], e.get("name", "")) for e in top.shown("name", "rank")] == best
    assert top.count == len(entries)


@given(ENTRIES, st.randoms())
def test_top_does_not_depend_on_the_order_in_which_secrets_are_read(
    entries: list[tuple[int, str]], chance: random.Random
) -> None:
    shown = []
    for _ in range(2):
        top = Ranking(5)
        for rank, name in entries:
            top.add(rank, name)
        shown.append(top.shown("name"))
        chance.shuffle(entries)
    assert shown[0] == shown[1]


def test_top_leaves_out_empty_texts_and_keeps_zeros() -> None:
    top = Ranking(1)
    top.add(0, "path", 1, "", 0)
    assert top.shown("source", "version", "key", "bytes") == [{"source": "path", "version": 1, "bytes": 0}]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("", "", ""), {"versions": 3, "readable": 3, "deleted": 0, "destroyed": 0, "newest_gone": False}),
        (("", "d", "x", ""), {"versions": 4, "readable": 2, "deleted": 1, "destroyed": 1, "newest_gone": False}),
        (("", "d"), {"readable": 1, "deleted": 1, "newest_gone": True}),
        (("", "x"), {"readable": 1, "destroyed": 1, "newest_gone": True}),
        (("d", "x"), {"readable": 0, "items": 0, "writes": 0, "newest_gone": True, "metadata": 0}),
        (("f", ""), {"readable": 2, "deleted": 0, "expiring": {1: FUTURE}, "newest_gone": False}),
        ((), {"versions": 0, "readable": 0, "items": 0, "newest_gone": False}),
    ],
)
def test_states_of_versions(states: tuple[str, ...], expected: dict[str, t.Any]) -> None:
    seen = look(*states)
    assert {name: getattr(seen, name) for name in expected} == expected


def test_a_pruned_history_counts_what_is_left() -> None:
    seen = look_at(block("", "d", first=5), (5,), "full", NOW)
    assert (seen.versions, seen.readable, seen.newest_gone) == (2, 1, True)


def test_kv_version_1_is_one_version_without_metadata() -> None:
    seen = look_at(None, (1,), "full", NOW)
    assert (seen.versions, seen.items, seen.writes, seen.metadata, seen.unversioned) == (1, 1, 1, 0, True)


@pytest.mark.parametrize(
    ("mode", "custom", "too_long"),
    [
        ("full", {}, False),
        ("full", {"note": "x" * 1024}, True),
        ("minimal", {"note": "x" * 1012}, False),  # {"note":"..."}: 11 characters around it
        ("minimal", {"note": "x" * 1014}, True),
        ("minimal", {"note": "é" * 600}, True),  # fits in characters, not in bytes
        ("none", {"note": "x" * 2000}, False),
    ],
)
def test_metadata_that_needs_a_companion(mode: str, custom: dict[str, str], too_long: bool) -> None:
    seen = look("", mode=mode, custom_metadata=custom)
    assert (seen.metadata_too_long, seen.companions) == (too_long, int(too_long))


def test_the_gateway_takes_the_newest_five_and_so_less_metadata() -> None:
    seen = look(*[""] * 20)
    assert seen.metadata_too_long
    assert 0 < seen.gateway < seen.metadata
    tally = Statistics(10, 16384)
    tally.add("long", seen)
    tally.add("short", look(*[""] * 5))
    assert tally.histories_over == 1


def test_a_secret_without_wanted_versions_needs_no_companion() -> None:
    assert look("d", custom_metadata={"note": "x" * 2000}).companions == 0


def test_keys_become_items_with_the_versions_that_have_them() -> None:
    seen = look("", "")
    seen.sizes = [Size(1, "user", 3), Size(1, "old", 4), Size(2, "user", 3)]
    assert by_key(seen, block("", ""), "full") == {"user": [1, 2], "old": [1]}
    assert (seen.items, seen.writes) == (2, 3)


def test_a_secret_without_keys_becomes_no_item() -> None:
    seen = look("")
    assert by_key(seen, block(""), "full") == {}
    assert (seen.items, seen.writes, seen.companions) == (0, 0, 0)


def test_each_key_has_a_companion_of_its_own() -> None:
    metadata = block("", custom_metadata={"note": "x" * 1100})
    seen = look_at(metadata, (1,), "full", NOW)
    seen.sizes = [Size(1, "a", 1), Size(1, "b", 1)]
    by_key(seen, metadata, "full")
    assert seen.companions == 2


def test_sizes_are_ranked_and_those_over_the_limit_listed() -> None:
    tally = Statistics(2, value_limit=100)
    for number, size in enumerate((100, 101, 300, 200, 5), 1):
        seen = look("")
        seen.sizes = [Size(1, "", size)]
        tally.add(f"s{number}", seen)
    assert (tally.values, tally.bytes, tally.over_limit.count) == (5, 706, 3)
    assert [e["bytes"] for e in tally.over_limit.shown("source", "version", "key", "bytes")] == [300, 200]


@pytest.mark.parametrize(("kept", "refused"), [(None, 0), (3, 0), (2, 1)])
def test_more_versions_than_the_account_keeps(kept: int | None, refused: int) -> None:
    tally = Statistics(10, 100, kept)
    tally.add("s", look("", "", ""))
    assert tally.too_many_versions.count == refused


def test_expiring_versions_come_soonest_first() -> None:
    tally = Statistics(1, 100)
    for path, when in (("a", "2031-01-01T00:00:00Z"), ("b", "2027-01-01T00:00:00Z")):
        tally.add(path, Look(versions=1, readable=1, wanted=(1,), expiring={1: when}))
    assert tally.expiring.shown("expires", "source", "version") == [
        {"expires": "2027-01-01T00:00:00Z", "source": "b", "version": 1}
    ]
    assert tally.counts["expiring_versions"] == 2


def test_a_newest_version_that_is_deleted_is_listed_only_where_an_older_one_would_take_its_place() -> None:
    tally = Statistics(10, 100)
    tally.add("partly", look("", "d"))
    tally.add("wholly", look("d", "d"))
    assert tally.newest_gone.shown("source") == [{"source": "partly"}]
    assert tally.nothing_readable.shown("source") == [{"source": "wholly"}]
    assert tally.counts["newest_deleted"] == 2


def test_items_are_unknown_as_soon_as_those_of_one_secret_are() -> None:
    tally = Statistics(10, 100)
    seen = look("")
    seen.items = seen.writes = None
    tally.add("a", seen)
    tally.add("b", look(""))
    assert not tally.items_known


def test_lists_do_not_grow_with_the_number_of_secrets() -> None:
    tally = Statistics(3, 10)
    for number in range(500):
        seen = look("f", "d", custom_metadata={"note": "x" * 1100})
        seen.sizes = [Size(1, "", 20)]
        tally.add(f"s{number:03}", seen)
    lists = [value for value in vars(tally).values() if isinstance(value, Ranking)]
    assert max(len(top._heap) for top in lists) == 3
    assert tally.over_limit.count == tally.metadata_over.count == tally.newest_gone.count == 500
