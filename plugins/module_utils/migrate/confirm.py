# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirming what a run wrote, instead of trusting that every write was acknowledged.

The target is listed once more, and the newest value of every item that was written is read back, many in a request.
What contradicts the ledger is reported, and taken out of the ledger: then the next run looks at the item and goes on.

An item is *settled* once its value was read back after the second of its last change was over. From then on every
change shows as another date, so later runs need not read the value again. See "Ours or not" in docs/architecture.md.
"""

from __future__ import annotations

import asyncio
import typing as t
from dataclasses import dataclass

from ..common.progress import progress
from ..common.workdb import SourceSecret, Write
from ..common.workers import chunked, for_each
from ..errors import FATAL, SecretferryError
from ..ledger.digests import DIGEST_LENGTH
from ..ledger.entry import Entry
from ..ledger.items import metadata_item_name, metadata_item_pieces
from ..plan.dates import is_over
from ..plan.model import Record, TargetItem, is_marked, newest_digest
from ..stopping import stop
from ..target.item_reader import ItemReader
from .context import RunContext

__all__ = ["confirm", "contradiction", "correct", "wait_for_later_dates"]

_SECRETS = 50  # whose items are read together
_AT_ONCE = 8  # of these
_LONGEST_WAIT = 1.5  # seconds


@dataclass
class _Written:
    """An item that this run wrote, and what the target's listing shows of it now.

    :ivar write: what the run wrote of it beside its values, ``None`` where it wrote nothing else.
    :ivar pieces: full names of the pieces of its metadata item that the run wrote, to the keyed digests of the texts.
    """

    path: str
    key: str
    item: str
    record: Record
    target: TargetItem | None
    write: Write | None
    pieces: dict[str, str]


async def wait_for_later_dates(context: RunContext) -> None:
    """Wait until a change shows as a later date than those of this run: for a second, where dates have whole ones.

    Where no item was changed in a second that may not be over yet, there is no wait.
    """
    clock, changed = context.store.client.transport.clock, context.latest_change.moment
    if changed and not context.workdb.has_fine_dates():
        await stop.sleep(min(_LONGEST_WAIT, max(0.0, int(changed) + 1 - clock.now())))


async def confirm(context: RunContext) -> None:
    """Compare what this run wrote with the target, whose listing was loaded since; report the differences."""
    reader = ItemReader(context.store, context.ledger.digests, context.form, context.ledger.folder)

    async def work(chunk: list[SourceSecret]) -> None:
        entries = {row.path: entry for row in chunk if (entry := context.ledger.entry(row.path)) is not None}
        written = [one for row in chunk if row.path in entries for one in _written(context, row, entries[row.path])]
        await _confirm(context, reader, written, entries)
        await context.ledger.lease.hold()
        for path, entry in entries.items():
            context.ledger.remember_later(path, entry)  # nothing is lost where the run dies now: it is read again
        progress.advance(len(chunk))

    await for_each(chunked(context.workdb.touched(), _SECRETS), work, concurrency=_AT_ONCE)
    _confirm_deletions(context)


def _written(context: RunContext, row: SourceSecret, entry: Entry) -> t.Iterator[_Written]:
    """The items of a secret that are not settled."""
    for key, record in entry.items.items():
        item = context.naming.item(row.mount, row.secret, key) if context.one_item_per_key else row.item
        try:
            target = context.listing.item(item)
        except SecretferryError as error:
            _fail(context, row.path, item, error)
            record.modified = ""
            continue
        if target is None or not record.modified or record.modified != target.modified:
            write = context.workdb.write(item)
            yield _Written(row.path, key, item, record, target, write, _pieces(context, item, write))


def _pieces(context: RunContext, item: str, write: Write | None) -> dict[str, str]:
    texts = write.metadata_item if write else ""
    digests = [texts[start : start + DIGEST_LENGTH] for start in range(0, len(texts), DIGEST_LENGTH)]
    names = metadata_item_pieces(metadata_item_name(item, context.naming.location), len(digests)) if digests else []
    return {f"{context.ledger.folder}/{name}": digest for name, digest in zip(names, digests, strict=True)}


async def _confirm(
    context: RunContext, reader: ItemReader, written: list[_Written], entries: t.Mapping[str, Entry]
) -> None:
    """Read the items' values back, and bring their records up to date."""
    since = context.listing.since
    values = [one.item for one in written if one.target is not None]
    # A metadata item is JSON in every layout, and some accounts answer it decoded.
    metadata_items = ItemReader(context.store, context.ledger.digests, "json", context.ledger.folder)
    found, metadata = await asyncio.gather(
        reader.newest(values), metadata_items.newest([name for one in written for name in one.pieces])
    )
    for one in written:
        if one.target is None and not await _is_missing(context, one.item):
            continue  # the listing was too early: the record stays unsettled
        wrong = [name for name, digest in one.pieces.items() if metadata.get(name) != digest]
        problem = contradiction(
            one.record,
            one.target,
            found.get(one.item),
            context.policy.tag,
            described=one.write is not None and one.write.described,
            metadata_is_wrong=bool(wrong),
        )
        if problem is None:
            settled = one.item in found and one.target is not None and is_over(one.target.modified, since)
            one.record.modified = one.target.modified if settled and one.target is not None else ""
            await _delete_unneeded_metadata_item(context, one)
            continue
        if not context.workdb.has_failed(one.path):
            context.report.fail(one.path, one.item, *problem)
        if one.target is not None:
            correct(one.record, one.target, one.write)
        elif one.write is not None and one.write.created:
            del entries[one.path].items[one.key]
        else:
            one.record.modified = ""
        if wrong:
            one.record.description = ""
            for name in wrong:
                if name not in metadata:
                    context.ledger.items.forget(name.removeprefix(f"{context.ledger.folder}/"))


