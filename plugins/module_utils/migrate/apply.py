# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out one item's action, and the memory of it.

The order of the writes is what makes a run safe to kill at any instant: an item carries the migration's tag from its
first request on, versions follow in order and on condition of the version before, the ledger comes last. How an item
was that is there already is written down before anything of it is changed.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..akeyless.items import ItemStore
from ..ledger.backup import BackupWriter
from ..ledger.items import companion_pieces
from ..ledger.ledger import Ledger
from ..ledger.runs import run_tag
from ..plan.metadata import Description, pieces
from ..plan.model import Action, Record, SourceVersion, takeover
from ..source.snapshot import Value

__all__ = ["Job", "carry_out"]


@dataclass
class Job:
    """One item's action with all that it needs.

    :ivar key: the key of the secret that the item is for, empty with one item per secret.
    :ivar record: what is remembered of the item; brought up to date as writes are acknowledged.
    :ivar before: the tags of the item now.
    """

    key: str
    item: str
    action: Action
    values: t.Mapping[int, Value]
    pieces: t.Mapping[int, SourceVersion]
    description: Description
    companion: str
    record: Record
    before: tuple[str, ...] = ()


async def carry_out(job: Job, store: ItemStore, ledger: Ledger, backup: BackupWriter, tag: str) -> int:
    """Write what the action says; returns how many versions were written.

    :raises Changed, AlreadyExists: somebody else wrote meanwhile. ``job.record`` then says how far we came.
    """
    action = job.action
    if action.kind == "delete":
        await backup.back_up(job.item, action.base)
        return 0
    for number, held in action.matched.items():
        job.record.versions[number] = held
        job.record.last = max(job.record.last, held[0])
    if action.writes and action.kind != "create":
        await backup.back_up(
            job.item, action.base, overwrite=action.kind == "overwrite", companions=_companions_to_write(job)
        )
    if action.describe and job.description.companion:
        await ledger.items.write_companion(job.companion, job.description.companion)
    last = action.base
    for i, number in enumerate(action.versions):
        value = job.values[number]
        if i == 0 and action.kind == "create":
            await store.create(
                job.item,
                value.text,
                tag=tag,
                more_tags=[run_tag(tag, ledger.run)],
                description=job.description.text,
                max_versions=action.keep,
                form=value.form,
            )
            last = 1
        elif i == 0:
            await _prepare(job, store, tag)
            last = await _first(job, store, value)
        else:
            await store.append(job.item, value.text, last, form=value.form)
            last += 1
        # Only what was acknowledged is remembered: a run that fails here must find the item as it is.
        if i == 0:
            _begin(job)
        job.record.versions[number] = (last, job.pieces[number].digest)
        job.record.last = last
    if action.describe and action.kind != "create":
        await store.update(job.item, description=job.description.text)
    job.record.last = last
    job.record.description = ledger.digests.of_text(job.description.text)
    job.record.modified = ""
    job.record.doomed = False
    return len(action.versions)


def _companions_to_write(job: Job) -> list[str]:
    text = job.description.companion if job.action.describe else ""
    return companion_pieces(job.companion, len(pieces(text))) if text else []


async def _first(job: Job, store: ItemStore, value: Value) -> int:
    """Write the first version to an item that exists; returns the item's newest version then."""
    base = job.action.base
    if job.action.kind != "overwrite":
        await store.append(job.item, value.text, base, form=value.form)
        return base + 1
    await store.replace(job.item, value.text, base, form=value.form)
    # An account may force new versions: then this one was not replaced.
    item = await store.describe(job.item)
    return item.last_version if item else base


def _begin(job: Job) -> None:
    action, record = job.action, job.record
    if action.kind == "create" or action.fresh:
        record.versions.clear()
        record.stale.clear()
        record.mark = ""
    if action.take_over:
        record.mark = _mark(action)
    record.modified = ""


def _mark(action: Action) -> str:
    """The mark for an item that is taken over, see plan.takeover."""
    base = action.base - 1 if action.kind == "overwrite" else action.base
    return f"{'anew' if action.fresh else 'from'}-{base}"


async def _prepare(job: Job, store: ItemStore, tag: str) -> None:
    """Before the first version: mark an item that was not ours with the version that we begin from."""
    action = job.action
    add = [f"{tag}:{_mark(action)}"] if action.take_over else []
    old = takeover(job.before, tag)
    remove = [f"{tag}:{old}"] if old and add and f"{tag}:{old}" not in add else []
    if add or action.keep:
        await store.update(job.item, add_tags=add, remove_tags=remove, max_versions=action.keep)
