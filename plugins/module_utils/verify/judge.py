# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement of one item: what it is, against what it should be. Reads nothing; tells the findings."""

from __future__ import annotations

import typing as t

from ..common.workdb import SourceSecret
from ..errors import SecretferryError
from ..ledger.entry import Entry
from ..ledger.ledger import Ledger
from ..plan.definition import Definition, tag_of
from ..plan.model import base_of, takeover
from ..plan.naming import Naming
from .compare import Outcome, compare_metadata, compare_versions
from .report import VerificationReport
from .source_digests import Expectation, Expected
from .workdb import VerifyDb

__all__ = ["ItemVerifier", "Known", "SourceSecret"]


_RUN = "Run kv_migration again, then verify"
_LOOK = "Look at the item and at who wrote it; kv_migration with conflict: update puts the source's versions on top"
_AGAIN = "Run kv_migration with conflict: update, which makes it again"
_TAKE = "Rename that item, or take it over: kv_migration with conflict: update or overwrite"
_METADATA = "Run kv_migration again, which writes what changed at the source; otherwise look at the item"


class Known(t.NamedTuple):
    """An item as the target's listing shows it."""

    last: int
    tags: tuple[str, ...]
    description: str
    type: str
    kept: int


class ItemVerifier:
    """Knows the ledger and the target's listing, both in the work database."""

    def __init__(
        self, definition: Definition, ledger: Ledger, workdb: VerifyDb, findings: VerificationReport, naming: Naming
    ) -> None:
        self._definition = definition
        self._ledger = ledger
        self._workdb = workdb
        self._findings = findings
        self._naming = naming
        self._keys = definition.layout == "keys"
        self._tag = tag_of(definition.name)
        self._last: tuple[str, Entry | None] = ("", None)

    def judge(
        self,
        row: SourceSecret,
        look: Expectation,
        expected: Expected,
        name: str,
        held: list[tuple[int, str]] | SecretferryError | None,
        told: str | SecretferryError | None,
    ) -> None:
        """Compare one item, and tell the findings and the work database.

        :param held: number and keyed digest of its versions, or why they could not be read; ``None`` where none is.
        :param told: what its description says, ``None`` where that points to what is not there; or why it could not be
            read.
        """
        path, counts = row.path, self._findings.counts
        before = self._findings.differences
        known = self.known(name)
        counts["items"] += bool(expected.versions)
        counts["versions"] += len(expected.versions)
        state = "clean"
        if known is None:
            state = "absent"
            self._absent(path, name, expected, self.entry(row))
        elif not self.is_ours(known):
            state = "flawed"
            self._foreign(path, name, expected, known, held, self.entry(row))
        elif isinstance(held, SecretferryError):
            self._findings.differ("unreadable", path, name, f"cannot be compared: {held.message}", held.remedy)
        else:
            outcome = self._outcome(row, expected, known, held or [])
            self._report(path, name, outcome)
            self._metadata(path, name, look, expected, known, told)
            if held and expected.versions and held[-1][1] != expected.versions[-1][1]:
                state = "flawed"  # its newest version is one that the source has deleted since
        if self._findings.differences > before and state == "clean":
            state = "flawed"
        if expected.versions:
            self._workdb.want(name, path, expected.versions[-1][1], expected.plain, state)
        elif known is not None and self.is_ours(known):
            # All of its versions were deleted at the source since: there is nothing to compare an application's with.
            self._workdb.want(name, path, "", "", "flawed")

    def _absent(self, path: str, name: str, expected: Expected, entry: Entry | None) -> None:
        if not expected.versions:
            return
        reason, remedy = "it is not at the target", _RUN
        if expected.largest > self._definition.value_limit:
            reason = f"it is not at the target: a value has {expected.largest} bytes, value_limit is" \
                f" {self._definition.value_limit}"  # fmt: skip
            remedy = "Raise value_limit if the account takes more, or exclude the path"
        elif self._keys and not expected.key:
            reason = "it is not at the target: it has a key without a name, and no item can have that name"
            remedy = "Rename the key, exclude the path, or use layout: json"
        elif entry is not None and expected.key in entry.items:
            reason, remedy = "it was deleted at the target since", _AGAIN
        numbers = [number for number, _digest in expected.versions]
        self._findings.differ("missing", path, name, reason, remedy, count=len(numbers), versions=numbers)

    def _foreign(
        self,
        path: str,
        name: str,
        expected: Expected,
        known: Known,
        held: list[tuple[int, str]] | SecretferryError | None,
        entry: Entry | None,
    ) -> None:
        """An item of that name which the migration did not make, or which is no longer marked as made by it."""
        if not expected.versions:
            return
        if entry is not None and expected.key in entry.items:
            reason = "it was replaced at the target since, or its tag was removed"
            self._findings.differ("changed", path, name, reason, _LOOK)
            return
        if known.type != "STATIC_SECRET":
            said = f"the name is taken by an item of type {known.type}"
        else:
            said = "it was not made by this migration"
            if isinstance(held, list) and held:
                same = held[-1][1] == expected.versions[-1][1]
                said += "; its newest value is " + ("that of the source" if same else "not that of the source")
        if self._definition.conflict == "skip":
            self._findings.leave("foreign", path, name, f"{said}; it was left alone, as conflict is skip", _TAKE)
        else:
            self._findings.differ("foreign", path, name, said, _TAKE)

    def _outcome(self, row: SourceSecret, expected: Expected, known: Known, held: list[tuple[int, str]]) -> Outcome:
        entry = self.entry(row)
        record = entry.items.get(expected.key) if entry else None
        first = self._first_ours(entry, expected, known)
        recorded = {**record.stale, **dict(record.versions.values())} if record else {}

        def explained(number: int, digest: str) -> bool:
            return number < first or recorded.get(number) == digest

        return compare_versions(expected.versions, held, explained)

    def _report(self, path: str, name: str, outcome: Outcome) -> None:
        self._findings.counts["identical"] += outcome.identical
        # Only what is newer than all the rest can still be put in its place.
        newer = not (outcome.different or outcome.order or outcome.added) and outcome.last_held < min(
            outcome.missing, default=0
        )
        for kind, numbers, reason, remedy in (
            ("different", outcome.different, "another value at the target", _LOOK),
            ("missing", outcome.missing, "not at the target", _RUN if newer else _LOOK),
            ("order", outcome.order, "not in its place at the target", _LOOK),
        ):
            if numbers:
                self._findings.differ(
                    kind, path, name, f"{_versions(numbers)}: {reason}", remedy, count=len(numbers), versions=numbers
                )
        if outcome.added:
            reason = f"{_versions(outcome.added)} at the target is not from the source"
            self._findings.differ("changed", path, name, reason, _LOOK, versions=outcome.added)

    def _metadata(
        self,
        path: str,
        name: str,
        look: Expectation,
        expected: Expected,
        known: Known,
        told: str | SecretferryError | None,
    ) -> None:
        if self._definition.metadata_mode == "none" or not expected.versions:
            return
        if told is None:
            reason = "its description points to metadata that is not there"
            self._findings.differ("metadata", path, name, reason, _METADATA)
            return
        if isinstance(told, SecretferryError):
            self._findings.differ("unreadable", path, name, f"cannot be compared: {told.message}", told.remedy)
            return
        own = not takeover(known.tags, self._tag)
        numbers = [number for number, _digest in expected.versions]
        problem = compare_metadata(self._definition.metadata_mode, look.block, told, numbers, own=own)
        if problem:
            self._findings.differ("metadata", path, name, problem, _METADATA)

    def numbers(self, entry: Entry | None, expected: Expected, known: Known) -> range:
        """The versions to read: all that are ours, at least as many as the source has, as far as they are kept."""
        first = min(self._first_ours(entry, expected, known), known.last - len(expected.versions) + 1)
        # Where versions were deleted between, those that are kept reach further back; the ledger knows how far.
        recorded = entry is not None and expected.key in entry.items
        kept = known.last - known.kept + 1 if known.kept and not recorded else 1
        return range(max(1, first, kept), known.last + 1)

    def _first_ours(self, entry: Entry | None, expected: Expected, known: Known) -> int:
        """The first version that this migration wrote; those before were there when it took the item over."""
        record = entry.items.get(expected.key) if entry else None
        ours = [number for number, _digest in record.versions.values()] if record else []
        return min(ours, default=base_of(takeover(known.tags, self._tag)) + 1)

    def known(self, name: str) -> Known | None:
        """The item as it was listed; ``None`` where there is none."""
        item = self._workdb.target(name)
        if item is None:
            return None
        return Known(item.last, item.tags, item.description, item.type, item.kept)

    def entry(self, row: SourceSecret) -> Entry | None:
        """What the ledger remembers of a secret."""
        # Asked for every item of a secret in a row, and a secret can have a thousand keys.
        if self._last[0] != row.path:
            self._last = row.path, self._ledger.entry(row.path)
        return self._last[1]

    def is_ours(self, known: Known) -> bool:
        """Whether the item carries the migration's mark."""
        return known.type == "STATIC_SECRET" and (self._tag in known.tags or bool(takeover(known.tags, self._tag)))

    def name(self, row: SourceSecret, key: str) -> str:
        """The name of a secret's item, or of that of one key."""
        return self._naming.item(row.mount, row.secret, key) if self._keys else row.item


def _versions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"version{'s' if len(numbers) > 1 else ''} {shown}"
