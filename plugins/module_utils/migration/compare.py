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
    lost: list[tuple[int, int]] = []  # index in source, and the block it is in
    found: list[tuple[int, int]] = []  # index in target, likewise
    identical = last_held = 0
    blocks = SequenceMatcher(None, [d for _n, d in source], [d for _n, d in target], autojunk=False).get_opcodes()
    for block, (kind, a, b, c, d) in enumerate(blocks):
        if kind == "equal":
            identical += b - a
            last_held = source[b - 1][0]
            continue
        lost += [(i, block) for i in range(a, b)]
        found += [(j, block) for j in range(c, d)]
    order, lost, found = _moved(source, target, lost, found)
    # What was there before, and what the source has no more, must not be taken for a changed value.
    found = [(j, block) for j, block in found if not explained(*target[j])]
    different, missing = [], []
    for i, block in lost:
        other = next((pair for pair in found if pair[1] == block), None)
        if other is None:
            missing.append(source[i][0])
        else:
            found.remove(other)
            different.append(source[i][0])
    added = tuple(target[j][0] for j, _block in found)
    return Outcome(identical, tuple(different), tuple(missing), tuple(order), added, last_held)


def _moved(
    source: Versions, target: Versions, lost: list[tuple[int, int]], found: list[tuple[int, int]]
) -> tuple[list[int], list[tuple[int, int]], list[tuple[int, int]]]:
    """Versions that were lost in one place and found in another."""
    order, still_lost = [], []
    found = list(found)
    for i, block in lost:
        other = next((pair for pair in found if target[pair[0]][1] == source[i][1]), None)
        if other is None:
            still_lost.append((i, block))
        else:
            found.remove(other)
            order.append(source[i][0])
    return order, still_lost, found


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
    states, told = expected.pop("versions", None) or {}, actual.pop("versions", None) or {}
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
