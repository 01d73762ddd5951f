# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares an item with its source. Pure: keyed digests and metadata in, differences out."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..rawjson import canonical

__all__ = ["Outcome", "compare_metadata", "compare_versions"]

Versions = t.Sequence[tuple[int, str]]
"""Number and keyed digest of each version, oldest first."""


@dataclass(frozen=True)
class Outcome:
    """How the versions of one item compare.

    :ivar identical: how many source versions are at the target, in their place.
    :ivar different: source versions in whose place there is another value.
    :ivar missing: source versions that are not at the target.
    :ivar out_of_order: source versions that are at the target, but not in their place.
    :ivar added: target versions that are not from the source.
    :ivar last_in_place: the newest source version that is at the target, in its place; 0 if none is.
    """

    identical: int = 0
    different: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    out_of_order: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    last_in_place: int = 0

    @property
    def clean(self) -> bool:
        """Whether there is no difference."""
        return not (self.different or self.missing or self.out_of_order or self.added)


def compare_versions(source: Versions, target: Versions, explained: t.Callable[[int, str], bool]) -> Outcome:
    """Compare the wanted versions of a source with all versions of an item.

    Numbers may differ, as the target has no gaps where the source has. So versions are aligned by their values.

    :param explained: whether a version at the target that matches none of the source's is no difference: it was there
        before the migration, or the source has deleted it since. It cannot explain a wrong or a missing version.
    """
    partners = _aligned(source, target)
    same = {i: j for i, j in partners.items() if source[i][1] == target[j][1]}
    lost = [i for i in range(len(source)) if i not in same]
    found = [j for j in range(len(target)) if j not in same.values()]
    out_of_order = []
    for i in lost:
        # Not in its place, but in another one.
        other = next((j for j in found if target[j][1] == source[i][1]), None)
        if other is not None:
            found.remove(other)
            out_of_order.append(i)
    # A version with an explanation must not be taken for a changed value.
    found = [j for j in found if not explained(*target[j])]
    rest = [i for i in lost if i not in out_of_order]
    different = [i for i in rest if partners.get(i) in found]
    found = [j for j in found if j not in [partners[i] for i in different]]
    return Outcome(
        len(same),
        tuple(source[i][0] for i in different),
        tuple(source[i][0] for i in rest if i not in different),
        tuple(source[i][0] for i in out_of_order),
        tuple(target[j][0] for j in found),
        source[max(same)][0] if same else 0,
    )


def _aligned(source: Versions, target: Versions) -> dict[int, int]:
    """The index of the target version that is in the place of each source version, by the index of that one.

    By the target's numbers, counted from its beginning or its end, unless another alignment finds more equal values.
    """
    if not target:
        return {}
    place = {number: j for j, (number, _digest) in enumerate(target)}
    best: dict[int, int] = {}
    matches = -1
    for base in (target[-1][0] - len(source), target[0][0] - 1):
        pairs = {i: place[base + i + 1] for i in range(len(source)) if base + i + 1 in place}
        if (equal := _equal(pairs, source, target)) > matches:
            best, matches = pairs, equal
    if matches == len(source):
        return best
    pairs = {}
    matcher = SequenceMatcher(None, [d for _n, d in source], [d for _n, d in target], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind in ("equal", "replace"):
            pairs.update(zip(range(a, b), range(c, d), strict=False))
    return pairs if _equal(pairs, source, target) > matches else best


def _equal(pairs: t.Mapping[int, int], source: Versions, target: Versions) -> int:
    return sum(source[i][1] == target[j][1] for i, j in pairs.items())


def compare_metadata(
    mode: str, block: t.Mapping[str, t.Any] | None, text: str, wanted: t.Collection[int], *, own: bool = True
) -> str:
    """In what an item's metadata differs; empty if it does not.

    :param mode: the metadata mode. With ``none``, an item that the migration created has no description.
    :param block: the source's metadata block, ``None`` for KV v1.
    :param text: the item's description, or the text that it points to.
    :param wanted: numbers of the source versions that the item must hold.
    :param own: whether the migration created the item; an item that it took over may keep its description.
    """
    expected: t.Any = None
    if block is not None and mode != "none":
        expected = dict(block) if mode == "full" else block.get("custom_metadata") or None
    if expected is None:
        return "its description is not from the source" if text and own else ""
    if not text:
        return "its metadata is missing"
    try:
        actual = json.loads(text)
    except ValueError:
        return "its description is not the source's metadata"
    if not isinstance(actual, dict):
        return "its description is not the source's metadata"
    if mode == "full" and (problem := _compare_states(expected, actual, wanted)):
        return problem
    names = sorted(k for k in {*expected, *actual} if not _same(expected, actual, k))
    return f"its metadata differs in {', '.join(map(repr, names[:5]))}" if names else ""


def _compare_states(expected: dict[str, t.Any], actual: dict[str, t.Any], wanted: t.Collection[int]) -> str:
    """Compare the versions' states, and take them out: those of wanted versions must be there, others may be."""
    states, target_states = expected.pop("versions", None) or {}, actual.pop("versions", {})
    if not isinstance(target_states, dict):
        return "its metadata differs in 'versions'"
    wrong = [n for n in target_states if n not in states or not _same(states, target_states, n)]
    wrong += [str(n) for n in wanted if str(n) not in target_states]
    return f"its metadata differs in version {', '.join(sorted(wrong, key=_number)[:5])}" if wrong else ""


def _same(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any], key: str) -> bool:
    if key not in one or key not in other:
        return False
    return canonical(json.dumps(one[key])) == canonical(json.dumps(other[key]))


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (0, text)
