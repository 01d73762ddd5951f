# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What going back does to one item, and why. Pure: the same evidence always gives the same step.

An item that the runs in question created is deleted; one that they changed is put back to how it was. Either happens
only where the item is as our own runs left it, or somewhere on the way back that a rollback which died has begun.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ..akeyless.items import Item
from ..ledger.backup import ItemBackup
from ..ledger.runs import Span, run_of, run_tag
from ..plan.model import Record, takeover

__all__ = ["Evidence", "Goal", "Step", "decide", "is_clean"]

# "look": read the item's value, its versions and what was kept of them, then decide again. "done": it is as it was
# already. "untouched": the runs in question did not touch it. "gone": it was created here, and is there no more.
Kind = t.Literal["delete", "restore", "refuse", "done", "untouched", "gone", "look"]


@dataclass(frozen=True)
class Goal:
    """What is to be taken back.

    :ivar tag: the migration's.
    :ivar since: the first run to take back; empty for the whole migration.
    :ivar spans: when runs held the lease.
    """

    tag: str
    since: str
    spans: tuple[Span, ...] = ()

    def takes(self, run: str) -> bool:
        """Whether what this run did is to be taken back."""
        return not self.since or run >= self.since


@dataclass(frozen=True)
class Evidence:
    """What is known of one item. Digests are keyed ones.

    :ivar before: how it was before the first of the runs to take back changed it.
    :ivar runs: every run that wrote down how the item was before it.
    :ivar description: digest of the item's description, ``before_description`` of the one before.
    :ivar observed: digest of its newest value, ``None`` where it was not read.
    :ivar saved: digest of the value that was replaced in place, ``None`` where none was or it was not read.
    :ivar companions_differ: whether the metadata beside it is not as it was before.
    """

    item: Item | None
    record: Record | None
    before: ItemBackup | None
    runs: frozenset[str] = frozenset()
    description: str = ""
    before_description: str = ""
    observed: str | None = None
    saved: str | None = None
    companions_differ: bool = False


