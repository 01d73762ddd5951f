# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does to an item, and why. Pure: equal facts give equal plans, in check mode and in the real run.

One item at a time: its source versions, the item as the target lists it, what the ledger remembers of it, and the
policies give one :class:`~.model.Action`.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .model import Action, PlanInput, PlanPolicy, Record, Standing, TargetItem, base_of, is_own, takeover

__all__ = ["decide", "pending", "standing", "valid"]


def valid(record: Record | None, target: TargetItem | None, policy: PlanPolicy) -> Record | None:
    """The ledger's record of an item; ``None`` where a later take-over or a rollback has made it invalid."""
    if record is None:
        return None
    if target is None:
        # Not missing: a rollback deleted it, or all of its versions were to be deleted.
        return None if record.deletion_noted or (record.stale and not record.versions) else record
    mark = takeover(target.tags, policy.tag)
    if mark.startswith("anew") and mark != record.mark:
        return None
    newest = max((version for version, _digest in record.versions.values()), default=0)
    if newest <= target.last < record.last and max(record.stale, default=0) > target.last:
        # A run of this migration was killed after it had deleted these versions.
        return replace(record, last=target.last, modified="")
    return record


def standing(target: TargetItem | None, record: Record | None, policy: PlanPolicy) -> Standing:
    """See :class:`~.model.Standing`."""
    if target is None:
        return Standing("absent" if record is None else "deleted")
    mark = takeover(target.tags, policy.tag)
    if target.type != "STATIC_SECRET" or (policy.tag not in target.tags and not mark):
        return Standing("foreign")
    if record is None:
        return Standing("unsure", tuple(range(base_of(mark) + 1, target.last + 1)))
    settled = bool(record.modified) and target.modified == record.modified
    if settled and target.last == record.last and mark == record.mark:
        return Standing("clean")
    # The newest recorded version is read back, too: it may have been overwritten in place. Its number is lower than the
    # last one of the item where a rollback has deleted what came after it.
    newest = max((version for version, _digest in record.versions.values()), default=record.last)
    first = min(_base(target, record, policy), record.last, newest)
    return Standing("unsure", tuple(range(max(1, first), target.last + 1)))


def pending(wanted_numbers: t.Iterable[int], record: Record | None) -> tuple[int, ...]:
    """The wanted versions that the item does not hold yet."""
    written = record.versions if record else {}
    return tuple(number for number in wanted_numbers if number not in written)


def decide(facts: PlanInput, policy: PlanPolicy) -> Action:
    """The action for one item."""
    target, record = facts.target, facts.record
    state = standing(target, record, policy)
    todo = pending(facts.wanted, record)
    if state.name == "absent" and not todo:
        return Action("skip", "no version can be read at the source")
    if state.name == "absent":
        return _within_limits(
            Action("create", "not at the target yet", todo, describe=bool(facts.description)), facts, policy
        )
    if state.name == "deleted" and not facts.wanted and policy.delete:
        return Action("forget", "removed at the source and deleted at the target")
    if state.name == "deleted":
        return _by_conflict_policy("deleted at the target since", Action("create", "", facts.wanted), facts, policy)
    if target is None:
        raise AssertionError("an item with this state is at the target")
    if target.type != "STATIC_SECRET":
        return Action("conflict", f"the name belongs to an item of type {target.type}", remedy=_RENAME)
    if state.name == "foreign":
        reason = "replaced at the target since, or its tag was removed" if record else "not created by this migration"
        return _by_conflict_policy(reason, replace(_append_to(facts, target, facts.wanted), fresh=True), facts, policy)
    matched: dict[int, tuple[int, str]] = {}
    if state.name == "unsure":
        matched, foreign = _match_unrecorded(facts, target, policy, todo)
        todo = tuple(number for number in todo if number not in matched)
        if foreign:
            again = todo or facts.wanted[-1:]
            return _by_conflict_policy(foreign, _append_to(facts, target, again), facts, policy)
    written = {**(record.versions if record else {}), **matched}
    if todo and written and policy.versions == "all" and todo[0] < max(written) and policy.conflict == "fail":
        return Action(
            "conflict",
            f"version {todo[0]} can be read now, but newer ones are at the target already",
            remedy="It cannot be put in order any more: set conflict: skip to leave it out",
        )
    todo = tuple(number for number in todo if not written or number > max(written))
    if _description_drift(facts, record) and policy.conflict in ("fail", "skip"):
        return _by_conflict_policy(
            "its description was changed at the target", Action("update_metadata", ""), facts, policy
        )
    if policy.delete and not facts.wanted and record is not None:
        return _action_without_source(facts, target, record, policy)
    describe = facts.metadata_item == "missing" or (
        facts.description != target.description and (bool(facts.description) or bool(record and record.description))
    )
    drop = _to_drop(record, policy)
    if todo:
        reason = "new versions at the source" if record else "an interrupted run left versions out"
        action = Action("append", reason, todo, target.last, describe=describe, matched=matched, drop=drop)
        return _within_limits(action, facts, policy)
    if drop:
        reason = "versions were deleted at the source"
        if max(drop) >= target.last and not matched:
            reason = "the newest version was deleted at the source: an older one is the newest now"
        return Action("prune", reason, (), target.last, describe=describe, matched=matched, drop=drop)
    if describe:
        return Action("update_metadata", "metadata changed", (), target.last, describe=True, matched=matched)
    if state.name == "unsure" or (record and record.description != facts.description):
        return Action("adopt", "complete, but not in the ledger yet", (), target.last, matched=matched)
    if facts.metadata_item == "unneeded":
        return Action("adopt", "its metadata needs no item of its own any more", (), target.last)
    return Action("unchanged", "nothing new at the source", (), target.last)


