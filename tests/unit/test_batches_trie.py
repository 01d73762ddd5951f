# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is promised of batches: they cover everything once, and a secret that comes or goes renames no other's batch."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.trie import leaves, padded
from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.waves import Wave, globs_of, place_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import bits_of, overlap

PATHS = st.sets(st.integers(0, 5000).map("kv/app-{}".format), max_size=120)
SIZES = st.integers(1, 20)


def batches(paths: t.Iterable[str], size: int) -> dict[str, set[str]]:
    """Bits to paths."""
    hashed = {path: bits_of(path) for path in paths}

    def below(bits: str) -> set[str]:
        return {path for path, whole in hashed.items() if whole.startswith(bits)}

    cut = dict(leaves(lambda bits: len(below(bits)), size))
    made = {bits: below(bits) for bits in cut}
    assert {bits: len(members) for bits, members in made.items()} == cut
    return made


def names(made: dict[str, set[str]]) -> dict[str, set[str]]:
    return {padded(bits): members for bits, members in made.items()}


@given(PATHS, SIZES)
def test_each_secret_is_in_one_batch_and_none_is_too_large(paths: set[str], size: int) -> None:
    made = batches(paths, size)
    assert sorted(path for members in made.values() for path in members) == sorted(paths)
    assert all(1 <= len(members) <= size for members in made.values())


@given(PATHS, SIZES)
def test_batches_can_all_be_worked_on_at_once(paths: set[str], size: int) -> None:
    made = list(batches(paths, size))
    assert not any(overlap(one, other) for n, one in enumerate(made) for other in made[:n])


@given(PATHS, SIZES)
def test_names_are_distinct_and_in_the_order_of_the_bits(paths: set[str], size: int) -> None:
    made = list(batches(paths, size))
    assert [padded(bits) for bits in made] == sorted({padded(bits) for bits in made})
    assert made == sorted(made)
    assert all(len(padded(bits)) == 6 for bits in made)


@given(PATHS, st.integers(5001, 9999).map("kv/app-{}".format), SIZES)
def test_a_new_secret_renames_no_batch(paths: set[str], new: str, size: int) -> None:
    before, after = batches(paths, size), batches({*paths, new}, size)
    hit = {bits for bits in before if bits_of(new).startswith(bits)}
    # Every batch but the one that it falls into is as it was, name and secrets.
    assert {b: m for b, m in before.items() if b not in hit} == {
        b: m for b, m in after.items() if not any(overlap(b, h) for h in hit) and new not in m
    }
    # What was there keeps its name, too, where it was not cut in two.
    assert set(names(before)) - set(names(after)) <= {padded(bits) for bits in hit}
    for bits in hit:
        if len(before[bits]) < size:
            assert set(before) == set(after)
        elif any(path for path in {*before[bits], new} if bits_of(path)[len(bits)] == "0"):
            # The lower half of a split begins where the whole began.
            low = bits_of(min({*before[bits], new}, key=bits_of))
            assert low.startswith(bits)


@given(PATHS, SIZES)
def test_a_split_keeps_the_name_for_its_lower_half(paths: set[str], size: int) -> None:
    made = batches(paths, size)
    for bits, members in made.items():
        if len(members) > 1:
            finer = batches(members, len(members) - 1)
            lowest = min(finer)
            if lowest.startswith(bits) and not lowest[len(bits) :].strip("0"):
                assert padded(lowest) == padded(bits)


@given(PATHS, SIZES, st.data())
def test_a_secret_that_goes_changes_its_own_batch_and_at_most_the_sibling(
    paths: set[str], size: int, data: st.DataObject
) -> None:
    if not paths:
        return
    gone = data.draw(st.sampled_from(sorted(paths)))
    before, after = batches(paths, size), batches(paths - {gone}, size)
    assert set(names(after)) <= set(names(before)) | {padded(bits) for bits in after if bits_of(gone).startswith(bits)}
    untouched = {b: m for b, m in before.items() if b in after and gone not in m}
    assert all(after[bits] == members for bits, members in untouched.items())


def test_the_same_secrets_give_the_same_batches_in_any_order() -> None:
    paths = [f"kv/app-{n}" for n in range(300)]
    assert batches(paths, 40) == batches(reversed(paths), 40)


def test_secrets_whose_hashes_are_alike_stay_together() -> None:
    # As long as bits may be, a batch is not cut further, however many are in it.
    alone = "0" * 24
    assert list(leaves(lambda bits: 9 if overlap(bits, alone) else 0, 4)) == [(alone, 9)]


# --- shares


def test_a_share_is_stable_and_of_the_right_size() -> None:
    paths = [f"secret/app-{n}" for n in range(20_000)]
    taken = [path for path in paths if place_of(path) < 5]
    assert 850 < len(taken) < 1150
    # It says nothing of the batches: they all have their part of it.
    assert {bits_of(path)[:4] for path in taken} == {f"{n:04b}" for n in range(16)}


@given(st.integers(0, 10_000).map("kv/app-{}".format))
def test_shares_follow_one_another(path: str) -> None:
    waves = [Wave("a", 1, share=5, after=0), Wave("b", 2, share=20, after=5), Wave("c", 3, share=75, after=25)]
    assert sum(wave.may_take(path) for wave in waves) == 1


# --- selectors


@pytest.mark.parametrize(
    ("wave", "path", "taken"),
    [
        (Wave("w", 1, globs_of(["kv/**/db"])), "kv/a/b/db", True),
        (Wave("w", 1, globs_of(["kv/*"])), "kv/a/b", False),
        (Wave("w", 1, globs_of(["kv/**"]), globs_of(["kv/a/"])), "kv/a/b", False),
        (Wave("w", 1, folders=("kv/team-a",)), "kv/team-a/db", True),
        (Wave("w", 1, folders=("kv/team-a",)), "kv/team-a", True),
        (Wave("w", 1, folders=("kv/team-a",)), "kv/team-ab/db", False),
        (Wave("w", 1, folders=("kv/team-a", "kv/team-b")), "kv/team-b/db", True),
        (Wave("w", 1, globs_of(["**/db"]), folders=("kv/team-a",)), "kv/team-b/db", False),
    ],
)
def test_selectors_of_a_wave_must_all_take_the_path(wave: Wave, path: str, taken: bool) -> None:
    assert wave.may_take(path) is taken


@pytest.mark.parametrize(
    ("asked", "there", "taken"),
    [
        ({"tier": ("low",)}, {"tier": "low"}, True),
        ({"tier": ("low", "medium")}, {"tier": "medium", "x": "y"}, True),
        ({"tier": ("low",)}, {"tier": "lower"}, False),
        ({"tier": ("l*",)}, {"tier": "lower"}, True),
        ({"tier": ("*",)}, {}, False),
        ({"tier": ("low",), "team": ("a",)}, {"tier": "low", "team": "b"}, False),
    ],
)
def test_custom_metadata_must_all_be_there(
    asked: dict[str, tuple[str, ...]], there: dict[str, str], taken: bool
) -> None:
    assert Wave("w", 1, custom=tuple(asked.items())).takes_metadata(there) is taken
