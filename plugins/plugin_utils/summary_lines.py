# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of a rollout did, in lines for people: names, numbers and reasons, bounded. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from ..module_utils.verify.report import ACCESS_COUNTS

__all__ = ["BatchOutcome", "figures_of", "outcome_of", "summary_lines"]

_WAVES, _BATCHES, _ENTRIES, _APPLICATIONS = 5, 10, 4, 5  # lines of each kind
_WIDTH = 400  # characters of a line
_Result = t.Mapping[str, t.Any]

_CHANGED = ("appended", "overwritten", "metadata_updated", "adopted")
_DONE = ("created", *_CHANGED, "unchanged", "skipped", "conflicts", "failed", "unreadable")
_COMPARED = ("versions", "bytes", "verified")
_COLUMNS = {
    "cutover": (
        *("secrets", "versions", "bytes", "created", "changed", "deleted", "removed at source"),
        *("verified", "left out", "failed", "seconds"),
    ),
    "migrate": ("secrets", "versions", "bytes", "created", "changed", "verified", "left out", "failed", "seconds"),
    "verify": ("secrets", "versions", "bytes", "verified", "left out", "failed", "seconds"),
    "sync": ("secrets", "created", "changed", "deleted", "removed at source", "left out", "failed", "seconds"),
    "rollback": ("deleted", "restored", "untouched", "conflicts", "failed", "seconds"),
}
_ONE = {"secrets": "secret", "versions": "version", "conflicts": "conflict"}


@dataclass(frozen=True)
class BatchOutcome:
    """What the steps did with one batch, or with one migration as a whole.

    :ivar group: the wave, or the migration as a whole.
    :ivar problem: why it failed; empty where it did not.
    :ivar failures: how many secrets failed.
    :ivar known: whether the failures are those of named secrets, and nothing else failed.
    """

    name: str
    group: str
    results: dict[str, _Result]
    problem: str = ""

    @property
    def failures(self) -> int:
        summary = _summary(self.results.get("migrate") or self.results.get("sync"))
        differences = int((self.results.get("verify") or {}).get("differences_count") or 0)
        return max(summary["failed"] + summary["conflicts"], differences)

    @property
    def known(self) -> bool:
        verify = self.results.get("verify") or {}
        applications = verify.get("access") or ()
        return not self.problem or (
            bool(verify.get("summary")) and self.failures > 0 and all(application["ok"] for application in applications)
        )


def outcome_of(
    name: str, group: str, results: t.Mapping[str, t.Any], problem: str, *, decided: bool = False
) -> BatchOutcome:
    """The outcome of the steps' registered results; those of skipped tasks do not count.

    :param results: a step to its result, None where there is none.
    :param problem: a failure that came without a result.
    :param decided: whether only ``problem`` tells that it failed.
    """
    found = {step: result for step, result in results.items() if result and not result.get("skipped")}
    messages = [str(result["msg"]) for result in found.values() if result.get("msg") and not decided]
    return BatchOutcome(name, group, found, problem or next(iter(messages), ""))


