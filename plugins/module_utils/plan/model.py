# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner's data: the facts about one item, the policies, and the action that is decided.

Plain data, and what can be read from one piece of it alone. What follows from all of it is in decide.py.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ..vault.kv import VersionState

__all__ = [
    "CONFLICTS",
    "Action",
    "PlanInput",
    "PlanPolicy",
    "Record",
    "SourceVersion",
    "Standing",
    "TargetItem",
    "base_of",
    "is_marked",
    "is_own",
    "newest_digest",
    "ranges",
    "readable",
    "takeover",
    "wanted",
]

CONFLICTS = ("fail", "skip", "append", "overwrite")

# What an action does to its item. "adopt" and "forget" write to the ledger only: the item is as it should be already,
# or does not exist. "prune" deletes versions of it, "delete" the item.
Kind = t.Literal[
    "create",
    "append",
    "overwrite",
    "update_metadata",
    "prune",
    "delete",
    "forget",
    "adopt",
    "unchanged",
    "skip",
    "conflict",
    "fail",
]


@dataclass(frozen=True)
class PlanPolicy:
    """The options that the planner needs. ``versions``: ``all``, ``current``, or how many of the newest.

    :ivar delete: whether items and versions are deleted that the source no longer has.
    :ivar undeleted: ``conflict`` or ``rewrite``: what becomes of a version that can be read again when newer ones are
        at the target already.
    """

    tag: str
    conflict: str = "fail"
    versions: str | int = "all"
    value_limit: int = 16384
    kept_versions: int | None = None  # how many versions the account lets an item keep, where that is known
    delete: bool = False
    undeleted: str = "conflict"


@dataclass(frozen=True)
class SourceVersion:
    """One source version as it concerns one item: its number, the keyed digest and the size in bytes of its value."""

    number: int
    digest: str
    size: int


@dataclass(frozen=True)
class TargetItem:
    """The item as the target's listing shows it; ``description`` is the keyed digest of its description."""

    last: int
    modified: str
    tags: tuple[str, ...]
    description: str
    type: str = "STATIC_SECRET"
    kept: int = 0


@dataclass
class Record:
    """What the ledger remembers of one item after the last write.

    :ivar last: the item's newest version then.
    :ivar mark: how we took the item over, see :func:`takeover`; empty for an item that we created.
    :ivar modified: the date since which every change shows as a later one; empty until the value was read back after
        that date was over, see migrate/confirm.py.
    :ivar description: keyed digest of the description that we wrote, empty where we wrote none.
    :ivar versions: source version to (target version, keyed digest of the value).
    :ivar deletion_noted: a rollback is about to delete the item, or has done so.
    :ivar stale: target versions of ours that are to be deleted, or have been: to the keyed digest of the value.
    """

    last: int
    mark: str = ""
    modified: str = ""
    description: str = ""
    versions: dict[int, tuple[int, str]] = field(default_factory=dict)
    deletion_noted: bool = False
    stale: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanInput:
    """Everything that :func:`~.plan.decide` looks at.

    :ivar wanted: numbers of the source versions that the policy wants and that can be read, ascending.
    :ivar pieces: those that were read, by number.
    :ivar observed: keyed digests of target versions that were read back, ``None`` where one is no longer kept.
    :ivar description: keyed digest of the description that the item should have, empty for none.
    :ivar described_by: whose the item's description is where neither the record nor the source tells: ``us`` where a
        run that died meant to write it, ``others`` where the item shows that our runs wrote another one.
    :ivar metadata_item: whether the item that holds the metadata beside it has to be written (``missing``) or deleted
        (``unneeded``), though the description is right.
    """

    wanted: tuple[int, ...]
    pieces: t.Mapping[int, SourceVersion]
    target: TargetItem | None
    record: Record | None
    description: str
    observed: t.Mapping[int, str | None] = field(default_factory=dict)
    keep: int = 10
    described_by: t.Literal["us", "others", "unknown"] = "unknown"
    metadata_item: t.Literal["right", "missing", "unneeded"] = "right"


