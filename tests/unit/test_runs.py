# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids of runs ascend, and leases remember who held them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.backup import ItemBackup
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.runs import (
    Span,
    is_run,
    next_run,
    run_of,
    run_tag,
    spans_in,
)


@given(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=20))
def test_each_run_is_later_than_all_before_it_whatever_the_clock_says(moments: list[int]) -> None:
    known: list[str] = []
    for moment in moments:
        run = next_run(moment, known)
        assert is_run(run)
        assert all(run > earlier for earlier in known)
        known.append(run)


def test_an_id_shows_the_servers_time() -> None:
    assert next_run(1_795_305_630.9, []).startswith("20261122T000030Z-")


def test_tags_tell_the_run_of_an_item() -> None:
    tags = ["theirs", "secretferry:test", run_tag("secretferry:test", "20261122T000030Z-3f9a")]
    assert run_of(tags, "secretferry:test") == "20261122T000030Z-3f9a"
    assert run_of(tags, "secretferry:tes") == ""
    assert run_of(tags[:2], "secretferry:test") == ""


def test_a_lease_lists_its_runs_without_damaged_entries() -> None:
    holder = {"run": "c", "since": 5, "until": 65.5, "runs": [["a", 1, 2.5], ["b", 3, 0], "x", ["d", 1], ["e", "f", 1]]}
    assert spans_in(holder) == [Span("a", 1, 2.5), Span("b", 3, 0), Span("c", 5, 65.5)]
    assert spans_in({}) == []
    assert spans_in({"runs": 3, "run": ""}) == []


@given(
    st.sets(st.integers(1, 200)),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=3),
)
def test_notes_of_how_an_item_was_come_back_as_they_were(
    versions: set[int], text: str, metadata_items: dict[str, str | None]
) -> None:
    before = ItemBackup(
        max(versions, default=1), sorted(versions), text, [text] if text else [], 10, "json", text, metadata_items
    )
    assert ItemBackup.load(before.dump()) == before
