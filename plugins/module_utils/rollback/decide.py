# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback does to one item, and why. Pure: the same evidence always gives the same action.

An item that the runs created is deleted; an item that they changed is restored. Both happen only if the item is as
the runs left it, or in a state between that and the restored one, which an interrupted rollback has left.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..akeyless.item import DAMAGED
from ..akeyless.items import Item
from ..ledger.backup import ItemBackup
from ..ledger.runs import run_of
from ..plan.model import Record, is_own, newest_digest, takeover
from ..target.intended import Intended

__all__ = ["Evidence", "Kind", "RollbackAction", "RunSelection", "decide", "is_unchanged"]

# "read": the item's versions and values decide, so read them and decide again. "conflict": it was changed at the target
# since, and stays. "fail": Akeyless does not allow the action. "untouched": the selected runs did not change it.
Kind = t.Literal["delete", "restore", "conflict", "fail", "already_restored", "already_deleted", "untouched", "read"]


@dataclass(frozen=True)
class RunSelection:
    """The runs to roll back.

    :ivar tag: the migration's.
    :ivar first: the first run to roll back; empty for the whole migration.
    """

    tag: str
    first: str

    def includes(self, run: str) -> bool:
        """Whether the changes of this run are to be rolled back."""
        return not self.first or run >= self.first


@dataclass(frozen=True)
class Evidence:
    """What is known of one item. Digests are keyed ones.

    :ivar before: its backup from before the first of the selected runs changed it.
    :ivar intended: what the runs meant to write of it.
    :ivar description: digest of the item's description; ``before_description``: of the one in the backup.
    :ivar observed: digest of its newest value; ``None`` if it was not read.
    :ivar saved: digest of the value that was replaced in place; ``None`` if none was, or if it was not read.
    :ivar metadata_items_differ: whether the text of a metadata item is not as it was before.
    """

    item: Item | None
    record: Record | None
    before: ItemBackup | None
    intended: Intended | None = None
    description: str = ""
    before_description: str = ""
    observed: str | None = None
    saved: str | None = None
    metadata_items_differ: bool = False


@dataclass(frozen=True)
class RollbackAction:
    """One line of the plan. ``versions``: those to delete of an item that is restored, newest first."""

    kind: Kind
    reason: str
    remedy: str = ""
    versions: tuple[int, ...] = ()


_READ = RollbackAction("read", "")
_BY_HAND = "Look at the item, and roll it back by hand or leave it as it is; then run again"
_ADOPT = "Run kv_migration again, which compares values with the source, then roll back; or delete it by hand"
_DAMAGED = RollbackAction(
    "fail",
    "the target's listing shows it in a form that Akeyless does not give",
    "Check akeyless.api_url and what stands in front of it, then run again",
)
_PROTECTED = RollbackAction("fail", "it is protected from deletion", "Switch off its delete protection, then run again")


def decide(seen: Evidence, runs: RunSelection) -> RollbackAction:
    """The action for one item."""
    item = seen.item
    if item is None:
        return _decide_missing(seen, runs)
    if item.type == DAMAGED:
        return _DAMAGED
    mark = takeover(item.tags, runs.tag)
    owned = runs.tag in item.tags
    if not owned and not mark:
        return _decide_untagged(item, seen, runs)
    if item.type != "STATIC_SECRET":
        return _conflict(f"it is of type {item.type} now")
    created = run_of(item.tags, runs.tag)
    if owned and runs.includes(created):
        if mark:
            return _conflict("it was changed at the target, and the migration wrote over that change")
        return _decide_created(item, seen, runs)
    if seen.before is None:
        if not owned and not runs.first:
            return _conflict("its state before the migration took it over is not known")
        return RollbackAction("untouched", "these runs did not change it")
    return _decide_changed(item, seen.before, seen, runs)


def is_unchanged(item: Item, seen: Evidence, runs: RunSelection) -> bool:
    """Whether the item is as the ledger records it, without reading its value.

    The date can tell that for a settled record only, see migrate/confirm.py.
    """
    record = seen.record
    if record is None or not record.modified:
        return False
    mark = takeover(item.tags, runs.tag)
    described = seen.description == record.description or bool(record.mark and not record.description)
    return described and (item.last_version, item.modified, mark) == (record.last, record.modified, record.mark)


def _conflict(reason: str, remedy: str = _BY_HAND) -> RollbackAction:
    return RollbackAction("conflict", reason, remedy)


def _decide_missing(seen: Evidence, runs: RunSelection) -> RollbackAction:
    before = seen.before
    if before is None:
        # Only the item's tag says which run created it. Without one, an interrupted rollback must have noted it.
        if not runs.first or (seen.record is not None and seen.record.deletion_noted):
            return RollbackAction("already_deleted", "it is deleted already")
        return RollbackAction("untouched", "it was deleted at the target since")
    if not runs.first and runs.tag in before.tags:
        return RollbackAction("already_deleted", "it is deleted already")
    return _conflict(
        "it was deleted at the target since, with all its versions",
        "Create it by hand, or accept that and forget the migration with kv_migration state: absent",
    )