@dataclass(frozen=True)
class Action:
    """One step of the plan.

    :ivar versions: source versions to write, in this order.
    :ivar base: the target's newest version before the first write.
    :ivar take_over: the item was not ours, or was changed: mark it before the first version is written.
    :ivar fresh: nothing that is remembered of the item holds any more.
    :ivar describe: the description is to be written, too.
    :ivar matched: source versions that an interrupted run has written already: to (target version, digest).
    :ivar keep: how many versions the item must be set to keep, 0 to leave that alone.
    :ivar drop: target versions to delete in the end.
    """

    kind: Kind
    reason: str
    versions: tuple[int, ...] = ()
    base: int = 0
    take_over: bool = False
    describe: bool = False
    matched: t.Mapping[int, tuple[int, str]] = field(default_factory=dict)
    keep: int = 0
    remedy: str = ""
    fresh: bool = False
    drop: tuple[int, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether the item itself is written."""
        return self.kind in ("create", "append", "overwrite", "update_metadata", "prune", "delete")

    @property
    def idle(self) -> bool:
        """Whether neither the item nor the ledger is written."""
        return self.kind in ("unchanged", "skip", "conflict", "fail")


class Standing(t.NamedTuple):
    """How an item stands to this migration, before any value is read.

    ``to_read``: target versions whose values must be read back to know.
    """

    name: t.Literal["absent", "deleted", "foreign", "clean", "unsure"]
    to_read: tuple[int, ...] = ()


def readable(state: VersionState, now: str) -> bool:
    """Whether a version's value can be read: not destroyed, and not deleted *yet*.

    A ``deletion_time`` in the future is a date of expiry, not a deletion.

    :param now: the server's time, RFC 3339 in UTC, comparable as text to whole seconds.
    """
    if state.destroyed or state.deleted:
        return False
    return not state.deletion_time or state.deletion_time[:19] >= now[:19]


def wanted(states: t.Sequence[VersionState], versions: str | int, now: str) -> tuple[int, ...]:
    """Numbers of the versions to migrate, ascending.

    In a number of versions, deleted ones count, so that no older one is wanted when a newer one is deleted. ``current``
    is the same as 1: nothing where the newest version is deleted, an older one is not what an application would read.
    """
    newest = sorted(states, key=lambda state: state.number)
    if versions != "all":
        newest = newest[-(1 if versions == "current" else int(versions)) :]
    return tuple(state.number for state in newest if readable(state, now))


def ranges(numbers: t.Iterable[int]) -> list[list[int]]:
    """The first and the last of each run of numbers: ``[[1, 3], [5, 5]]`` for ``(1, 2, 3, 5)``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def takeover(tags: t.Iterable[str], tag: str) -> str:
    """The mark of an item that was taken over, empty where there is none.

    ``from-<n>``: versions up to n are not ours, or were there before. ``anew-<n>``: the same, and nothing that the
    ledger knew of an item of this name before holds any more.
    """
    marks = [t_.removeprefix(f"{tag}:") for t_ in tags if re.fullmatch(re.escape(tag) + r":(from|anew)-\d+", t_)]
    return marks[0] if marks else ""


def is_marked(tags: t.Collection[str], tag: str) -> bool:
    """Whether an item carries the migration's tag, or the mark of a take-over by it."""
    return tag in tags or bool(takeover(tags, tag))


def is_own(tags: t.Iterable[str], tag: str) -> bool:
    """Whether an item's tags are those that the migration gave it when it created it, and no others."""
    given = {*tags}
    return tag in given and all(text.startswith(f"{tag}:run-") for text in given - {tag})


def newest_digest(record: Record) -> str | None:
    """Keyed digest of the newest value that the item holds by the record, ``None`` where the record knows none."""
    digests = {**record.stale, **dict(record.versions.values())}
    newest = max((version for version in digests if version <= record.last), default=0)
    return digests[newest] if newest else None


def base_of(mark: str) -> int:
    """The version number in a mark, 0 for an empty one."""
    return int(mark.partition("-")[2] or 0)
