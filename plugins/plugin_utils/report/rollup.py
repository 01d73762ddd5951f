# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: from the records of a rollout, and the batches that the inventory plans, to what the report says of it."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["CLOSED", "OUTCOMES", "Batch", "Rollout", "Row", "Wave", "roll_up"]

_Record = t.Mapping[str, t.Any]
_NOT_SECRETS = ("versions_written", "gone")
_UNDONE = ("failed", "conflicts", "unreadable")
OUTCOMES = (
    "created",
    "appended",
    "overwritten",
    "metadata_updated",
    "adopted",
    "unchanged",
    "skipped",
    "conflicts",
    "failed",
    "unreadable",
)


@dataclass(frozen=True)
class Row:
    """One line of a table, and of the CSV."""

    section: str
    wave: str
    batch: str
    kind: str
    source: str
    item: str
    outcome: str
    reason: str
    remedy: str
    recorded: str


@dataclass
class Batch:
    """One batch, or one place where tasks ran. ``secrets``: how many it is known to have."""

    name: str
    wave: str = ""
    wave_number: int = 0
    migration: str = ""
    secrets: int | None = None
    state: str = "waiting"
    done: int = 0
    undone: int = 0
    versions: int = 0
    seconds: float = 0.0
    attempts: int = 0
    verified: bool = False
    failed: bool = False
    last: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return max(self.secrets or 0, self.done + self.undone)

    @property
    def left(self) -> int:
        return self.total - self.done - self.undone


