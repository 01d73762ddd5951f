# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds extra items: those below the target location that no source secret stands for."""

from __future__ import annotations

from dataclasses import dataclass

from ..ledger.ledger import Ledger
from ..plan.definition import Definition, tag_of
from ..plan.model import takeover
from ..plan.naming import Naming
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..source.discover import Discovery
from .report import VerificationReport
from .workdb import VerifyDb

__all__ = ["ExtraItems", "WalkedPaths"]

_REMOVED = "Delete the item if it is not needed, let kv_sync do it with delete: true, or set extra_items: warn"
_NO_SECRET = ", and no source secret stands for it"
_RECORD = "Run kv_migration again, which records it; or delete the item"
_UNKNOWN = "Delete the item if it is not needed, or set extra_items: warn"


@dataclass(frozen=True)
class WalkedPaths:
    """The source paths that a run walked.

    :ivar everything: no path was named, or the scope names its secrets.
    :ivar folders: the folders whose contents were listed.
    :ivar named: the secrets that were named one by one.
    :ivar unlistable: the folders that may not be listed.
    """

    selection: Selection
    everything: bool
    folders: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    unlistable: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Discovery, definition: Definition, selection: Selection, scope: Scope) -> WalkedPaths:
        """From what a walk has found."""
        unlistable = tuple(path for path, _reason in found.unreadable if path.endswith("/"))
        if scope.paths is not None:
            return cls(Selection(), True, unlistable=unlistable)
        return cls(
            selection,
            not definition.paths,
            tuple(root.full for root in found.roots if root.is_folder),
            frozenset(root.full for root in found.roots if not root.is_folder),
            unlistable,
        )

    def include(self, path: str) -> bool:
        """Whether the walk would have found this secret: an earlier run may have migrated others."""
        inside = self.everything or path.startswith(self.folders) or path in self.named
        return inside and self.selection.takes(path)


class ExtraItems:
    """The search for extra items, after everything else was compared.

    :param accepted: whether they are no differences, and make a warning.
    :param recorded: whether the secrets are those of the ledger; otherwise, those of the source.
    """

    def __init__(
        self,
        definition: Definition,
        ledger: Ledger,
        workdb: VerifyDb,
        report: VerificationReport,
        naming: Naming,
        scope: Scope,
        *,
        accepted: bool,
        recorded: bool = False,
    ) -> None:
        self._tag = tag_of(definition.name)
        self._keys = definition.layout == "keys"
        self._ledger = ledger
        self._workdb = workdb
        self._report = report
        self._naming = naming
        self._scope = scope
        self._accepted = accepted
        self._recorded = recorded

    def find(self, walked: WalkedPaths) -> None:
        """Report every extra item in scope."""
        for name, type_, tags in self._workdb.unwanted():
            path = self._naming.path(name, key=self._keys)
            if not self._scope.takes(path) or self._was_not_compared(name):
                continue
            if self._tag in tags or takeover(tags, self._tag):
                self._find_ours(path, name, walked)
            elif any(tag.startswith("secretferry:") for tag in tags):
                self._report.counts["other_migrations"] += 1
            elif self._naming.location != "/":  # at the root, the rest of the account is there, too
                what = "" if type_ == "STATIC_SECRET" else f" (type {type_})"
                reason = f"no migration created it{what}" + _NO_SECRET * (not self._recorded)
                self._extra("", name, reason, _UNKNOWN)

    def _was_not_compared(self, name: str) -> bool:
        """Whether its secret exists and was not compared: not in the sample, or not readable, which is reported."""
        owner = self._workdb.owner(name.rpartition("/")[0] if self._keys else name)
        return owner is not None and not self._workdb.was_compared(owner)

    def _find_ours(self, path: str, name: str, walked: WalkedPaths) -> None:
        if self._recorded:
            self._extra(path, name, "this migration created it, and the ledger does not record it", _RECORD)
        elif not walked.include(path) and self._ledger.entry(path) is not None:
            self._report.counts["out_of_scope"] += 1
        elif path.startswith(walked.unlistable):
            reason = "cannot be compared: the source may not be listed there"
            self._report.differ("unreadable", path, name, reason, "Grant the Vault policy this path")
        else:
            self._extra(path, name, "this migration created it, and its secret was removed at the source", _REMOVED)

    def _extra(self, path: str, name: str, reason: str, remedy: str) -> None:
        add = self._report.accept if self._accepted else self._report.differ
        add("extra", path, name, reason, remedy)
