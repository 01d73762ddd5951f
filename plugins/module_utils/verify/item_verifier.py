# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verifies one item: compares it with what it should be, and reports the differences. Reads nothing from a server."""

from __future__ import annotations

import typing as t

from ..common.workdb import ListedItem, SourceSecret
from ..errors import SecretferryError
from ..ledger.entry import Entry
from ..ledger.ledger import Ledger
from ..plan.definition import Definition, tag_of
from ..plan.metadata import describe, pointer_of
from ..plan.model import base_of, takeover
from ..plan.naming import Naming
from .compare import Outcome, Versions, compare_metadata, compare_versions
from .report import VerificationReport
from .source_digests import ExpectedItem, ExpectedSecret
from .workdb import VerifyDb

__all__ = ["ItemVerifier", "PlannedItem"]

_RUN = "Run kv_migration again, then verify"
_LOOK = "Look at the item and at who wrote it; kv_migration with conflict: append appends the source's versions"
_AGAIN = "Run kv_migration with conflict: append, which creates it again"
_TAKE = "Rename that item, or take it over: kv_migration with conflict: append or overwrite"
_METADATA = "Run kv_migration again, which writes what changed at the source; otherwise look at the item"


class PlannedItem(t.NamedTuple):
    """An item that should be at the target."""

    secret: SourceSecret
    source: ExpectedSecret
    expected: ExpectedItem
    name: str


