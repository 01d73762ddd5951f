# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirming what a run wrote: the target is listed once more, as an acknowledged write alone proves little."""

from __future__ import annotations

from ..common.progress import progress
from ..plan.model import Record, TargetItem
from .context import RunContext

__all__ = ["confirm", "unconfirmed"]


async def confirm(context: RunContext) -> None:
    """Compare what this run wrote with the target's listing, which was loaded since; put differences into the report.

    The ledger gets the modification dates, by which the next run sees that an item has not changed.
    """
    for row in context.workdb.touched():
        progress.advance()
        entry = context.ledger.entry(row.path)
        if entry is None:
            continue
        for key, record in entry.items.items():
            keyed = context.one_item_per_key
            item = context.naming.item(row.mount, row.secret, key) if keyed else row.item
            target = context.listing.item(item)
            if problem := unconfirmed(record, target):
                context.report.fail(row.path, item, *problem)
            if target is not None and target.last == record.last:
                record.modified = target.modified
        await context.ledger.remember(row.path, entry)


def unconfirmed(record: Record, target: TargetItem | None) -> tuple[str, str] | None:
    """In what the listing contradicts the record of an item: reason and remedy, ``None`` where it confirms it."""
    if target is None:
        return "it was written, and is not in the target's listing", "Run again, then verify"
    if target.last != record.last:
        return (
            f"it was written up to version {record.last}, and the listing shows version {target.last}",
            "Another program writes there: look at the item, then run again",
        )
    if target.kept and target.kept < len(record.versions):
        return (
            f"{len(record.versions)} versions were written, and the account keeps {target.kept}",
            "Raise the account's limit of versions, or set versions to a smaller number",
        )
    return None
