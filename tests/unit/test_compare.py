# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison of versions and metadata: it finds what is wrong, all of it, and nothing else."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.compare import (
    Outcome,
    compare_metadata,
    compare_versions,
)

Numbered = list[tuple[int, str]]


def numbered(digests: str, first: int = 1) -> Numbered:
    """``"abc"`` as versions from ``first`` on; a dot is a number that is not there."""
    return [(first + i, digest) for i, digest in enumerate(digests) if digest != "."]


def compare(source: str, target: str, explained: t.Collection[int] = ()) -> Outcome:
    return compare_versions(numbered(source), numbered(target), lambda number, _digest: number in explained)


CASES: list[tuple[str, str, Outcome]] = [
    ("", "", Outcome()),
    ("abc", "abc", Outcome(3, last_in_place=3)),
    ("a.c", "ac", Outcome(2, last_in_place=3)),
    ("aaa", "aaa", Outcome(3, last_in_place=3)),
    ("abc", "abX", Outcome(2, different=(3,), last_in_place=2)),
    ("abc", "aXc", Outcome(2, different=(2,), last_in_place=3)),
    ("abc", "XYZ", Outcome(0, different=(1, 2, 3))),
    ("abc", "ab", Outcome(2, missing=(3,), last_in_place=2)),
    ("abc", "a.c", Outcome(2, missing=(2,), last_in_place=3)),
    ("abc", "..c", Outcome(1, missing=(1, 2), last_in_place=3)),
    ("aab", "ab", Outcome(2, missing=(1,), last_in_place=3)),
    ("abc", "acb", Outcome(2, out_of_order=(3,), last_in_place=2)),
    ("ab", "ba", Outcome(1, out_of_order=(2,), last_in_place=1)),
    ("abc", "abcX", Outcome(3, added=(4,), last_in_place=3)),
    ("abc", "abca", Outcome(3, added=(4,), last_in_place=3)),
    ("abc", "Xabc", Outcome(3, added=(1,), last_in_place=3)),
    ("", "X", Outcome(0, added=(1,))),
    ("abcd", "aXc", Outcome(2, different=(2,), missing=(4,), last_in_place=3)),
]


@pytest.mark.parametrize(("source", "target", "outcome"), CASES, ids=[f"{s or '-'} {t_ or '-'}" for s, t_, _o in CASES])
def test_differences(source: str, target: str, outcome: Outcome) -> None:
    found = compare(source, target)
    if outcome.out_of_order:
        # Which of two that changed places is said to be in the wrong one does not matter.
        assert found.out_of_order
        assert (found.different, found.missing, found.added) == ((), (), ())
    else:
        assert found == outcome
    assert found.clean is (source.replace(".", "") == target.replace(".", ""))


@pytest.mark.parametrize(
    ("source", "target", "explained"),
    [("abc", "XYabc", {1, 2}), ("a.c", "abc", {2}), ("ab", "abc", {3}), ("", "ab", {1, 2}), ("c", "abc", {1, 2})],
)
def test_what_is_explained_is_no_difference(source: str, target: str, explained: set[int]) -> None:
    assert compare(source, target, explained).clean


def test_an_explanation_excuses_nothing_that_is_wrong_or_missing() -> None:
    assert compare("abc", "aXc", {2}).missing == (2,)
    assert compare("abc", "ab", {1, 2, 3}).missing == (3,)
    assert compare("ab", "ba", {1, 2}).out_of_order


versions = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8)


@given(versions)
def test_equal_histories_are_clean(history: list[str]) -> None:
    found = compare("".join(history), "".join(history))
    assert found.clean
    assert found.identical == len(history)


@given(versions, versions)
def test_unequal_histories_are_never_clean(one: list[str], other: list[str]) -> None:
    found = compare("".join(one), "".join(other))
    assert found.clean is (one == other)
    # Every source version has exactly one fate.
    assert found.identical + len(found.different) + len(found.missing) + len(found.out_of_order) == len(one)
    assert len(other) == found.identical + len(found.different) + len(found.out_of_order) + len(found.added)


@given(versions, st.data())
def test_one_changed_value_is_one_difference(history: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(history) - 1))
    changed = [*history[:at], "X", *history[at + 1 :]]
    found = compare("".join(history), "".join(changed))
    assert (found.identical, len(found.different), found.missing, found.out_of_order, found.added) == (
        len(history) - 1,
        1,
        (),
        (),
        (),
    )


BLOCK = {
    "created_time": "2026-01-01T00:00:00Z",
    "custom_metadata": {"owner": "a"},
    "versions": {"1": {"destroyed": False}, "2": {"destroyed": True}, "3": {"destroyed": False}},
}


def told(**changes: t.Any) -> str:
    trimmed = {number: state for number, state in BLOCK["versions"].items() if number != "2"}  # type: ignore[attr-defined]
    return json.dumps({**BLOCK, "versions": trimmed, **changes})


@pytest.mark.parametrize(
    ("mode", "text", "problem"),
    [
        ("full", told(), ""),
        ("full", told(versions=BLOCK["versions"]), ""),
        ("full", "", "is missing"),
        ("full", "a note", "not the source's metadata"),
        ("full", "[1]", "not the source's metadata"),
        ("full", told(custom_metadata={"owner": "b"}), "'custom_metadata'"),
        ("full", told(extra=1), "'extra'"),
        ("full", told(versions={"1": {"destroyed": False}}), "version 3"),
        ("full", told(versions={"1": {"destroyed": False}, "3": {"destroyed": True}}), "version 3"),
        ("full", told(versions={"1": {"destroyed": False}, "3": {"destroyed": 0}}), "version 3"),
        ("full", told(versions=[]), "'versions'"),
        ("minimal", '{"owner":"a"}', ""),
        ("minimal", '{"owner":"b"}', "'owner'"),
        ("minimal", "", "is missing"),
        ("none", "", ""),
        ("none", "planted", "not from the source"),
        ("none", told(), "not from the source"),
    ],
)
def test_metadata(mode: str, text: str, problem: str) -> None:
    found = compare_metadata(mode, BLOCK, text, [1, 3])
    assert problem in found
    assert bool(found) is bool(problem)


def test_a_description_without_metadata_at_the_source() -> None:
    assert compare_metadata("full", None, "a note", [1])
    assert not compare_metadata("full", None, "", [1])
    assert not compare_metadata("full", None, "theirs", [1], own=False)
    assert not compare_metadata("none", BLOCK, "theirs", [1], own=False)
    assert compare_metadata("minimal", {"custom_metadata": None}, "a note", [1])


def test_the_block_is_left_as_it_was() -> None:
    before = json.dumps(BLOCK)
    compare_metadata("full", BLOCK, told(), [1, 3])
    assert json.dumps(BLOCK) == before
