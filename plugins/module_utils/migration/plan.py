# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will be done, and why. Pure: the same facts always give the same plan, in check mode and in the real run.

One item at a time: its source versions, the item as the target lists it, what the ledger remembers of it, and the
policies give one :class:`Action`.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from ..vault.kv import VersionState

__all__ = [
    "CONFLICTS",
    "Action",
    "Facts",
    "Piece",
    "Policy",
    "Record",
    "Standing",
    "Target",
    "decide",
    "pending",
    "readable",
    "standing",
    "takeover",
    "valid",
    "wanted",
]

CONFLICTS = ("fail", "skip", "update", "overwrite")

# What an action does to its item. "adopt" and "forget" write to the ledger only: the item is as it should be already,
# or gone. "prune" deletes versions of it, "delete" the item.
Kind = t.Literal[
    "create",
    "append",
    "overwrite",
    "metadata",
    "prune",
    "delete",
    "forget",
    "adopt",
    "unchanged",
    "skip",
    "conflict",
    "refuse",
]


@dataclass(frozen=True)
class Policy:
    """The options that the planner needs. ``versions``: ``all``, ``current``, or how many of the newest.

    :ivar deleted: ``keep`` or ``delete``: what becomes of items and versions that the source has no more.
    :ivar undeleted: ``conflict`` or ``rewrite``: what becomes of a version that can be read again when newer ones are
        at the target already.
    """

    tag: str
    conflict: str = "fail"
    versions: str | int = "all"
    value_limit: int = 16384
    kept_versions: int | None = None  # how many versions the account lets an item keep, where that is known
    deleted: str = "keep"
    undeleted: str = "conflict"


@dataclass(frozen=True)
class Piece:
    """One source version as it concerns one item: its number, the keyed digest and the size in bytes of its value."""

    number: int
    digest: str
    size: int


@dataclass(frozen=True)
class Target:
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
    :ivar modified: the item's modification date then, empty where a run died before it saw it.
    :ivar description: keyed digest of the description that we wrote, empty where we wrote none.
    :ivar versions: source version to (target version, keyed digest of the value).
    :ivar doomed: a rollback is about to delete the item, or has done so.
    :ivar stale: target versions of ours that are to be deleted, or have been: to the keyed digest of the value.
    """

    last: int
    mark: str = ""
    modified: str = ""
    description: str = ""
    versions: dict[int, tuple[int, str]] = field(default_factory=dict)
    doomed: bool = False
    stale: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything that :func:`decide` looks at.

    :ivar wanted: numbers of the source versions that the policy wants and that can be read, ascending.
    :ivar pieces: those that were read, by number.
    :ivar observed: keyed digests of target versions that were read back, ``None`` where one is no longer kept.
    :ivar description: keyed digest of the description that the item should have, empty for none.
    :ivar interrupted: the item was changed last while a run of ours was writing that then died.
    """

    wanted: tuple[int, ...]
    pieces: t.Mapping[int, Piece]
    target: Target | None
    record: Record | None
    description: str
    observed: t.Mapping[int, str | None] = field(default_factory=dict)
    keep: int = 10
    interrupted: bool = False


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
        return self.kind in ("create", "append", "overwrite", "metadata", "prune", "delete")


