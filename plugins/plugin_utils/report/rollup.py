# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: from the records of a rollout, and the batches of the inventory, to what the report says of it."""

from __future__ import annotations

import typing as t
from collections import Counter

from . import rows
from .model import OUTCOMES, BatchProgress, ReportRow, RolloutProgress, WaveProgress
from .playbooks import playbook_rows
from .target import RUN_STEPS, Figures, count_target

__all__ = ["roll_up"]

_Record = t.Mapping[str, t.Any]
_NOT_MIGRATED = ("failed", "conflicts", "unreadable")


def roll_up(records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]]) -> RolloutProgress:
    """Add up the records, as :func:`record_files.load` orders them.

    :param planned: ``batch``, ``wave``, ``wave_number``, ``migration``, ``secrets`` of each batch of the inventory, and
        ``paths`` if they are known.
    """
    batch_of = _batch_of(records, planned)
    batches = _batches(records, planned, batch_of)
    in_plan = {path: entry["batch"] for entry in planned for path in entry.get("paths") or ()}
    figures = count_target(records, in_plan, {batch.name: batch.migration for batch in batches})
    ran = {record["batch"] for record in records if record["step"] in RUN_STEPS[1:] and record["status"] == "ok"}
    for batch in batches:
        nothing = Figures() if batch.name in ran else Figures(0, 0)
        batch.at_target = figures.batches.get(batch.name, nothing)
    current = _current(records, _replaces)
    repaired = _repaired(records)

    def is_open(row: ReportRow) -> bool:
        """Whether no later run of the batch that the row's secret is in has taken it away."""
        return not (row.step in RUN_STEPS and repaired.get(batch_of.get(row.source, ""), "") > row.recorded)

    for record in current:
        if record["step"] in RUN_STEPS[1:]:
            _apply_failures(record, batches, batch_of, repaired)
    migrations = [*(record["migration"] for record in records), *(batch.migration for batch in batches)]
    outcomes: Counter[str] = Counter()
    for batch in batches:
        outcomes.update(batch.outcomes)
    closed, tried = rows.revoked(records), _current(records, _tries_again)
    return RolloutProgress(
        waves=_waves(batches),
        migrations=sorted({name for name in migrations if name}),
        locations=sorted({record["target_location"] for record in records if record["target_location"]}),
        outcomes=outcomes,
        problems=[row for record in current for row in rows.problems(record) if is_open(row)],
        warnings=_newest([row for record in current for row in rows.warnings(record) if is_open(row)]),
        access=[row for record in tried for row in rows.access(record)],
        credentials=[row for record in records for row in rows.credentials(record, closed)],
        checks=[row for record in records for row in rows.checks(record)],
        written=[row for record in records for row in rows.written(record)],
        attempts=[row for record in records for row in rows.attempts(record)],
        playbooks=playbook_rows(records, figures.gaps),
        applications=rows.applications(tried),
        totals=figures.migrations,
        not_listed=sum(rows.not_listed(record) for record in current),
        as_of=max((str(record["recorded"]) for record in records), default=""),
        seconds=sum(record["seconds"] or 0.0 for record in records),
    )


# --- which secrets are in which batch


def _batch_of(records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, str]:
    """Source path to batch: as the inventory has it, otherwise as the newest record with the path has it."""
    found: dict[str, str] = {}
    for record in sorted(records, key=lambda record: str(record["recorded"])):
        found.update(dict.fromkeys(record.get("paths", ()), record["batch"]))
    for entry in planned:
        found.update(dict.fromkeys(entry.get("paths") or (), entry["batch"]))
    return found


def _batches(
    records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]], batch_of: t.Mapping[str, str]
) -> list[BatchProgress]:
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
    in_plan = set(batches)
    for record in sorted(records, key=lambda record: str(record["recorded"])):
        if record["batch"]:
            if record["batch"] not in in_plan and _is_cut_anew(record, in_plan, batch_of):
                continue
            new = BatchProgress(record["batch"], record["wave"], record["wave_number"], record["migration"])
            _apply(record, batches.setdefault(record["batch"], new))
        elif _is_about_every_batch(record):
            for batch in batches.values():
                if batch.migration == record["migration"]:
                    _apply({**record, "seconds": 0.0}, batch)
    return list(batches.values())


def _is_cut_anew(record: _Record, in_plan: set[str], batch_of: t.Mapping[str, str]) -> bool:
    """Whether the inventory has put all secrets of a batch into other batches."""
    return bool(record.get("paths")) and {batch_of[path] for path in record["paths"]} <= in_plan


