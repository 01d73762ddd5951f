# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of one metadata block, and lists that stay short with any number of secrets."""

from __future__ import annotations

import random
import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.stats import (
    SecretSummary,
    Size,
    Statistics,
    split_by_key,
    summarize,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.bounded import BoundedList
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


def summary(*states: str, wanted: tuple[int, ...] | None = None, mode: str = "full", **fields: t.Any) -> SecretSummary:
    metadata = block(*states, **fields)
    taken = tuple(n for n, s in enumerate(states, 1) if s in ("", "f")) if wanted is None else wanted
    return summarize(metadata, taken, mode, NOW)


@given(ENTRIES, st.randoms())
def test_the_lists_do_not_depend_on_the_order_in_which_secrets_are_read(
    entries: list[tuple[int, str]], chance: random.Random
) -> None:
    shown = []
    for _ in range(2):
        stats = Statistics(5, value_limit=4)
        for size, name in entries:
            stats.add(name, replace(summary(""), sizes=[Size(1, "", size)]))
        shown.append((stats.largest.shown(), stats.over_limit.shown(), stats.over_limit.count))
        chance.shuffle(entries)
    assert shown[0] == shown[1]


def test_only_the_sizes_of_keys_name_a_key() -> None:
    stats = Statistics(2, value_limit=0)
    stats.add("path", replace(summary(""), sizes=[Size(1, "", 1), Size(2, "a", 2)]))
    assert stats.over_limit.shown() == [
        {"source": "path", "version": 2, "key": "a", "bytes": 2},
        {"source": "path", "version": 1, "bytes": 1},
    ]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("", "", ""), {"versions": 3, "readable": 3, "deleted": 0, "destroyed": 0, "newest_deleted": False}),
        (("", "d", "x", ""), {"versions": 4, "readable": 2, "deleted": 1, "destroyed": 1, "newest_deleted": False}),
        (("", "d"), {"readable": 1, "deleted": 1, "newest_deleted": True}),
        (("", "x"), {"readable": 1, "destroyed": 1, "newest_deleted": True}),
        (("d", "x"), {"readable": 0, "items": 0, "item_versions": 0, "newest_deleted": True, "metadata_length": 0}),
        (("f", ""), {"readable": 2, "deleted": 0, "expiring": {1: FUTURE}, "newest_deleted": False}),
        ((), {"versions": 0, "readable": 0, "items": 0, "newest_deleted": False}),
    ],
)
def test_states_of_versions(states: tuple[str, ...], expected: dict[str, t.Any]) -> None:
    seen = summary(*states)
    assert {name: getattr(seen, name) for name in expected} == expected


def test_a_pruned_history_counts_what_is_left() -> None:
    seen = summarize(block("", "d", first=5), (5,), "full", NOW)
    assert (seen.versions, seen.readable, seen.newest_deleted) == (2, 1, True)


def test_kv_version_1_is_one_version_without_metadata() -> None:
    seen = summarize(None, (1,), "full", NOW)
    assert (seen.versions, seen.items, seen.item_versions, seen.metadata_length, seen.unversioned) == (1, 1, 1, 0, True)


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
def test_metadata_that_does_not_fit_into_a_description(mode: str, custom: dict[str, str], too_long: bool) -> None:
    seen = summary("", mode=mode, custom_metadata=custom)
    assert (seen.metadata_too_long, seen.metadata_items) == (too_long, int(too_long))


def test_the_gateway_takes_the_newest_five_and_so_less_metadata() -> None:
    seen = summary(*[""] * 20)
    assert seen.metadata_too_long
    assert 0 < seen.gateway_metadata_length < seen.metadata_length
    stats = Statistics(10, 16384)
    stats.add("long", seen)
    stats.add("short", summary(*[""] * 5))
    assert stats.gateway_history_over == 1


def test_a_secret_without_wanted_versions_needs_no_metadata_item() -> None:
    assert summary("d", custom_metadata={"note": "x" * 2000}).metadata_items == 0


def test_keys_become_items_with_the_versions_that_have_them() -> None:
    seen = summary("", "")
    seen.sizes = [Size(1, "user", 3), Size(1, "old", 4), Size(2, "user", 3)]
    assert split_by_key(seen, block("", ""), "full") == {"user": [1, 2], "old": [1]}
    assert (seen.items, seen.item_versions) == (2, 3)


def test_a_secret_without_keys_becomes_no_item() -> None:
    seen = summary("")
    assert split_by_key(seen, block(""), "full") == {}
    assert (seen.items, seen.item_versions, seen.metadata_items) == (0, 0, 0)


def test_each_key_has_a_metadata_item_of_its_own() -> None:
    metadata = block("", custom_metadata={"note": "x" * 1100})
    seen = summarize(metadata, (1,), "full", NOW)
    seen.sizes = [Size(1, "a", 1), Size(1, "b", 1)]
    split_by_key(seen, metadata, "full")
    assert seen.metadata_items == 2


def test_sizes_are_ranked_and_those_over_the_limit_listed() -> None:
    stats = Statistics(2, value_limit=100)
    for number, size in enumerate((100, 101, 300, 200, 5), 1):
        seen = summary("")
        seen.sizes = [Size(1, "", size)]
        stats.add(f"s{number}", seen)
    assert (stats.values, stats.bytes, stats.over_limit.count) == (5, 706, 3)
    assert [e["bytes"] for e in stats.over_limit.shown()] == [300, 200]


@pytest.mark.parametrize(("kept", "refused"), [(None, 0), (3, 0), (2, 1)])
def test_more_versions_than_the_account_keeps(kept: int | None, refused: int) -> None:
    stats = Statistics(10, 100, kept)
    stats.add("s", summary("", "", ""))
    assert stats.too_many_versions == refused


def test_expiring_versions_come_soonest_first() -> None:
    stats = Statistics(1, 100)
    for path, when in (("a", "2031-01-01T00:00:00Z"), ("b", "2027-01-01T00:00:00Z")):
        stats.add(path, SecretSummary(versions=1, readable=1, wanted=(1,), expiring={1: when}))
    assert stats.expiring.shown() == [{"expires": "2027-01-01T00:00:00Z", "source": "b", "version": 1}]
    assert stats.counts["expiring_versions"] == 2


def test_a_newest_version_that_is_deleted_is_listed_only_where_an_older_one_would_take_its_place() -> None:
    stats = Statistics(10, 100)
    stats.add("partly", summary("", "d"))
    stats.add("wholly", summary("d", "d"))
    assert stats.newest_deleted.shown() == [{"source": "partly"}]
    assert stats.no_readable_version.shown() == [{"source": "wholly"}]
    assert stats.counts["newest_deleted"] == 2


def test_items_are_unknown_as_soon_as_those_of_one_secret_are() -> None:
    stats = Statistics(10, 100)
    seen = summary("")
    seen.items = seen.item_versions = None
    stats.add("a", seen)
    stats.add("b", summary(""))
    assert not stats.items_known


def test_lists_do_not_grow_with_the_number_of_secrets() -> None:
    stats = Statistics(3, 10)
    for number in range(500):
        seen = summary("f", "d", custom_metadata={"note": "x" * 1100})
        seen.sizes = [Size(1, "", 20)]
        stats.add(f"s{number:03}", seen)
    lists = [value for value in vars(stats).values() if isinstance(value, BoundedList)]
    assert max(len(entries.shown()) for entries in lists) == 3
    assert stats.over_limit.count == stats.metadata_over.count == stats.newest_deleted.count == 500