@dataclass(frozen=True)
class Step:
    """One line of the plan. ``versions``: those to delete, newest first, where an item is put back."""

    kind: Kind
    reason: str
    remedy: str = ""
    versions: tuple[int, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether the item is changed."""
        return self.kind in ("delete", "restore")


_LOOK = Step("look", "")
_BY_HAND = "Look at the item, and take it back by hand or leave it; then run again"
_ADOPT = "Run kv_migration again, which compares values with the source, then roll back; or delete it by hand"


def decide(seen: Evidence, goal: Goal) -> Step:
    """The step for one item."""
    item = seen.item
    if item is None:
        return _absent(seen, goal)
    mark = takeover(item.tags, goal.tag)
    owned = goal.tag in item.tags
    if not owned and not mark:
        return _without_tag(item, seen, goal)
    if item.type != "STATIC_SECRET":
        return Step("refuse", f"it is of type {item.type} now", _BY_HAND)
    created = run_of(item.tags, goal.tag)
    if owned and goal.takes(created):
        if mark:
            return Step("refuse", "somebody changed it before the migration went on top of that", _BY_HAND)
        return _deletion(item, seen, goal, created)
    if seen.before is None:
        if not owned and not goal.since:
            return Step("refuse", "it is not known how it was before it was taken over", _BY_HAND)
        return Step("untouched", "not touched by these runs")
    return _restoration(item, seen.before, seen, goal)


def is_clean(item: Item, record: Record | None, goal: Goal) -> bool:
    """As the ledger remembers it: no need to look closer."""
    if record is None or not record.modified:
        return False
    mark = takeover(item.tags, goal.tag)
    return (item.last_version, item.modified, mark) == (record.last, record.modified, record.mark)


def _absent(seen: Evidence, goal: Goal) -> Step:
    before = seen.before
    if before is None:
        # Which run had created it, only its tag could say: without one, a rollback that died must have noted it.
        known = not goal.since or (seen.record is not None and seen.record.doomed)
        return Step("gone", "it is gone already") if known else Step("untouched", "it was deleted at the target since")
    if not goal.since and goal.tag in before.tags:
        return Step("gone", "it is gone already")
    return Step(
        "refuse",
        "it was deleted at the target since, with all its versions",
        "Make it anew by hand, or accept that and forget the migration with kv_migration state: absent",
    )


def _without_tag(item: Item, seen: Evidence, goal: Goal) -> Step:
    if seen.before is not None and goal.tag not in seen.before.tags and item.type == "STATIC_SECRET":
        if not item.versions:
            return _LOOK
        if _as_before(item, seen.before, seen):
            return Step("done", "it is as it was before")
    if seen.before is None and seen.record is None:
        return Step("untouched", "not of this migration")
    return Step("refuse", "it was replaced at the target since, or its tag was removed", _BY_HAND)


def _deletion(item: Item, seen: Evidence, goal: Goal, created: str) -> Step:
    before = seen.before
    if before is not None and not (goal.tag in before.tags and goal.takes(run_of(before.tags, goal.tag))):
        return Step("refuse", "it was deleted and made anew since: its former versions cannot come back", _BY_HAND)
    expected = {goal.tag, *([run_tag(goal.tag, created)] if created else ())}
    if set(item.tags) != expected:
        return Step("refuse", "its tags were changed at the target since", _BY_HAND)
    if item.protected:
        return Step("refuse", "it is protected from deletion", "Switch off its delete protection, then run again")
    if not is_clean(item, seen.record, goal):
        if seen.observed is None:
            return _LOOK
        reason = _drift_of_ours(item, seen, goal, created)
        if reason:
            return Step("refuse", reason, _BY_HAND if seen.record else _ADOPT)
    return Step("delete", "the migration created it" if not goal.since else "these runs created it")


def _restoration(item: Item, before: ItemBackup, seen: Evidence, goal: Goal) -> Step:
    clean = is_clean(item, seen.record, goal)
    if not item.versions or (seen.observed is None and (before.value or not clean)):
        return _LOOK
    if _as_before(item, before, seen):
        return Step("done", "it is as it was before")
    lost = sorted(set(before.versions) - set(item.versions))
    if lost:
        return Step("refuse", f"versions that were there before are no longer kept: {_some(lost)}", _BY_HAND)
    if _plain(item.tags, goal.tag) != _plain(before.tags, goal.tag):
        return Step("refuse", "its tags were changed at the target since", _BY_HAND)
    if not clean:
        reason = _drift_of_taken(item, before, seen, goal)
        if reason:
            return Step("refuse", reason, _BY_HAND if seen.record else _ADOPT)
    versions = tuple(sorted((number for number in item.versions if number > before.last), reverse=True))
    if item.protected and versions:
        return Step("refuse", "it is protected from deletion", "Switch off its delete protection, then run again")
    return Step("restore", f"put back to version {before.last}", versions=versions)


def _drift_of_ours(item: Item, seen: Evidence, goal: Goal, created: str) -> str:
    """Why an item that we created is not as we left it; empty where it is."""
    record = seen.record
    if record is not None and item.last_version == record.last:
        held = dict(record.versions.values())
        known = seen.description in (record.description, seen.before_description)
        if held.get(record.last) == seen.observed and known:
            return ""
        if _died(item, goal, {*seen.runs}):
            return ""
        return "its description was changed at the target since" if not known else _VALUE
    if record is not None and item.last_version < record.last:
        return "versions were deleted at the target since"
    if _died(item, goal, {created, *seen.runs}):
        return ""
    return "it has versions that the ledger does not know" if record else "the ledger does not know it"


_VALUE = "its value was changed at the target since"


def _drift_of_taken(item: Item, before: ItemBackup, seen: Evidence, goal: Goal) -> str:
    """Why an item that we took over or added to is neither as we left it nor on the way back; empty where it is."""
    record, newest = seen.record, item.versions[-1]
    held = dict(record.versions.values()) if record else {}
    unknown = [number for number in item.versions if number > before.last and number not in held]
    accepted = {digest for digest in (held.get(newest), seen.saved if newest <= before.last else None) if digest}
    known = seen.description in (record.description if record and record.description else None, seen.before_description)
    if not unknown and known and (not accepted or seen.observed in accepted):
        return ""
    # With nothing in the ledger, the end of a rollback that died says as much as the end of the run itself.
    if _died(item, goal, {*seen.runs} if record and not unknown else None):
        return ""
    if unknown:
        return "it has versions that the ledger does not know"
    return _VALUE if known else "its description was changed at the target since"


def _died(item: Item, goal: Goal, runs: set[str] | None) -> bool:
    """Whether the item was changed last while one of these runs (``None``: any) was writing that then died."""
    moment = _moment(item.modified)
    return any(span.died_around(moment) and (runs is None or span.run in runs) for span in goal.spans)


def _as_before(item: Item, before: ItemBackup, seen: Evidence) -> bool:
    return (
        list(item.versions) == before.versions
        and item.description == before.description
        and sorted(item.tags) == sorted(before.tags)
        and (item.max_versions, item.form) == (before.kept, before.form)
        and (not before.value or seen.observed == seen.saved)
        and not seen.companions_differ
    )


def _plain(tags: t.Iterable[str], tag: str) -> set[str]:
    """The tags without the mark of a take-over."""
    marks = {f"{tag}:{mark}" for mark in [takeover(tags, tag)] if mark}
    return set(tags) - marks


def _some(numbers: t.Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


def _moment(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 date in UTC, whole ones; 0 for anything else."""
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return 0.0