class ItemVerifier:
    """Compares items by the ledger and the target's listing, which are in the work database."""

    def __init__(
        self, definition: Definition, ledger: Ledger, workdb: VerifyDb, report: VerificationReport, naming: Naming
    ) -> None:
        self._definition = definition
        self._ledger = ledger
        self._workdb = workdb
        self._report = report
        self._naming = naming
        self._keys = definition.layout == "keys"
        self._tag = tag_of(definition.name)
        self._last: tuple[str, Entry | None] = ("", None)

    def verify(
        self,
        planned: PlannedItem,
        versions: Versions | SecretferryError | None,
        metadata: str | SecretferryError | None,
    ) -> None:
        """Compare one item, and note the outcome in the report and the work database.

        :param versions: number and keyed digest of its versions, or why they cannot be read; ``None`` if it has none.
        :param metadata: the metadata of the item, or why it cannot be read; ``None`` if its description points to an
            item that does not exist.
        """
        expected, report = planned.expected, self._report
        before = report.differences
        item = self._workdb.target(planned.name)
        report.counts["expected_items"] += bool(expected.versions)
        report.counts["versions"] += len(expected.versions)
        report.counts["bytes"] += expected.bytes
        state = "clean"
        if item is None:
            state = "absent"
            self._missing(planned)
        elif not self.is_ours(item):
            state = "different"
            self._foreign(planned, item, versions)
        elif isinstance(versions, SecretferryError):
            self._unreadable(planned, versions)
        else:
            self._compare_versions(planned, item, versions or ())
            self._compare_metadata(planned, item, metadata)
            if versions and expected.versions and versions[-1][1] != expected.versions[-1][1]:
                state = "different"  # its newest version is one that the source has deleted since
        if report.differences > before and state == "clean":
            state = "different"
        if expected.versions:
            self._workdb.want(
                planned.name,
                planned.secret.path,
                expected.versions[-1][1],
                expected.plain,
                state,
                len(expected.versions),
            )
        elif item is not None and self.is_ours(item):
            # All of its versions were deleted at the source since: there is no value that an application must read.
            self._workdb.want(planned.name, planned.secret.path, "", "", "different", 0)

    # --- what the migration knows of items

    def item_name(self, secret: SourceSecret, key: str) -> str:
        """The name of a secret's item, or of the item of one key."""
        return self._naming.item(secret.mount, secret.secret, key) if self._keys else secret.item

    def is_ours(self, item: ListedItem) -> bool:
        """Whether the item has the migration's tag."""
        return item.type == "STATIC_SECRET" and (self._tag in item.tags or bool(takeover(item.tags, self._tag)))

    def entry(self, secret: SourceSecret) -> Entry | None:
        """The ledger's entry of a secret."""
        # Read for every item of a secret in a row, and a secret can have a thousand keys.
        if self._last[0] != secret.path:
            self._last = secret.path, self._ledger.entry(secret.path)
        return self._last[1]

    def numbers_to_read(self, planned: PlannedItem, item: ListedItem) -> range:
        """The versions to read: all that the migration wrote, at least as many as the source has, if they are kept."""
        expected, entry = planned.expected, self.entry(planned.secret)
        first = min(self._first_written(planned, item), item.last - len(expected.versions) + 1)
        # If versions between were deleted, the kept ones reach further back; only the ledger knows how far.
        recorded = entry is not None and expected.key in entry.items
        kept = item.last - item.kept + 1 if item.kept and not recorded else 1
        return range(max(1, first, kept), item.last + 1)

    def _first_written(self, planned: PlannedItem, item: ListedItem) -> int:
        """The first version that the migration wrote; earlier ones were there when it took the item over."""
        entry = self.entry(planned.secret)
        record = entry.items.get(planned.expected.key) if entry else None
        written = [number for number, _digest in record.versions.values()] if record else []
        return min(written, default=base_of(takeover(item.tags, self._tag)) + 1)

    # --- the differences

    def _missing(self, planned: PlannedItem) -> None:
        expected, entry = planned.expected, self.entry(planned.secret)
        if not expected.versions:
            return
        reason, remedy = "it is not at the target", _RUN
        limit = self._definition.value_limit
        if expected.largest > limit:
            reason += f": a value has {expected.largest} bytes, value_limit is {limit}"
            remedy = "Raise value_limit if the account takes more, or exclude the path"
        elif self._keys and not expected.key:
            reason += ": it has a key without a name, and no item can have that name"
            remedy = "Rename the key, exclude the path, or use layout: json"
        elif entry is not None and expected.key in entry.items:
            reason, remedy = "it was deleted at the target since", _AGAIN
        numbers = expected.numbers
        self._differ(planned, "missing", reason, remedy, count=len(numbers), versions=numbers)

    def _foreign(self, planned: PlannedItem, item: ListedItem, versions: Versions | SecretferryError | None) -> None:
        """An item of that name without the migration's tag."""
        expected, entry = planned.expected, self.entry(planned.secret)
        if not expected.versions:
            return
        if entry is not None and expected.key in entry.items:
            reason = "it was replaced at the target since, or its tag was removed"
            self._differ(planned, "changed_at_target", reason, _LOOK)
            return
        if item.type != "STATIC_SECRET":
            reason = f"the name belongs to an item of type {item.type}"
        else:
            reason = "it was not created by this migration"
            if versions and not isinstance(versions, SecretferryError):
                same = versions[-1][1] == expected.versions[-1][1]
                reason += "; its newest value is " + ("that of the source" if same else "not that of the source")
        if self._definition.conflict == "skip":
            reason += "; it is accepted, as conflict is skip"
            self._report.accept("foreign", planned.secret.path, planned.name, reason, _TAKE)
        else:
            self._differ(planned, "foreign", reason, _TAKE)

    def _compare_versions(self, planned: PlannedItem, item: ListedItem, versions: Versions) -> None:
        entry = self.entry(planned.secret)
        record = entry.items.get(planned.expected.key) if entry else None
        first = self._first_written(planned, item)
        recorded = {**record.stale, **dict(record.versions.values())} if record else {}

        def explained(number: int, digest: str) -> bool:
            return number < first or recorded.get(number) == digest

        outcome = compare_versions(planned.expected.versions, versions, explained)
        self._report.counts["identical"] += outcome.identical
        for type_, numbers, reason, remedy in (
            ("different", outcome.different, "another value at the target", _LOOK),
            ("missing", outcome.missing, "not at the target", _RUN if _only_newer_missing(outcome) else _LOOK),
            ("out_of_order", outcome.out_of_order, "not in its place at the target", _LOOK),
        ):
            if numbers:
                reason = f"{_versions(numbers)}: {reason}"
                self._differ(planned, type_, reason, remedy, count=len(numbers), versions=numbers)
        if outcome.added:
            origin = "recorded in the ledger" if planned.source.recorded else "from the source"
            reason = f"{_versions(outcome.added)} at the target is not {origin}"
            self._differ(planned, "changed_at_target", reason, _LOOK, versions=outcome.added)

    def _compare_metadata(
        self, planned: PlannedItem, item: ListedItem, metadata: str | SecretferryError | None
    ) -> None:
        expected = planned.expected
        if not expected.versions:
            return
        if isinstance(metadata, SecretferryError):
            self._unreadable(planned, metadata)
            return
        if metadata is None:
            problem = "its description points to metadata that does not exist"
        elif planned.source.recorded:
            problem = self._contradiction_of_metadata(planned, item, metadata)
        else:
            own = not takeover(item.tags, self._tag)
            mode, block = self._definition.metadata_mode, planned.source.metadata
            problem = compare_metadata(mode, block, metadata, expected.numbers, own=own)
        if problem:
            self._differ(planned, "different_metadata", problem, _METADATA)

    def _contradiction_of_metadata(self, planned: PlannedItem, item: ListedItem, metadata: str) -> str:
        """In what the metadata is not that which the ledger records; empty if it is."""
        entry, of_text = self.entry(planned.secret), self._ledger.digests.of_text
        record = entry.items.get(planned.expected.key) if entry else None
        if record and record.description and record.description != of_text(item.description):
            return "its description is not the one that was written"
        pointer = pointer_of(item.description)
        if pointer and describe(metadata, pointer.item, of_text).text != item.description:
            return "its metadata is not what was written"
        return ""

    def _unreadable(self, planned: PlannedItem, error: SecretferryError) -> None:
        self._differ(planned, "unreadable", f"cannot be compared: {error.message}", error.remedy)

    def _differ(
        self,
        planned: PlannedItem,
        type_: str,
        reason: str,
        remedy: str,
        *,
        count: int = 1,
        versions: t.Sequence[int] = (),
    ) -> None:
        path, name = planned.secret.path, planned.name
        self._report.differ(type_, path, name, reason, remedy, count=count, versions=versions)


def _only_newer_missing(outcome: Outcome) -> bool:
    """Whether the missing versions are newer than all others, so that a migration can append them in their place."""
    if outcome.different or outcome.out_of_order or outcome.added:
        return False
    return outcome.last_in_place < min(outcome.missing, default=0)


def _versions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"version{'s' if len(numbers) > 1 else ''} {shown}"
