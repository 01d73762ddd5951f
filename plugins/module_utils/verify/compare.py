# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an item at the target is what its source is. Pure: keyed digests and metadata in, differences out."""

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
    :ivar order: source versions that are at the target, but not in their place.
    :ivar added: target versions that are not from the source.
    :ivar last_held: the newest source version that is at the target, in its place; 0 where none is.
    """

    identical: int = 0
    different: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    order: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    last_held: int = 0

    @property
    def clean(self) -> bool:
        """Whether there is no difference."""
        return not (self.different or self.missing or self.order or self.added)


def compare_versions(source: Versions, target: Versions, explained: t.Callable[[int, str], bool]) -> Outcome:
    """Compare the wanted versions of a source with all versions of an item.

    Numbers need not agree: gaps at the source close at the target. So the two are aligned by their values.

    :param explained: whether a version at the target that matches none of the source's has a good reason: it was there
        before, or the source has deleted it since. Can excuse what is too much, never what is wrong or missing.
    """
    partners = _aligned(source, target)
    same = {i: j for i, j in partners.items() if source[i][1] == target[j][1]}
    lost = [i for i in range(len(source)) if i not in same]
    found = [j for j in range(len(target)) if j not in same.values()]
    order = []
    for i in lost:
        # Lost in one place and found in another.
        other = next((j for j in found if target[j][1] == source[i][1]), None)
        if other is not None:
            found.remove(other)
            order.append(i)
    # What was there before, and what the source has no more, must not be taken for a changed value.
    found = [j for j in found if not explained(*target[j])]
    rest = [i for i in lost if i not in order]
    different = [i for i in rest if partners.get(i) in found]
    found = [j for j in found if j not in [partners[i] for i in different]]
    return Outcome(
        len(same),
        tuple(source[i][0] for i in different),
        tuple(source[i][0] for i in rest if i not in different),
        tuple(source[i][0] for i in order),
        tuple(target[j][0] for j in found),
        source[max(same)][0] if same else 0,
    )


def _aligned(source: Versions, target: Versions) -> dict[int, int]:
    """Which target version stands in the place of which source version, by their indices.

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
    """What is wrong with an item's metadata, empty where nothing is.

    :param mode: the metadata mode. With ``none``, descriptions are the target's own business.
    :param block: the source's metadata block, ``None`` for KV v1.
    :param text: the item's description, or the text that it points to.
    :param wanted: numbers of the source versions that the item must hold.
    :param own: whether the migration created the item; one that was there before may keep a description.
    """
    if mode == "none":
        return ""
    expected: t.Any = None
    if block is not None:
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
    """Compare and take out the versions' states: those that are wanted must be there, others may be."""
    states, told = expected.pop("versions", None) or {}, actual.pop("versions", {})
    if not isinstance(told, dict):
        return "its metadata differs in 'versions'"
    wrong = [n for n in told if n not in states or not _same(states, told, n)]
    wrong += [str(n) for n in wanted if str(n) not in told]
    return f"its metadata differs in version {', '.join(sorted(wrong, key=_number)[:5])}" if wrong else ""


def _same(one: t.Mapping[str, t.Any], other: t.Mapping[str, t.Any], key: str) -> bool:
    if key not in one or key not in other:
        return False
    return canonical(json.dumps(one[key])) == canonical(json.dumps(other[key]))


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (0, text)
