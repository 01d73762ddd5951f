# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner: which versions are wanted, and what becomes of an item in every standing."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.decide import decide, pending, standing, valid
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import (
    PlanInput,
    PlanPolicy,
    Record,
    SourceVersion,
    TargetItem,
    readable,
    takeover,
    wanted,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import VersionState

NOW = "2026-06-01T12:00:00"
TAG = "secretferry:test"
STATE = st.builds(
    VersionState,
    st.integers(1, 60),
    st.just("2026-01-01T00:00:00Z"),
    st.sampled_from(["", "2026-01-02T00:00:00.5Z", "2027-01-01T00:00:00Z"]),
    st.booleans(),
)
STATES = st.lists(STATE, max_size=15, unique_by=lambda state: state.number)


def _facts(**changes: t.Any) -> PlanInput:
    numbers = changes.pop("wanted", (1, 2, 3))
    known: dict[str, t.Any] = {
        "wanted": numbers,
        "pieces": {n: SourceVersion(n, f"d{n}", 10) for n in numbers},
        "target": None,
        "record": None,
        "description": "about",
    }
    return PlanInput(**{**known, **changes})


def _target(last: int, **changes: t.Any) -> TargetItem:
    known: dict[str, t.Any] = {"last": last, "modified": "m", "tags": (TAG,), "description": "about", "kept": 10}
    return TargetItem(**{**known, **changes})


def _record(*numbers: int, **changes: t.Any) -> Record:
    held = {number: (i + 1, f"d{number}") for i, number in enumerate(numbers)}
    known: dict[str, t.Any] = {"last": len(numbers), "modified": "m", "description": "about", "versions": held}
    return Record(**{**known, **changes})


@pytest.mark.parametrize(
    ("deletion", "destroyed", "expected"),
    [
        ("", False, True),
        ("2026-05-31T00:00:00.123Z", False, False),
        ("2026-06-01T12:00:01Z", False, True),
        ("2030-01-01T00:00:00Z", False, True),
        ("", True, False),
        ("2030-01-01T00:00:00Z", True, False),
    ],
)
def test_a_deletion_in_the_future_is_none(deletion: str, destroyed: bool, expected: bool) -> None:
    assert readable(VersionState(1, "", deletion, destroyed), NOW) is expected


def test_a_deletion_that_has_an_author_needs_no_clock() -> None:
    assert not readable(VersionState(1, "", "2030-01-01T00:00:00Z", destroyed=False, deleted=True), NOW)


@given(STATES)
def test_all_is_every_readable_version_by_number(states: list[VersionState]) -> None:
    numbers = wanted(states, "all", NOW)
    assert list(numbers) == sorted(state.number for state in states if readable(state, NOW))


@given(STATES, st.integers(1, 20))
def test_a_number_is_the_newest_so_many(states: list[VersionState], count: int) -> None:
    newest = sorted(state.number for state in states)[-count:]
    assert wanted(states, str(count), NOW) == tuple(n for n in wanted(states, "all", NOW) if n in newest)


@given(STATES)
def test_current_is_the_newest_or_nothing(states: list[VersionState]) -> None:
    numbers = wanted(states, "current", NOW)
    newest = max((state.number for state in states), default=0)
    assert numbers == ((newest,) if newest in wanted(states, "all", NOW) else ())


def test_versions_ten_and_nine_are_in_order_of_number() -> None:
    states = [VersionState(n, "", "", False) for n in (10, 9, 11, 2)]
    assert wanted(states, "all", NOW) == (2, 9, 10, 11)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((), ""),
        ((TAG,), ""),
        ((TAG, f"{TAG}:from-3"), "from-3"),
        ((f"{TAG}:anew-0",), "anew-0"),
        ((f"{TAG}:from-x",), ""),
        (("secretferry:test2:from-3",), ""),
        (("other",), ""),
    ],
)
def test_marks_of_a_take_over(tags: tuple[str, ...], expected: str) -> None:
    assert takeover(tags, TAG) == expected


@pytest.mark.parametrize(
    ("target", "record", "name", "to_read"),
    [
        (None, None, "absent", ()),
        (None, _record(1), "deleted", ()),
        (_target(3, tags=()), None, "foreign", ()),
        (_target(3, tags=("secretferry:test2",)), None, "foreign", ()),
        (_target(3, tags=()), _record(1, 2, 3), "foreign", ()),
        (_target(3, type="DYNAMIC_SECRET"), _record(1, 2, 3), "foreign", ()),
        (_target(3), _record(1, 2, 3), "clean", ()),
        (_target(3), None, "unsure", (1, 2, 3)),
        (_target(5, tags=(TAG, f"{TAG}:from-3")), None, "unsure", (4, 5)),
        (_target(5), _record(1, 2, 3), "unsure", (3, 4, 5)),
        (_target(3, modified="later"), _record(1, 2, 3), "unsure", (3,)),
        (_target(3), _record(1, 2, 3, modified=""), "unsure", (3,)),
        (_target(4, tags=(TAG, f"{TAG}:from-2")), _record(1, 2, 3, mark="from-1"), "unsure", (2, 3, 4)),
    ],
)
def test_standing(target: TargetItem | None, record: Record | None, name: str, to_read: tuple[int, ...]) -> None:
    assert standing(target, record, PlanPolicy(TAG)) == (name, to_read)