def _waves(batches: t.Sequence[BatchProgress]) -> list[WaveProgress]:
    waves: dict[tuple[int, str], WaveProgress] = {}
    for batch in sorted(batches, key=lambda batch: (batch.wave_number, batch.wave, batch.name)):
        new = WaveProgress(batch.wave, batch.wave_number)
        waves.setdefault((batch.wave_number, batch.wave), new).batches.append(batch)
    return list(waves.values())


# --- what the records say of a batch


def _is_about_every_batch(record: _Record) -> bool:
    """Whether a record of a migration as a whole says something of each of its batches."""
    if record["step"] == "sync":
        return bool(record.get("at_target"))
    return record["step"] in ("cutover", "rollback") or (record["step"] == "verify" and record["status"] == "ok")


def _apply(record: _Record, batch: BatchProgress) -> None:
    """Bring a batch to what a record says, which is newer than those that were applied before."""
    step, ok = record["step"], record["status"] == "ok" and record.get("verified") is not False
    batch.recorded = record["recorded"]
    batch.seconds += record["seconds"] or 0.0
    if step in ("migrate", "sync") and record["status"] != "skipped":
        if step == "migrate":
            batch.attempts = record.get("attempt", 1)
            batch.outcomes = Counter({name: record["summary"].get(name, 0) for name in OUTCOMES})
            batch.skipped = record["summary"].get("skipped", 0)
            batch.verified, batch.failed = False, not ok
        elif ok and record.get("at_target"):
            batch.failed = False
        if not record["batch"] and not ok:
            return  # which batches a failed sync of the whole migration is about, only its failures tell
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
            batch.verified, batch.skipped = False, 0


def _apply_failures(
    record: _Record,
    batches: t.Sequence[BatchProgress],
    batch_of: t.Mapping[str, str],
    repaired: t.Mapping[str, str],
) -> None:
    """Count the secrets that a run did not migrate: by the paths of its failures, or as its summary counts them."""
    failures = record["lists"].get("failures", ())
    paths = {entry.get("source") for entry in [*failures, *record["lists"].get("unreadable", ())]}
    for batch in batches:
        if batch.name == record["batch"]:
            counted = sum(record["summary"].get(name, 0) for name in _NOT_MIGRATED)
            batch.failed_secrets = len(paths) if len(paths) and not rows.not_listed(record) else counted
        elif (
            not record["batch"]
            and batch.migration == record["migration"]
            and (repaired.get(batch.name, "") < record["recorded"])
        ):
            batch.failed_secrets = sum(batch_of.get(path or "") == batch.name for path in paths)
            if batch.failed_secrets:
                batch.state = "failed"


# --- which records still count


def _current(records: t.Sequence[_Record], replaces: t.Callable[[_Record, _Record], bool]) -> list[_Record]:
    """The records that no other one replaces: a repair takes away what was wrong before."""
    by_place: dict[tuple[str, str], list[_Record]] = {}
    for record in records:
        by_place.setdefault((record["migration"], record["batch"]), []).append(record)
    return [
        record
        for record in records
        if not any(
            replaces(other, record)
            for batch in ("", record["batch"])
            for other in by_place.get((record["migration"], batch), ())
        )
    ]


def _replaces(other: _Record, record: _Record) -> bool:
    if record["step"] == "plan":  # what a plan predicted counts only until the migration itself was run
        return bool(other["step"] == "migrate" and other["batch"] == record["batch"])
    other_is_later: bool = other["recorded"] > record["recorded"]
    if record["step"] not in (*RUN_STEPS, "verify") or not other_is_later:
        return False
    if other["step"] == "verify":
        return bool(record["step"] == "verify" and other.get("verified") is not None)
    if record["step"] == "verify" and other["step"] != "rollback":
        return False
    return bool(other["step"] in RUN_STEPS[1:] and other.get("at_target"))


def _tries_again(other: _Record, record: _Record) -> bool:
    """Whether the applications of a record were tried later."""
    both = other["step"] == record["step"] == "verify" and other["recorded"] > record["recorded"]
    return both and bool(other["lists"].get("access"))


def _repaired(records: t.Sequence[_Record]) -> dict[str, str]:
    """Batch to the time of its newest run that came to its end."""
    found: dict[str, str] = {}
    for record in records:
        if record["batch"] and record["step"] in RUN_STEPS[1:] and record.get("at_target"):
            found[record["batch"]] = max(found.get(record["batch"], ""), record["recorded"])
    return found


def _newest(found: t.Sequence[ReportRow]) -> list[ReportRow]:
    """One row for each path and outcome: several steps say the same of a path that they may not read."""
    newest: dict[tuple[str, str, str], ReportRow] = {}
    for row in found:
        key = row.source, row.item, row.outcome
        if key not in newest or newest[key].recorded < row.recorded:
            newest[key] = row
    return list(newest.values())
