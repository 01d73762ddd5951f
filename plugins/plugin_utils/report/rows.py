# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: from one record to the rows of the report's tables, one function for each table."""

from __future__ import annotations

import typing as t

from .model import AS_EXPECTED, ReportRow, TriedApplication

__all__ = [
    "access",
    "access_failed",
    "applications",
    "attempts",
    "checks",
    "credentials",
    "not_listed",
    "problems",
    "revoked",
    "warnings",
    "written",
]

_Record = t.Mapping[str, t.Any]
_NOT_WRITTEN = ("", "skip", "conflict", "fail", "unchanged", "adopt")


def problems(record: _Record) -> list[ReportRow]:
    """Conflicts, failures and differences. The task's own message where it failed and lists nothing."""
    lists = record["lists"]
    conflicts = {(e.get("source"), e.get("item")) for e in lists.get("plan", ()) if e.get("action") == "conflict"}
    rows = [
        _row(record, "problems", e, "conflict" if (e.get("source"), e.get("item")) in conflicts else "failed")
        for e in lists.get("failures", ())
    ]
    for entry in lists.get("differences", ()):
        rows.append(_row(record, "problems", entry, str(entry.get("type") or "difference")))
    if record["status"] in ("failed", "unreachable") and not rows and not access_failed(record):
        rows.append(_row(record, "problems", {"reason": record["message"]}, f"{record['step']}_{record['status']}"))
    return rows


def warnings(record: _Record) -> list[ReportRow]:
    """Paths that could not be read, and differences that an option accepts."""
    lists = record["lists"]
    rows = [_row(record, "warnings", entry, "unreadable") for entry in lists.get("unreadable", ())]
    return rows + [_row(record, "warnings", entry, "accepted") for entry in lists.get("accepted_differences", ())]


def access(record: _Record) -> list[ReportRow]:
    """One row for each application that is as it must be, one for each problem of the others."""
    rows = []
    for entry in record["lists"].get("access", ()):
        who = entry.get("name") or ""
        for problem in entry.get("problems") or ():
            what = problem.get("item") or problem.get("source") or ""
            shown = {"source": who, "item": what, "reason": problem.get("reason"), "remedy": problem.get("remedy")}
            rows.append(_row(record, "access", shown, str(problem.get("type") or "failed")))
        if not entry.get("problems"):
            outcome = AS_EXPECTED if entry.get("ok") else "not_as_expected"
            shown = {**entry, "source": who, "reason": entry.get("reason") or _access_counts(entry)}
            rows.append(_row(record, "access", shown, outcome))
    return rows


def applications(records: t.Sequence[_Record]) -> list[TriedApplication]:
    """Each application once, with what it read and what it was denied in all records, and the rows of each record."""
    counts: dict[str, tuple[int, int, int]] = {}
    parts: dict[str, list[tuple[str, list[ReportRow]]]] = {}
    for record in records:
        found = access(record)
        for entry in record["lists"].get("access", ()):
            name = str(entry.get("name") or "")
            secrets, versions, denials = counts.get(name, (0, 0, 0))
            secrets, versions = secrets + entry.get("secrets", 0), versions + entry.get("versions", 0)
            counts[name] = secrets, versions, denials + entry.get("expected_denials", 0)
            place = " ".join(filter(None, (record["wave"], record["batch"]))) or "the whole migration"
            parts.setdefault(name, []).append((place, [row for row in found if row.source == name]))
    return [TriedApplication(name, *counted, parts=parts[name]) for name, counted in sorted(counts.items())]


def _access_counts(entry: t.Mapping[str, t.Any]) -> str:
    if not {"expected_reads", "expected_denials"} <= set(entry):
        return ""
    reads, denials = entry["expected_reads"], entry["expected_denials"]
    return f"read {reads:,} that it must read, was denied {denials:,} that it must not"


def access_failed(record: _Record) -> bool:
    """Whether an application reads something that it must not, or does not read what it must."""
    return any(row.outcome != AS_EXPECTED for row in access(record))


def revoked(records: t.Sequence[_Record]) -> set[str]:
    """Accessors and files of the credentials that were revoked and tried afterwards, by any task."""
    entries = [e for record in records for e in record["lists"].get("revocations", ()) if e.get("revoked")]
    return {entry[name] for entry in entries for name in ("accessor", "dest") if entry.get(name)}


