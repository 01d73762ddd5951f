# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: from the records of a rollout, and the batches of the inventory, to what the report says of it."""

from __future__ import annotations

import typing as t
from collections import Counter

from . import rows
from .model import OUTCOMES, BatchProgress, RolloutProgress, WaveProgress

__all__ = ["roll_up"]

_Record = t.Mapping[str, t.Any]
_NOT_SECRETS = ("versions_written", "removed_at_source")
_NOT_MIGRATED = ("failed", "conflicts", "unreadable")


def roll_up(records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]]) -> RolloutProgress:
    """Add up the records, as :func:`record_files.load` orders them.

    :param planned: ``batch``, ``wave``, ``wave_number``, ``migration``, ``secrets`` of each batch of the inventory.
    """
    batches = _batches(records, planned)
    # The problems that a plan predicted count only until the migration itself was run.
    migrated = {record["batch"] for record in records if record["step"] == "migrate"}
    records = [record for record in records if record["step"] != "plan" or record["batch"] not in migrated]
    migrations = [*(record["migration"] for record in records), *(batch.migration for batch in batches)]
    outcomes: Counter[str] = Counter()
    for batch in batches:
        outcomes.update(batch.outcomes)
    closed = rows.revoked(records)
    return RolloutProgress(
        waves=_waves(batches),
        migrations=sorted({name for name in migrations if name}),
        locations=sorted({record["target_location"] for record in records if record["target_location"]}),
        outcomes=outcomes,
        problems=[row for record in records for row in rows.problems(record)],
        warnings=[row for record in records for row in rows.warnings(record)],
        access=[row for record in records for row in rows.access(record)],
        credentials=[row for record in records for row in rows.credentials(record, closed)],
        checks=[row for record in records for row in rows.checks(record)],
        written=[row for record in records for row in rows.written(record)],
        attempts=[row for record in records for row in rows.attempts(record)],
        not_listed=sum(rows.not_listed(record) for record in records),
        as_of=max((str(record["recorded"]) for record in records), default=""),
        seconds=sum(record["seconds"] or 0.0 for record in records),
    )


def _batches(records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]]) -> list[BatchProgress]:
    """The planned batches and those that have a record, each with what its records say of it."""
    batches: dict[str, BatchProgress] = {}
    for entry in planned:
        batches[entry["batch"]] = BatchProgress(
            entry["batch"],
            entry.get("wave") or "",
            int(entry.get("wave_number") or 0),
            entry.get("migration") or "",
            entry.get("secrets"),
        )
    for record in sorted(records, key=lambda record: str(record["recorded"])):
        if record["batch"]:
            new = BatchProgress(record["batch"], record["wave"], record["wave_number"], record["migration"])
            _apply(record, batches.setdefault(record["batch"], new))
        elif _is_about_every_batch(record):
            for batch in batches.values():
                if batch.migration == record["migration"]:
                    _apply({**record, "seconds": 0.0}, batch)
    return list(batches.values())


def _waves(batches: t.Sequence[BatchProgress]) -> list[WaveProgress]:
    waves: dict[tuple[int, str], WaveProgress] = {}
    for batch in sorted(batches, key=lambda batch: (batch.wave_number, batch.wave, batch.name)):
        new = WaveProgress(batch.wave, batch.wave_number)
        waves.setdefault((batch.wave_number, batch.wave), new).batches.append(batch)
    return list(waves.values())


def _is_about_every_batch(record: _Record) -> bool:
    """Whether a record of a migration as a whole says something of each of its batches."""
    return record["step"] in ("cutover", "rollback") or (record["step"] == "verify" and record["status"] == "ok")


def _apply(record: _Record, batch: BatchProgress) -> None:
    """Bring a batch to what a record says, which is newer than those that were applied before."""
    step, ok = record["step"], record["status"] == "ok" and record.get("verified") is not False
    batch.recorded = record["recorded"]
    batch.seconds += record["seconds"] or 0.0
    if step in ("migrate", "sync") and record["status"] != "skipped":
        if step == "migrate":
            _apply_migration(record, batch, ok=ok)
        batch.versions_written += record["summary"].get("versions_written", 0)
        batch.state = "failed" if not ok else batch.state if step == "sync" and batch.verified else "migrated"
    elif step == "plan" and batch.state == "not_started":
        batch.state = "planned" if ok else "failed"
    elif step == "verify":
        ok = ok and not record["lists"].get("differences") and not rows.access_failed(record)
        if ok and record.get("against") == "ledger":
            return  # the source was not compared, so the batch is what it was
        # A batch that failed to migrate is not verified, even if all that did migrate is right.
        batch.verified = ok and not batch.failed
        batch.state = "verification_failed" if not ok else "failed" if batch.failed else "verified"
    elif step == "cutover":
        batch.state = "cut_over" if ok else "failed"
    elif step == "rollback":
        batch.state = "rolled_back" if ok else "failed"
        if ok:
            batch.migrated = batch.not_migrated = 0
            batch.verified = False


def _apply_migration(record: _Record, batch: BatchProgress, *, ok: bool) -> None:
    counts = record["summary"]
    total = sum(count for name, count in counts.items() if name not in _NOT_SECRETS and count > 0)
    batch.attempts = record.get("attempt", 1)
    batch.outcomes = Counter({name: counts.get(name, 0) for name in OUTCOMES})
    batch.not_migrated = sum(counts.get(name, 0) for name in _NOT_MIGRATED)
    batch.migrated = max(0, total - batch.not_migrated)
    batch.verified, batch.failed = False, not ok