class Standing(t.NamedTuple):
    """How an item stands to this migration, before any value is read.

    ``look_at``: target versions whose values must be read back to know.
    """

    name: t.Literal["absent", "gone", "foreign", "clean", "unsure"]
    look_at: tuple[int, ...] = ()


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

    ``current`` is nothing where the newest version is deleted: an older one is not what an application would read.
    """
    numbers = tuple(sorted(state.number for state in states if readable(state, now)))
    if versions == "all":
        return numbers
    if versions == "current":
        newest = max((state.number for state in states), default=0)
        return (newest,) if newest in numbers else ()
    return numbers[-int(versions) :]


def takeover(tags: t.Iterable[str], tag: str) -> str:
    """The mark of an item that was taken over, empty where there is none.

    ``from-<n>``: versions up to n are not ours, or were there before. ``anew-<n>``: the same, and nothing that the
    ledger knew of an item of this name before holds any more.
    """
    marks = [t_.removeprefix(f"{tag}:") for t_ in tags if re.fullmatch(re.escape(tag) + r":(from|anew)-\d+", t_)]
    return marks[0] if marks else ""


def base_of(mark: str) -> int:
    """The version number in a mark, 0 for an empty one."""
    return int(mark.partition("-")[2] or 0)


def valid(record: Record | None, target: Target | None, policy: Policy) -> Record | None:
    """What is remembered of an item, unless it is void: by a take-over that the ledger has not seen, or a rollback."""
    if record is None:
        return None
    if target is None:
        # One of which nothing was to stay is not missed.
        return None if record.doomed or (record.stale and not record.versions) else record
    mark = takeover(target.tags, policy.tag)
    if mark.startswith("anew") and mark != record.mark:
        return None
    newest = max((version for version, _digest in record.versions.values()), default=0)
    if newest <= target.last < record.last and max(record.stale, default=0) > target.last:
        # A run of ours died after it had deleted these versions.
        return replace(record, last=target.last, modified="")
    return record


def standing(target: Target | None, record: Record | None, policy: Policy) -> Standing:
    """See :class:`Standing`."""
    if target is None:
        return Standing("absent" if record is None else "gone")
    mark = takeover(target.tags, policy.tag)
    if target.type != "STATIC_SECRET" or (policy.tag not in target.tags and not mark):
        return Standing("foreign")
    if record is None:
        return Standing("unsure", tuple(range(base_of(mark) + 1, target.last + 1)))
    if target.last == record.last and target.modified == record.modified and mark == record.mark:
        return Standing("clean")
    # The newest recorded version is read back, too: it may have been overwritten in place.
    return Standing("unsure", tuple(range(max(1, min(_base(target, record, policy), record.last)), target.last + 1)))


def pending(wanted_numbers: t.Iterable[int], record: Record | None) -> tuple[int, ...]:
    """The wanted versions that the item does not hold yet."""
    held = record.versions if record else {}
    return tuple(number for number in wanted_numbers if number not in held)


def decide(facts: Facts, policy: Policy) -> Action:
    """The action for one item."""
    target, record = facts.target, facts.record
    stands = standing(target, record, policy)
    todo = pending(facts.wanted, record)
    if stands.name == "absent" and not todo:
        return Action("skip", "no version can be read at the source")
    if stands.name == "absent":
        return _sized(Action("create", "not at the target yet", todo, describe=bool(facts.description)), facts, policy)
    if stands.name == "gone" and not facts.wanted and policy.deleted == "delete":
        return Action("forget", "gone at the source and at the target")
    if stands.name == "gone":
        return _against_policy("deleted at the target since", Action("create", "", facts.wanted), facts, policy)
    if target is None:
        raise AssertionError("whoever asks this has seen the item at the target")
    if target.type != "STATIC_SECRET":
        return Action("conflict", f"the name is taken by an item of type {target.type}", remedy=_RENAME)
    if stands.name == "foreign":
        reason = "replaced at the target since, or its tag was removed" if record else "not created by this migration"
        return _against_policy(reason, replace(_onto(facts, target, facts.wanted), fresh=True), facts, policy)
    matched: dict[int, tuple[int, str]] = {}
    if stands.name == "unsure":
        matched, foreign = _settle(facts, target, policy, todo)
        todo = tuple(number for number in todo if number not in matched)
        if foreign:
            again = todo or facts.wanted[-1:]
            return _against_policy(foreign, _onto(facts, target, again), facts, policy)
    held = {**(record.versions if record else {}), **matched}
    if todo and held and policy.versions == "all" and todo[0] < max(held) and policy.conflict == "fail":
        return Action(
            "conflict",
            f"version {todo[0]} can be read now, but newer ones are at the target already",
            remedy="It cannot be put in order any more: set conflict: skip to leave it out",
        )
    todo = tuple(number for number in todo if not held or number > max(held))
    # A description that a run wrote before it died is ours, though the ledger does not know it.
    drift = _description_drift(facts, record) and not (matched or facts.interrupted)
    if drift and policy.conflict in ("fail", "skip"):
        return _against_policy("its description was changed at the target", Action("metadata", ""), facts, policy)
    if policy.deleted == "delete" and not facts.wanted and record is not None:
        return _farewell(record, target)
    describe = facts.description != target.description and (
        bool(facts.description) or bool(record and record.description)
    )
    drop = _to_drop(record, policy)
    if todo:
        reason = "new versions at the source" if record else "an interrupted run left versions out"
        action = Action("append", reason, todo, target.last, describe=describe, matched=matched, drop=drop)
        return _sized(action, facts, policy)
    if drop:
        reason = "versions were deleted at the source"
        if max(drop) >= target.last and not matched:
            reason = "the newest version was deleted at the source: an older one is the newest now"
        return Action("prune", reason, (), target.last, describe=describe, matched=matched, drop=drop)
    if describe:
        return Action("metadata", "metadata changed", (), target.last, describe=True, matched=matched)
    if stands.name == "unsure" or (record and record.description != facts.description):
        return Action("adopt", "complete, but not in the ledger yet", (), target.last, matched=matched)
    return Action("unchanged", "nothing new at the source", (), target.last)


def _farewell(record: Record, target: Target) -> Action:
    """Nothing of a secret can be read at the source any more: what becomes of its item with ``deleted: delete``."""
    if record.mark:
        return Action(
            "skip",
            "nothing of it can be read at the source any more; its item was there before the migration, so it stays",
        )
    return Action("delete", "nothing of it can be read at the source any more", (), target.last)


def _to_drop(record: Record | None, policy: Policy) -> tuple[int, ...]:
    if record is None or (policy.deleted == "keep" and policy.undeleted == "conflict"):
        return ()
    return tuple(sorted(record.stale))


_RENAME = "Choose another target_location, or rename the item that is in the way"


def _base(target: Target, record: Record | None, policy: Policy) -> int:
    """Versions up to here are settled: recorded, or accepted by a take-over that the ledger has not seen yet."""
    mark = takeover(target.tags, policy.tag)
    return record.last if record is not None and mark in ("", record.mark) else base_of(mark)


def _settle(
    facts: Facts, target: Target, policy: Policy, todo: tuple[int, ...]
) -> tuple[dict[int, tuple[int, str]], str]:
    """Which unrecorded target versions are ours, left by a run that died; and whether others' are among them.

    Ours are the longest tail of the unrecorded versions that equals the beginning of what is still to be written.
    """
    record = facts.record
    if target.last < (record.last if record else 0):
        return {}, "versions were deleted at the target since"
    base = _base(target, record, policy)
    recorded = {**record.stale, **dict(record.versions.values())} if record else {}
    if record and base in record.stale and facts.observed.get(base) is None:
        recorded.pop(base)  # it was to be deleted, and was
    if base == (record.last if record else 0) and base in recorded and facts.observed.get(base) != recorded[base]:
        return {}, "its value was changed at the target since"
    unknown = [facts.observed.get(version) for version in range(base + 1, target.last + 1)]
    digests = [facts.pieces[number].digest for number in todo if number in facts.pieces]
    for length in range(min(len(unknown), len(digests)), -1, -1):
        if unknown[len(unknown) - length :] == digests[:length]:
            break
    first = target.last - length + 1
    matched = {number: (first + i, digests[i]) for i, number in enumerate(todo[:length])}
    return matched, "it has versions at the target that are not from here" if length < len(unknown) else ""


def _description_drift(facts: Facts, record: Record | None) -> bool:
    target = facts.target
    if target is None:
        raise AssertionError("whoever asks this has seen the item at the target")
    if record is None or not record.description:
        return False
    return target.description not in (record.description, facts.description)


def _onto(facts: Facts, target: Target, numbers: tuple[int, ...]) -> Action:
    return Action("append", "", numbers, target.last, take_over=True, describe=bool(facts.description))


def _against_policy(reason: str, action: Action, facts: Facts, policy: Policy) -> Action:
    """What the conflict policy makes of an item that is not as we left it."""
    if policy.conflict == "fail":
        return Action(
            "conflict", reason, remedy="Look at the item, then set conflict to skip, update or overwrite for this run"
        )
    if policy.conflict == "skip":
        return Action("skip", f"{reason}; conflict is skip")
    if not action.versions and action.kind != "metadata":
        return Action("skip", f"{reason}; and no version can be read at the source")
    kind = action.kind
    if policy.conflict == "overwrite" and kind == "append" and action.base > 0:
        kind = "overwrite"
    said = f"{reason}; conflict is {policy.conflict}"
    describe = action.describe or (bool(facts.description) and kind == "create")
    return _sized(replace(action, kind=kind, reason=said, describe=describe), facts, policy)


def _sized(action: Action, facts: Facts, policy: Policy) -> Action:
    """Refuse beforehand what Akeyless would refuse or forget; say how many versions the item must keep."""
    for number in action.versions:
        size = facts.pieces[number].size
        if size > policy.value_limit:
            return Action(
                "refuse",
                f"the value of version {number} has {size} bytes, the limit is {policy.value_limit}",
                remedy="Raise value_limit if the account takes more, or exclude the path",
            )
    total = len(action.versions) + action.base
    if policy.kept_versions is not None and len(facts.wanted) > policy.kept_versions:
        return Action(
            "refuse",
            f"{len(facts.wanted)} versions are wanted, the account keeps {policy.kept_versions} of an item",
            remedy="Raise the account's limit of versions, or set versions to a smaller number",
        )
    keep = max(total, facts.keep)
    if policy.kept_versions is not None:
        keep = min(keep, policy.kept_versions)
    if facts.target is not None and facts.target.kept >= total:
        keep = 0
    return replace(action, keep=keep)