@dataclass
class Wave:
    """The batches of one name and number."""

    name: str
    number: int
    batches: list[Batch] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Failed if any batch is; under way where they differ otherwise."""
        states = {batch.state for batch in self.batches}
        if states & {"failed", "differs"}:
            return "failed"
        return states.pop() if len(states) == 1 else "under way"

    def count(self, what: str) -> int:
        return sum(int(getattr(batch, what)) for batch in self.batches)

    @property
    def verified(self) -> int:
        return sum(batch.done for batch in self.batches if batch.verified)


@dataclass
class Rollout:
    """Everything that the report says, in order. Lists are complete; the page shows their beginnings."""

    waves: list[Wave]
    migrations: list[str]
    locations: list[str]
    outcomes: Counter[str]
    problems: list[Row]
    unreadable: list[Row]
    access: list[Row]
    credentials: list[Row]
    checks: list[Row]
    touched: list[Row]
    history: list[Row]
    left_out: int
    as_of: str
    seconds: float

    @property
    def batches(self) -> list[Batch]:
        return [batch for wave in self.waves for batch in wave.batches]

    @property
    def open_credentials(self) -> list[Row]:
        return [row for row in self.credentials if row.outcome not in CLOSED]

    @property
    def access_failures(self) -> list[Row]:
        return [row for row in self.access if row.outcome != AS_EXPECTED]

    def rows(self) -> list[Row]:
        """All of them, for the CSV."""
        return [
            *self.problems,
            *self.unreadable,
            *self.access,
            *self.credentials,
            *self.checks,
            *self.touched,
            *self.history,
        ]


CLOSED = ("revoked", "expired", "dead", "deleted", "rotated")
FINE = ("ok", "pass", "passed", "success")
AS_EXPECTED = "as expected"


def roll_up(records: t.Sequence[_Record], planned: t.Sequence[t.Mapping[str, t.Any]]) -> Rollout:
    """Add up the records, as :func:`records.load` orders them.

    :param planned: ``batch``, ``wave``, ``wave_number``, ``migration``, ``secrets`` of each batch of the inventory.
    """
    batches: dict[str, Batch] = {}
    for entry in planned:
        batches[entry["batch"]] = Batch(
            entry["batch"],
            entry.get("wave") or "",
            int(entry.get("wave_number") or 0),
            entry.get("migration") or "",
            entry.get("secrets"),
        )
    for record in sorted(records, key=lambda record: str(record["recorded"])):
        if record["batch"]:
            known = batches.setdefault(
                record["batch"], Batch(record["batch"], record["wave"], record["wave_number"], record["migration"])
            )
            _take(known, record)
        elif _is_about_all(record):
            for batch in batches.values():
                if batch.migration == record["migration"]:
                    _take(batch, {**record, "seconds": 0.0})
    waves: dict[tuple[int, str], Wave] = {}
    for batch in sorted(batches.values(), key=lambda batch: (batch.wave_number, batch.wave, batch.name)):
        waves.setdefault((batch.wave_number, batch.wave), Wave(batch.wave, batch.wave_number)).batches.append(batch)
    # What a plan foresaw is settled once the migration itself was run.
    done = {record["batch"] for record in records if record["kind"] == "migrate"}
    records = [record for record in records if record["kind"] != "plan" or record["batch"] not in done]
    problems = [row for record in records for row in _problems(record)]
    totals: Counter[str] = Counter()
    for batch in batches.values():
        totals.update(batch.outcomes)
    return Rollout(
        waves=list(waves.values()),
        migrations=sorted(
            {text for text in [*(r["migration"] for r in records), *(b.migration for b in batches.values())] if text}
        ),
        locations=sorted({record["target_location"] for record in records if record["target_location"]}),
        outcomes=totals,
        problems=problems,
        unreadable=[row for record in records for row in _left(record)],
        access=[row for record in records for row in _access(record)],
        credentials=[row for record in records for row in _credentials(record, _dead(records))],
        checks=[row for record in records for row in _checks(record)],
        touched=[row for record in records for row in _touched(record)],
        history=[row for record in records for row in _history(record)],
        left_out=sum(_left_out(record) for record in records),
        as_of=max((str(record["recorded"]) for record in records), default=""),
        seconds=sum(record["seconds"] or 0.0 for record in records),
    )


def _is_about_all(record: _Record) -> bool:
    """Whether a record of a migration as a whole says something of each of its batches."""
    return record["kind"] in ("cutover", "rollback") or (record["kind"] == "verify" and record["status"] == "ok")


def _take(batch: Batch, record: _Record) -> None:
    """What a record, newer than those before it, says of its batch."""
    kind, fine = record["kind"], record["status"] == "ok" and record.get("verified") is not False
    batch.last = record["recorded"]
    batch.seconds += record["seconds"] or 0.0
    counts = record["summary"]
    if kind in ("migrate", "sync") and record["status"] != "skipped":
        if kind == "migrate":
            batch.attempts = record.get("attempt", 1)
            batch.outcomes = Counter({name: counts.get(name, 0) for name in OUTCOMES})
            total = sum(count for name, count in counts.items() if name not in _NOT_SECRETS and count > 0)
            batch.undone = sum(counts.get(name, 0) for name in _UNDONE)
            batch.done = max(0, total - batch.undone)
            batch.verified, batch.failed = False, not fine
        batch.versions += counts.get("versions_written", 0)
        batch.state = "failed" if not fine else batch.state if kind == "sync" and batch.verified else "migrated"
    elif kind == "plan" and batch.state == "waiting":
        batch.state = "planned" if fine else "failed"
    elif kind == "verify":
        fine = fine and not record["lists"].get("differences") and not _has_access_failures(record)
        # What the migration failed to do stays undone, however right the rest is.
        batch.verified = fine and not batch.failed
        batch.state = "differs" if not fine else "failed" if batch.failed else "verified"
    elif kind == "cutover":
        batch.state = "cut over" if fine else "failed"
    elif kind == "rollback":
        batch.state = "rolled back" if fine else "failed"
        if fine:
            batch.done = batch.undone = 0
            batch.verified = False


def _row(record: _Record, section: str, entry: t.Mapping[str, t.Any], outcome: str) -> Row:
    return Row(
        section,
        record["wave"],
        record["batch"],
        record["kind"],
        str(entry.get("source") or entry.get("path") or entry.get("name") or ""),
        str(entry.get("item") or ""),
        outcome,
        str(entry.get("reason") or entry.get("text") or entry.get("title") or ""),
        str(entry.get("remedy") or ""),
        record["recorded"],
    )


def _listed(record: _Record, name: str, outcome: str) -> list[Row]:
    return [_row(record, name, entry, outcome) for entry in record["lists"].get(name, ())]


def _problems(record: _Record) -> list[Row]:
    """Conflicts, failures and differences; the task's own message where it says more than its lists."""
    lists = record["lists"]
    conflicts = {(e.get("source"), e.get("item")) for e in lists.get("plan", ()) if e.get("action") == "conflict"}
    rows = [
        _row(record, "problems", e, "conflict" if (e.get("source"), e.get("item")) in conflicts else "failed")
        for e in lists.get("failures", ())
    ]
    rows += _listed({**record, "lists": {"problems": lists.get("conflicts", ())}}, "problems", "conflict")
    for entry in lists.get("differences", ()):
        word = entry.get("difference") or entry.get("kind") or "difference"
        rows.append(_row(record, "problems", entry, str(word).replace("_", " ")))
    if record["status"] in ("failed", "unreachable") and not rows and not _has_access_failures(record):
        rows.append(_row(record, "problems", {"reason": record["message"]}, f"{record['kind']} {record['status']}"))
    return rows


def _has_access_failures(record: _Record) -> bool:
    return any(row.outcome != AS_EXPECTED for row in _access(record))


def _left(record: _Record) -> list[Row]:
    rows = _listed(record, "unreadable", "not readable")
    return rows + [_row(record, "unreadable", entry, "left alone") for entry in record["lists"].get("left_alone", ())]