def summary_lines(outcomes: t.Sequence[BatchOutcome], *, plan: bool = False) -> list[str]:
    """One line for each wave, then the batches, those that failed first, then failures with their remedies.

    :param plan: whether it is what would be done.
    """
    if any("preflight" in outcome.results for outcome in outcomes):
        return [line for outcome in outcomes for line in _checks(outcome)]
    ran = {step for outcome in outcomes for step in outcome.results}
    step = "cutover" if {"sync", "verify"} <= ran else next((step for step in _COLUMNS if step in ran), "")
    columns = [c for c in _COLUMNS.get(step, ()) if c not in _COMPARED or "verify" in ran]
    groups: dict[str, list[BatchOutcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome)
    lines = [f"{'plan, ' * plan}{_group_line(name, members, columns)}" for name, members in groups.items()]
    lines = _bounded(lines, _WAVES, "waves")
    if len(outcomes) > len(groups) and columns:
        lines += _table(outcomes, columns)
    lines += _access(outcomes)
    return lines + [line for outcome in outcomes for line in _cutover(outcome)] + _entries(outcomes)


def figures_of(outcomes: t.Sequence[BatchOutcome]) -> dict[str, dict[str, float]]:
    """The numbers of each wave, by its name, or of each migration as a whole."""
    groups: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        counted = {"batches": 1, "failed_batches": int(bool(outcome.problem)), **_figures(outcome)}
        groups.setdefault(outcome.group, Counter()).update(counted)
    return {
        name: {
            column.replace(" ", "_"): count / 1000 if column == "seconds" else count
            for column, count in total.items()
            if count or column.endswith("batches")
        }
        for name, total in groups.items()
    }


def _group_line(name: str, members: t.Sequence[BatchOutcome], columns: t.Sequence[str]) -> str:
    total: Counter[str] = Counter()
    for outcome in members:
        total.update(_figures(outcome))
    failed = sum(bool(outcome.problem) for outcome in members)
    words = []
    if name.startswith("wave "):
        words.append(f"{_amount(len(members), 'batches')}{f', of which {failed} failed' if failed else ''}")
    elif failed:
        words.append("failed")
    # The ledger knows no sizes, so a verification against it counts none.
    words += [_amount(total[column], column) for column in columns if column != "bytes" or total[column]]
    return f"{name}: {', '.join(words)}"


def _table(outcomes: t.Sequence[BatchOutcome], columns: t.Sequence[str]) -> list[str]:
    """The batches; without the columns that have 0 in every line, as YAML breaks longer lines."""
    failed_first = sorted(outcomes, key=lambda outcome: not outcome.problem)
    shown = [(outcome, _figures(outcome)) for outcome in failed_first[:_BATCHES]]
    columns = [column for column in columns if any(figures[column] for _outcome, figures in shown)]
    rows = [["batch", *columns]]
    for outcome, figures in shown:
        rows.append([outcome.name, *(_cell(figures[column], column) if figures else "-" for column in columns)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    if more := failed_first[_BATCHES:]:
        failed = sum(bool(outcome.problem) for outcome in more)
        lines.append(f"and {_amount(len(more), 'batches')} more, {failed or 'none'} of which failed")
    return lines


def _figures(outcome: BatchOutcome) -> Counter[str]:
    """The columns' numbers; empty where no step came so far."""
    figures: Counter[str] = Counter()
    written, verify = outcome.results.get("migrate") or outcome.results.get("sync"), outcome.results.get("verify")
    back = outcome.results.get("rollback")
    if written and (written.get("summary") or written.get("totals")):
        done, totals = _summary(written), written.get("totals") or written["summary"]
        figures["secrets"] = sum(done[name] for name in _DONE)
        figures["created"] = totals.get("created", 0)
        figures["changed"] = sum(totals.get(name, 0) for name in _CHANGED)
        figures["deleted"] = totals.get("deleted", 0)
        figures["removed at source"] = done["removed_at_source"]
        figures["left out"] = done["skipped"] + done["unreadable"]
    if verify and verify.get("summary"):
        compared = _summary(verify)
        figures.update({name: compared[name] for name in ("versions", "bytes")})
        figures["secrets"] = figures["secrets"] or compared["secrets"]
        figures["left out"] = figures["left out"] or compared["unreadable"]
        different = {entry.get("source") for entry in verify.get("differences") or ()}
        unnamed = max(0, int(verify.get("differences_count") or 0) - len(verify.get("differences") or ()))
        figures["verified"] = max(0, compared["secrets"] - len(different) - unnamed)
    if back and back.get("summary") and (back.get("failures") or not outcome.problem):  # otherwise it did not begin
        restored = _summary(back)
        figures.update({name: restored[name] for name in ("deleted", "restored", "untouched", "conflicts", "failed")})
    if figures or any(result.get("summary") for result in outcome.results.values()):
        figures["failed"] = figures["failed"] or (outcome.failures if outcome.problem else 0)
        figures["seconds"] = sum(_milliseconds(result) for result in outcome.results.values())
    return figures


def _milliseconds(result: _Result) -> int:
    return round(float((result.get("durations") or {}).get("total") or 0) * 1000)


def _summary(result: _Result | None) -> Counter[str]:
    return Counter({name: int(count) for name, count in ((result or {}).get("summary") or {}).items()})


def _amount(count: int, noun: str) -> str:
    """``1 secret``, ``1,200 secrets``, ``2.5 KiB``, ``3 failed``."""
    if noun in ("bytes", "seconds"):
        return _cell(count, noun)
    if noun == "batches":
        return f"{count:,} {'batch' if count == 1 else noun}"
    return f"{count:,} {_ONE.get(noun, noun) if count == 1 else noun}"


def _cell(count: int, column: str) -> str:
    if column == "seconds":
        seconds = count / 1000
        return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    if column == "bytes":
        size, units = float(count), ["B", "KiB", "MiB", "GiB"]
        while size >= 10_000 and len(units) > 1:
            size, units = size / 1024, units[1:]
        return f"{size:,.0f} {units[0]}"
    return f"{count:,}"


def _access(outcomes: t.Sequence[BatchOutcome]) -> list[str]:
    """A line for each application that was tried, of all batches together."""
    found: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for application in (outcome.results.get("verify") or {}).get("access") or ():
            counts = {name: application.get(name, 0) for name in ACCESS_COUNTS}
            found.setdefault(application["name"], Counter()).update(counts)
    lines = [
        f"application {name}: {', '.join(f'{counts[c]:,} {c.replace(chr(95), chr(32))}' for c in ACCESS_COUNTS)}"
        for name, counts in found.items()
    ]
    return _bounded(lines, _APPLICATIONS, "applications")


def _entries(outcomes: t.Sequence[BatchOutcome]) -> list[str]:
    """Failures and what was left out, with reason and remedy."""
    lines: dict[str, list[str]] = {"failed": [], "left out": []}
    for outcome in outcomes:
        told = list(_failures(outcome)) if outcome.problem else []
        lines["failed"] += told or ([f"{outcome.name}: {outcome.problem}"] if outcome.problem else [])
        for result in outcome.results.values():
            lines["left out"] += [f"{entry['source']}: {entry['reason']}" for entry in result.get("unreadable") or ()]
    return [
        line
        for label, entries in lines.items()
        for line in _bounded([_short(f"{label}: {entry}") for entry in dict.fromkeys(entries)], _ENTRIES, label)
    ]


def _failures(outcome: BatchOutcome) -> t.Iterator[str]:
    for result in outcome.results.values():
        found = [*(result.get("failures") or ()), *(result.get("differences") or ())]
        for entry in found:
            yield _sentence(entry.get("source") or entry.get("item") or "", entry)
        for application in result.get("access") or ():
            for entry in application.get("problems") or ():
                yield _sentence(f"{application['name']} and {entry.get('source') or entry.get('item') or ''}", entry)


def _sentence(name: str, entry: _Result) -> str:
    remedy = f". {entry['remedy']}" if entry.get("remedy") else ""
    return f"{name}: {entry.get('reason') or ''}{remedy}"


def _cutover(outcome: BatchOutcome) -> t.Iterator[str]:
    """What became of the right to write, and of each credential, with the evidence."""
    freeze = outcome.results.get("cutover_freeze") or {}
    if policies := [entry for entry in freeze.get("policies") or () if entry["action"] != "unchanged"]:
        done = {True: "done, and a write is denied", False: "a write is not denied", None: "planned, or not tested"}
        verbs = "; ".join(f"{entry['action']} {entry['policy']}" for entry in policies[:_ENTRIES])
        yield _short(f"policies: {verbs}{' ...' * (len(policies) > _ENTRIES)}: {done[freeze.get('write_denied')]}")
    vault = outcome.results.get("cutover_credential") or {}
    for entry in vault.get("revocations") or ():
        yield _revocation("Vault", f"{entry['type']} {entry.get('accessor') or ''}".strip(), entry)
    if "revoked" in (token := outcome.results.get("cutover_token") or {}):
        yield _revocation("Akeyless", f"token in {token['dest']}", token)


def _revocation(where: str, what: str, entry: _Result) -> str:
    state = "revoked" if entry["revoked"] else "to be revoked"
    return _short(f"{where}: {what} {state}{': ' + entry['evidence'] if entry.get('evidence') else ''}")


def _checks(outcome: BatchOutcome) -> list[str]:
    """Every check of a preflight: verdict, id, evidence, and below it the remedy where it is not ok."""
    result = outcome.results.get("preflight") or {}
    checks = result.get("checks") or ()
    verdicts = Counter(str(check["verdict"]) for check in checks)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    lines = [f"{outcome.group}: {len(checks)} checks: {counted}" if checks else f"{outcome.group}: {outcome.problem}"]
    width = max((len(check["id"]) for check in checks), default=0)
    for check in checks:
        lines.append(_short(f"{check['verdict']:<8} {check['id']:<{width}}  {check.get('evidence') or ''}"))
        if check["verdict"] != "ok" and check.get("remedy"):
            lines.append(_short(f"{'':<8} {'':<{width}}  remedy: {check['remedy']}"))
    return lines


def _bounded(lines: list[str], limit: int, what: str) -> list[str]:
    more = len(lines) - limit
    return lines if more <= 0 else [*lines[:limit], f"and {more:,} more {what}"]


def _short(text: str) -> str:
    line = " ".join(text.split("\n"))
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "\N{HORIZONTAL ELLIPSIS}"