def _action_without_source(facts: PlanInput, target: TargetItem, record: Record, policy: PlanPolicy) -> Action:
    """With ``delete: true``: the action for an item whose secret has no readable version any more."""
    if record.mark:
        return Action(
            "skip",
            "no version of it can be read at the source any more; the item existed before the migration, so it stays",
        )
    described = target.description == record.description
    if not described or not is_own(target.tags, policy.tag):
        what = "tags were" if described else "description was"
        unchanged = Action("append", "", (), target.last)
        return _by_conflict_policy(f"its {what} changed at the target since", unchanged, facts, policy)
    return Action("delete", "no version of it can be read at the source any more", (), target.last)


def _to_drop(record: Record | None, policy: PlanPolicy) -> tuple[int, ...]:
    if record is None or (not policy.delete and policy.undeleted == "conflict"):
        return ()
    return tuple(sorted(record.stale))


_RENAME = "Choose another target_location, or rename the item that is in the way"


def _base(target: TargetItem, record: Record | None, policy: PlanPolicy) -> int:
    """The newest version that is explained: the ledger records it, or a take-over that the ledger lacks accepted it."""
    mark = takeover(target.tags, policy.tag)
    return record.last if record is not None and mark in ("", record.mark) else base_of(mark)


def _match_unrecorded(
    facts: PlanInput, target: TargetItem, policy: PlanPolicy, todo: tuple[int, ...]
) -> tuple[dict[int, tuple[int, str]], str]:
    """The unrecorded target versions that an interrupted run wrote, and a reason where others wrote some of them.

    Those of the run are the longest tail of the unrecorded versions that equals the beginning of what must be written.
    """
    record = facts.record
    if target.last < (record.last if record else 0):
        return {}, "versions were deleted at the target since"
    base = _base(target, record, policy)
    if record is not None and base == record.last:
        for version, digest in {**record.stale, **dict(record.versions.values())}.items():
            if version not in facts.observed or (version in record.stale and facts.observed[version] is None):
                continue  # not read back; or an interrupted run deleted it, as planned
            if facts.observed[version] != digest:
                return {}, "its value was changed at the target since"
    unknown = [facts.observed.get(version) for version in range(base + 1, target.last + 1)]
    digests = [facts.pieces[number].digest for number in todo if number in facts.pieces]
    for length in range(min(len(unknown), len(digests)), -1, -1):
        if unknown[len(unknown) - length :] == digests[:length]:
            break
    first = target.last - length + 1
    matched = {number: (first + i, digests[i]) for i, number in enumerate(todo[:length])}
    return matched, "it has versions at the target that the migration did not write" if length < len(unknown) else ""


def _description_drift(facts: PlanInput, record: Record | None) -> bool:
    target = facts.target
    if target is None:
        raise AssertionError("only an item at the target has a description")
    if target.description == facts.description or facts.described_by == "us":
        return False
    if record is None or (record.mark and not record.description):
        return facts.described_by == "others"
    if not record.description:
        return bool(target.description and facts.description)
    return target.description != record.description


def _append_to(facts: PlanInput, target: TargetItem, numbers: tuple[int, ...]) -> Action:
    return Action("append", "", numbers, target.last, take_over=True, describe=bool(facts.description))


def _by_conflict_policy(reason: str, action: Action, facts: PlanInput, policy: PlanPolicy) -> Action:
    """The action for an item that the migration does not know in this state, by the conflict policy."""
    if policy.conflict == "fail":
        return Action(
            "conflict", reason, remedy="Look at the item, then set conflict to skip, append or overwrite for this run"
        )
    if policy.conflict == "skip":
        return Action("skip", f"{reason}; conflict is skip")
    if not action.versions and action.kind != "update_metadata":
        return Action("skip", f"{reason}; and no version can be read at the source")
    kind = action.kind
    if policy.conflict == "overwrite" and kind == "append" and action.base > 0:
        kind = "overwrite"
    explained = f"{reason}; conflict is {policy.conflict}"
    describe = action.describe or (bool(facts.description) and kind == "create")
    return _within_limits(replace(action, kind=kind, reason=explained, describe=describe), facts, policy)


def _within_limits(action: Action, facts: PlanInput, policy: PlanPolicy) -> Action:
    """Fail what Akeyless would reject, or would not keep; set the number of versions that the item must keep."""
    for number in action.versions:
        size = facts.pieces[number].size
        if size > policy.value_limit:
            return Action(
                "fail",
                f"the value of version {number} has {size} bytes, the limit is {policy.value_limit}",
                remedy="Raise value_limit if the account takes more, or exclude the path",
            )
    total = len(action.versions) + action.base
    if policy.kept_versions is not None and len(facts.wanted) > policy.kept_versions:
        return Action(
            "fail",
            f"{len(facts.wanted)} versions are wanted, the account keeps {policy.kept_versions} of an item",
            remedy="Raise the account's limit of versions, or set versions to a smaller number",
        )
    keep = max(total, facts.keep)
    if policy.kept_versions is not None:
        keep = min(keep, policy.kept_versions)
    if facts.target is not None and facts.target.kept >= total:
        keep = 0
    return replace(action, keep=keep)