@pytest.mark.parametrize(
    ("facts", "kind", "versions"),
    [
        (_facts(), "create", (1, 2, 3)),
        (_facts(wanted=()), "skip", ()),
        (_facts(target=_target(3), record=_record(1, 2, 3)), "unchanged", ()),
        (_facts(target=_target(2), record=_record(1, 2)), "append", (3,)),
        (_facts(target=_target(3), record=_record(1, 2, 3), description="new"), "update_metadata", ()),
        (_facts(target=_target(3, description="new"), record=_record(1, 2, 3), description="new"), "adopt", ()),
        (_facts(target=_target(3, description="other"), record=_record(1, 2, 3)), "conflict", ()),
        (_facts(target=_target(3, tags=())), "conflict", ()),
        (_facts(record=_record(1, 2, 3)), "conflict", ()),
        (_facts(target=_target(3), observed={1: "d1", 2: "d2", 3: "d3"}), "adopt", ()),
        (_facts(target=_target(2), observed={1: "d1", 2: "d2"}), "append", (3,)),
        (_facts(target=_target(2), observed={1: "d1", 2: "x"}), "conflict", ()),
        (_facts(target=_target(4), observed={1: "d1", 2: "d2", 3: "d3", 4: "x"}), "conflict", ()),
        (_facts(target=_target(2), observed={1: None, 2: "d2"}), "conflict", ()),
        (_facts(target=_target(3), record=_record(1, 2), observed={2: "d2", 3: "d3"}), "adopt", ()),
        (_facts(target=_target(3), record=_record(1, 2), observed={2: "d2", 3: "x"}), "conflict", ()),
        (_facts(target=_target(2, modified="n"), record=_record(1, 2), observed={2: "x"}), "conflict", ()),
        (_facts(target=_target(2, modified="n"), record=_record(1, 2), observed={2: "d2"}), "append", (3,)),
        (_facts(target=_target(1), record=_record(1, 2), observed={1: "d1"}), "conflict", ()),
        (_facts(wanted=(1, 2, 3), target=_target(2), record=_record(1, 3)), "conflict", ()),
        (_facts(wanted=(3,), target=_target(3), record=_record(1, 2, 3)), "unchanged", ()),
        (_facts(pieces={1: SourceVersion(1, "d1", 20000)}, wanted=(1,)), "fail", ()),
    ],
)
def test_every_standing_has_its_action(facts: PlanInput, kind: str, versions: tuple[int, ...]) -> None:
    action = decide(facts, PlanPolicy(TAG))
    assert (action.kind, action.versions) == (kind, versions)
    assert action.reason
    assert action.remedy or kind not in ("conflict", "fail")


def test_an_old_version_that_came_back_is_left_out_where_conflicts_are_skipped() -> None:
    facts = _facts(wanted=(1, 2, 3, 4), target=_target(2), record=_record(1, 3))
    assert decide(facts, PlanPolicy(TAG, conflict="skip")).versions == (4,)


def test_more_versions_than_the_account_keeps_are_refused_beforehand() -> None:
    facts = _facts(wanted=tuple(range(1, 13)))
    refused = decide(facts, PlanPolicy(TAG, kept_versions=10))
    assert (refused.kind, refused.versions) == ("fail", ())
    assert "10" in refused.reason
    assert decide(facts, PlanPolicy(TAG, kept_versions=12)).kind == "create"


def test_a_void_record_is_forgotten_only_for_the_mark_that_it_has_not_seen() -> None:
    record = _record(1, 2)
    assert valid(record, _target(2, tags=(f"{TAG}:anew-1",)), PlanPolicy(TAG)) is None
    seen = _record(1, 2, mark="anew-1")
    assert valid(seen, _target(2, tags=(f"{TAG}:anew-1",)), PlanPolicy(TAG)) is seen
    assert valid(record, _target(2, tags=(TAG,)), PlanPolicy(TAG)) is record
    assert valid(record, None, PlanPolicy(TAG)) is record


@given(st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)))
def test_pending_is_what_is_not_written(numbers: set[int], written: set[int]) -> None:
    todo = pending(sorted(numbers), _record(*sorted(written)))
    assert set(todo) == numbers - written


@given(st.lists(st.integers(0, 2), min_size=1, max_size=8), st.data())
def test_an_interrupted_history_goes_on_where_it_stopped_even_with_equal_values(
    values: list[int], data: st.DataObject
) -> None:
    """Any prefix of the history may be there already: what is written after it completes it, no version twice."""
    done = data.draw(st.integers(1, len(values)))
    pieces = {n: SourceVersion(n, f"digest-{value}", 1) for n, value in enumerate(values, 1)}
    there = {n: pieces[n].digest for n in range(1, done + 1)}
    facts = _facts(wanted=tuple(pieces), pieces=pieces, target=_target(done), observed=there)
    action = decide(facts, PlanPolicy(TAG))
    assert action.versions == tuple(range(done + 1, len(values) + 1))
    assert dict(action.matched) == {n: (n, pieces[n].digest) for n in range(1, done + 1)}
    assert action.kind == ("append" if action.versions else "adopt")


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_what_is_not_a_beginning_of_the_history_is_never_written_to(source: list[int], target: list[int]) -> None:
    pieces = {n: SourceVersion(n, f"digest-{value}", 1) for n, value in enumerate(source, 1)}
    there = {n: f"digest-{value}" for n, value in enumerate(target, 1)}
    facts = _facts(wanted=tuple(pieces), pieces=pieces, target=_target(len(target)), observed=there)
    action = decide(facts, PlanPolicy(TAG))
    assert (action.kind == "conflict") == (target != source[: len(target)])