async def _delete_unneeded_metadata_item(context: RunContext, one: _Written) -> None:
    """After the item's description is known not to point to it any more."""
    if one.write is None or one.write.pieces < 0 or context.workdb.has_failed(one.path):
        return
    try:
        await context.ledger.lease.hold()
        name = metadata_item_name(one.item, context.naming.location)
        await context.ledger.items.delete_metadata_item(name, but=one.write.pieces)
    except FATAL:
        raise
    except SecretferryError as error:
        _fail(context, one.path, one.item, error)


def _fail(context: RunContext, path: str, item: str, error: SecretferryError) -> None:
    context.report.fail(path, item, error.message, error.remedy or "Run again")


async def _is_missing(context: RunContext, item: str) -> bool:
    """Whether there is no such item for certain."""
    try:
        return await context.store.describe(item) is None
    except FATAL:
        raise
    except SecretferryError:
        return False


def _confirm_deletions(context: RunContext) -> None:
    """Report the items that were deleted and are listed, and put them back into the ledger."""
    for deletion in context.workdb.undone_deletions():
        record = Entry.from_json(deletion.record).items[deletion.key]
        try:
            target = context.listing.item(deletion.item)
        except SecretferryError as error:
            _fail(context, deletion.path, deletion.item, error)
        else:
            if target is None or not is_marked(target.tags, context.policy.tag):
                continue  # others have made an item of this name since
            context.report.fail(deletion.path, deletion.item, "it was deleted, and the listing shows it", _LOOK)
        record.modified = ""
        context.ledger.replace_record(deletion.path, deletion.key, record)


def contradiction(
    record: Record,
    target: TargetItem | None,
    found: str | None,
    tag: str,
    *,
    described: bool = False,
    metadata_is_wrong: bool = False,
) -> tuple[str, str] | None:
    """In what the target contradicts the record of an item: reason and remedy, ``None`` where it confirms it.

    :param target: the item as it is listed, ``None`` where it is not.
    :param found: keyed digest of the item's newest value, ``None`` where it could not be read.
    :param described: whether the description was written, be it an empty one.
    :param metadata_is_wrong: whether the metadata item does not hold the metadata that was written.
    """
    if target is None:
        return "it was written, and is not in the target's listing", "Run again, then verify"
    if not is_marked(target.tags, tag):
        return "it was replaced at the target while this run wrote", _LOOK
    if target.last != record.last:
        return f"it was written up to version {record.last}, and the listing shows version {target.last}", _LOOK
    if target.kept and target.kept < len(record.versions):
        return (
            f"{len(record.versions)} versions were written, and the account keeps {target.kept}",
            "Raise the account's limit of versions, or set versions to a smaller number",
        )
    if found is not None and found != (newest_digest(record) or found):
        return "its newest value at the target is not the one that was written", _LOOK
    if metadata_is_wrong or ((described or record.description) and record.description != target.description):
        return "its metadata at the target is not what was written", "Run again, then verify"
    return None


_LOOK = "Another program may write there: look at the item, then run again"


def correct(record: Record, target: TargetItem, write: Write | None = None) -> None:
    """Take out of the record what the target contradicts, so that the next run looks at the item and writes it.

    A description that is neither the one that was written nor the one before comes from others: it stays a difference.

    :param write: what the run wrote of the item.
    """
    record.modified = ""
    if target.description == (write.description if write else ""):
        record.description = target.description
    if target.last < record.last:
        record.versions = {number: held for number, held in record.versions.items() if held[0] <= target.last}
        record.last = target.last