def credentials(record: _Record, closed: set[str]) -> list[ReportRow]:
    """Credentials that were made, and those that were revoked.

    :param closed: what :func:`revoked` gives; a credential of these has a row for its revocation only.
    """
    rows = []
    for entry in record["lists"].get("credentials", ()):
        if closed & {entry.get("accessor"), entry.get("dest")}:
            continue
        reason = entry.get("reason") or ""
        if not reason and entry.get("expires"):
            reason = f"expires {entry['expires']}"
        elif not reason and entry.get("ttl"):
            reason = f"lives for {entry['ttl']:,} seconds from when it was recorded"
        state = str(entry.get("state") or entry.get("outcome") or "open").lower()
        shown = {**_named(record, entry), "reason": reason, "remedy": entry.get("remedy")}
        rows.append(_row(record, "credentials", shown, state))
    for entry in record["lists"].get("revocations", ()):
        shown = {**_named(record, entry), "reason": entry.get("evidence") or "", "remedy": entry.get("remedy")}
        rows.append(_row(record, "credentials", shown, "revoked" if entry.get("revoked") else "open"))
    return rows


def _named(record: _Record, entry: t.Mapping[str, t.Any]) -> dict[str, str]:
    name = str(entry.get("name") or entry.get("type") or "credential")
    if entry.get("accessor"):
        name += f", accessor {entry['accessor']}"
    elif entry.get("dest"):
        name += f" in {entry['dest']}"
    return {"source": name, "item": entry.get("system") or record["name"]}


def checks(record: _Record) -> list[ReportRow]:
    """Checks of a preflight, findings of an assessment, and the outcome of a migration by a Gateway."""
    rows = []
    for name in ("checks", "findings"):
        for entry in record["lists"].get(name, ()):
            verdict = entry.get("verdict") or entry.get("severity") or entry.get("outcome")
            if verdict is None:
                verdict = "ok" if entry.get("ok") else "failed"
            shown = {**entry, "source": entry.get("id") or entry.get("name") or entry.get("source")}
            shown["reason"] = entry.get("evidence") or entry.get("reason")
            rows.append(_row(record, "checks", shown, str(verdict)))
    if record["step"] == "gateway":
        shown = {"source": record["name"] or "migration by the Gateway", "reason": record["message"]}
        rows.append(_row(record, "checks", shown, str(record["outcome"] or record["status"])))
    return rows


def written(record: _Record) -> list[ReportRow]:
    """Items that were written; a plan alone writes none."""
    if record["step"] in ("plan", "preflight"):
        return []
    actions = [(entry, str(entry.get("action") or "")) for entry in record["lists"].get("plan", ())]
    return [_row(record, "written", entry, action) for entry, action in actions if action not in _NOT_WRITTEN]


def attempts(record: _Record) -> list[ReportRow]:
    """All attempts of a step where an earlier one failed; none otherwise."""
    if all(earlier["status"] in ("ok", "skipped") for earlier in record.get("earlier") or ()):
        return []
    past = [*record["earlier"], {k: record[k] for k in ("recorded", "status", "message")}]
    return [
        _row({**record, "recorded": p["recorded"]}, "attempts", {"reason": p["message"]}, p["status"]) for p in past
    ]


def not_listed(record: _Record) -> int:
    """How many entries the module counted and did not list, because of its ``report_limit``."""
    lists = record["lists"]
    pairs = [(count, lists.get(name, ())) for name, count in record["counts"].items()]
    pairs += [(entry.get("problems_count", 0), entry.get("problems", ())) for entry in lists.get("access", ())]
    return sum(max(0, count - len(listed)) for count, listed in pairs)


def _row(record: _Record, section: str, entry: t.Mapping[str, t.Any], outcome: str) -> ReportRow:
    return ReportRow(
        section,
        record["wave"],
        record["batch"],
        record["step"],
        str(entry.get("source") or entry.get("path") or entry.get("name") or ""),
        str(entry.get("item") or ""),
        outcome,
        str(entry.get("reason") or entry.get("text") or entry.get("title") or ""),
        str(entry.get("remedy") or ""),
        record["recorded"],
    )