def _access(record: _Record) -> list[Row]:
    """One row for each application that is as it must be, one for each of its problems otherwise."""
    rows = []
    for entry in record["lists"].get("access", ()):
        who = entry.get("name") or entry.get("identity") or ""
        fine = entry.get("ok")
        if fine is None:
            fine = entry.get("expected") == entry.get("found") if "found" in entry else entry.get("outcome") in FINE
        if entry.get("problems"):
            for problem in entry["problems"]:
                what = problem.get("item") or problem.get("source") or ""
                told = {"source": who, "item": what, "reason": problem.get("reason"), "remedy": problem.get("remedy")}
                rows.append(_row(record, "access", told, str(problem.get("kind") or "failed").replace("_", " ")))
            continue
        told = {
            "source": who,
            "item": entry.get("item") or entry.get("path") or entry.get("source") or "",
            "reason": entry.get("reason") or _access_words(entry),
            "remedy": entry.get("remedy"),
        }
        rows.append(_row(record, "access", told, AS_EXPECTED if fine else "not as expected"))
    return rows


def _access_words(entry: t.Mapping[str, t.Any]) -> str:
    if {"read", "refused"} <= set(entry):
        return f"read {entry['read']:,} that it must read, was refused {entry['refused']:,} that it must not"
    if {"expected", "found"} <= set(entry):
        return f"expected {entry['expected']}, found {entry['found']}".replace("_", " ")
    return ""


def _dead(records: t.Sequence[_Record]) -> set[str]:
    """Accessors and files of credentials that were seen to be dead, whichever task ended them."""
    ended = [entry for record in records for entry in record["lists"].get("revoked", ()) if entry.get("dead")]
    return {entry[name] for entry in ended for name in ("accessor", "file") if entry.get(name)}


def _credentials(record: _Record, dead: set[str]) -> list[Row]:
    rows = []
    for entry in record["lists"].get("credentials", ()):
        if dead & {entry.get("accessor"), entry.get("file")}:
            continue
        state = str(entry.get("state") or entry.get("outcome") or "open").lower().replace("_", " ")
        reason = entry.get("reason") or ""
        if not reason and entry.get("expires"):
            reason = f"expires {entry['expires']}"
        elif not reason and entry.get("ttl"):
            reason = f"lives for {entry['ttl']:,} seconds from when it was recorded"
        told = {**_named(record, entry), "reason": reason, "remedy": entry.get("remedy")}
        rows.append(_row(record, "credentials", told, state))
    for entry in record["lists"].get("revoked", ()):
        told = {**_named(record, entry), "reason": entry.get("proof") or "", "remedy": entry.get("remedy")}
        rows.append(_row(record, "credentials", told, "revoked" if entry.get("dead") else "open"))
    return rows


def _named(record: _Record, entry: t.Mapping[str, t.Any]) -> dict[str, str]:
    name = str(entry.get("name") or entry.get("kind") or "credential")
    if entry.get("accessor"):
        name += f", accessor {entry['accessor']}"
    elif entry.get("file"):
        name += f" in {entry['file']}"
    return {"source": name, "item": entry.get("system") or record["name"]}


def _checks(record: _Record) -> list[Row]:
    rows = []
    for name in ("checks", "findings"):
        for entry in record["lists"].get(name, ()):
            verdict = entry.get("verdict") or entry.get("severity") or entry.get("outcome")
            if verdict is None:
                verdict = "ok" if entry.get("ok") else "failed"
            told = {**entry, "source": entry.get("id") or entry.get("name") or entry.get("source")}
            told["reason"] = entry.get("evidence") or entry.get("reason")
            rows.append(_row(record, "checks", told, str(verdict)))
    if record["kind"] == "gateway":
        outcome = record["outcome"] or record["status"]
        told = {"source": record["name"] or "migration by the Gateway", "reason": record["message"]}
        rows.append(_row(record, "checks", told, str(outcome)))
    return rows


def _touched(record: _Record) -> list[Row]:
    """What was written; a plan alone touches nothing."""
    if record["kind"] in ("plan", "preflight"):
        return []
    rows = []
    for entry in record["lists"].get("plan", ()):
        action = str(entry.get("action") or "")
        if action not in ("", "skip", "conflict", "refuse", "unchanged", "adopt"):
            rows.append(_row(record, "touched", entry, action))
    return rows


def _history(record: _Record) -> list[Row]:
    """All attempts where one of the earlier ones failed. That work was repeated without a reason says nothing."""
    if all(earlier["status"] in ("ok", "skipped") for earlier in record.get("earlier") or ()):
        return []
    past = [*record["earlier"], {k: record[k] for k in ("recorded", "status", "message")}]
    return [_row({**record, "recorded": p["recorded"]}, "history", {"reason": p["message"]}, p["status"]) for p in past]


def _left_out(record: _Record) -> int:
    nested = sum(entry.get("problems_left_out", 0) for entry in record["lists"].get("access", ()))
    return int(nested + sum(record["left_out"].values()))