def _decide_untagged(item: Item, seen: Evidence, runs: RunSelection) -> RollbackAction:
    """An item without the migration's tag."""
    if seen.before is not None and runs.tag not in seen.before.tags and item.type == "STATIC_SECRET":
        if not item.versions:
            return _READ
        if _is_restored(item, seen.before, seen):
            return RollbackAction("already_restored", "it is as it was before")
    if seen.before is None and seen.record is None:
        return RollbackAction("untouched", "not of this migration")
    return _conflict("it was replaced at the target since, or its tag was removed")


def _decide_created(item: Item, seen: Evidence, runs: RunSelection) -> RollbackAction:
    """An item that one of the selected runs has created."""
    before = seen.before
    if before is not None and not (runs.tag in before.tags and runs.includes(run_of(before.tags, runs.tag))):
        return _conflict("it was deleted and created again since: its former versions cannot come back")
    if not is_own(item.tags, runs.tag):
        return _conflict("its tags were changed at the target since")
    if item.protected:
        return _PROTECTED
    if not is_unchanged(item, seen, runs):
        if seen.observed is None:
            return _READ
        reason = _change_of_created(item, seen)
        if reason:
            return _conflict(reason, _BY_HAND if seen.record else _ADOPT)
    return RollbackAction("delete", "these runs created it" if runs.first else "the migration created it")


def _decide_changed(item: Item, before: ItemBackup, seen: Evidence, runs: RunSelection) -> RollbackAction:
    """An item that the selected runs have changed."""
    as_recorded = is_unchanged(item, seen, runs)
    if not item.versions or (seen.observed is None and (before.value or not as_recorded)):
        return _READ
    if _is_restored(item, before, seen):
        return RollbackAction("already_restored", "it is as it was before")
    lost = sorted(set(before.versions) - set(item.versions))
    if lost:
        return _conflict(f"versions that were there before are no longer kept: {_numbers(lost)}")
    if _without_mark(item.tags, runs.tag) != _without_mark(before.tags, runs.tag):
        return _conflict("its tags were changed at the target since")
    if not as_recorded:
        reason = _change_of_changed(item, before, seen)
        if reason:
            return _conflict(reason, _BY_HAND if seen.record else _ADOPT)
    versions = tuple(sorted((number for number in item.versions if number > before.last), reverse=True))
    if item.protected and versions:
        return _PROTECTED
    return RollbackAction("restore", f"restore version {before.last}", versions=versions)


def _change_of_created(item: Item, seen: Evidence) -> str:
    """How an item that a run created was changed since; empty if it was not."""
    record, last = seen.record, item.last_version
    if record is not None and last < record.last:
        return "versions were deleted at the target since"
    described = (record is not None and seen.description == record.description) or _is_meant_description(seen)
    recorded = False
    if record is not None and last == record.last and seen.observed is not None:
        # A version that kv_sync was about to delete may be there or not.
        recorded = seen.observed in (newest_digest(record), newest_digest(replace(record, stale={})))
    if described and (recorded or _is_meant(last, seen)):
        return ""
    if record is None or last > record.last:
        return "it has versions that the ledger does not know" if record else "the ledger does not know it"
    return _VALUE_CHANGED if described else _DESCRIPTION_CHANGED


_VALUE_CHANGED = "its value was changed at the target since"
_DESCRIPTION_CHANGED = "its description was changed at the target since"


def _change_of_changed(item: Item, before: ItemBackup, seen: Evidence) -> str:
    """How an item that a run took over or added to was changed since; empty if it was not, or by a rollback only."""
    record, newest = seen.record, item.versions[-1]
    digests = dict(record.versions.values()) if record else {}
    unknown = [number for number in item.versions if number > before.last and number not in digests]
    accepted = {d for d in (digests.get(newest), seen.saved if newest <= before.last else None) if d}
    recorded = bool(record and record.description and seen.description == record.description)
    described = recorded or _is_meant_description(seen)
    meant = _is_meant(newest, seen)
    # Each version is written on condition of the one before, so that the newest one speaks for those below it.
    if described and (meant or (not unknown and (not accepted or seen.observed in accepted))):
        return ""
    if unknown and not meant:
        return "it has versions that the ledger does not know"
    return _VALUE_CHANGED if described else _DESCRIPTION_CHANGED


def _is_meant(version: int, seen: Evidence) -> bool:
    """Whether the newest value is one that a run meant to write as that version."""
    return seen.intended is not None and seen.intended.has_version(version, seen.observed)


def _is_meant_description(seen: Evidence) -> bool:
    """Whether the description is that of before, or one that a run meant to write."""
    if seen.before is not None and seen.description == seen.before_description:
        return True
    return seen.intended is not None and seen.intended.has_description(seen.description)


def _is_restored(item: Item, before: ItemBackup, seen: Evidence) -> bool:
    return (
        list(item.versions) == before.versions
        and item.description == before.description
        and sorted(item.tags) == sorted(before.tags)
        and (item.max_versions, item.form) == (before.kept, before.form)
        and (not before.value or seen.observed == seen.saved)
        and not seen.metadata_items_differ
    )


def _without_mark(tags: t.Iterable[str], tag: str) -> set[str]:
    """The tags without the one that marks an item as taken over."""
    marks = {f"{tag}:{mark}" for mark in [takeover(tags, tag)] if mark}
    return set(tags) - marks


def _numbers(numbers: t.Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
