# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: what changed from one playbook to the next, a row for each, the newest first."""

from __future__ import annotations

import functools
import typing as t
from collections import Counter

from .model import ReportRow
from .records import STEPS, times_of
from .target import RUN_STEPS, Figures, Gap

__all__ = ["change_in_words", "playbook_rows", "plural"]

_Time = dict[str, t.Any]


def playbook_rows(records: t.Sequence[t.Mapping[str, t.Any]], gaps: t.Sequence[Gap]) -> list[ReportRow]:
    """One row for each execution of a playbook that was recorded, and one for each change that no record explains."""
    executions: dict[tuple[str, ...], list[_Time]] = {}
    for record in records:
        for time in times_of(record):
            name = (
                time.get("execution") or "",
                "" if time.get("execution") else f"{time['recorded']} {record['step']}",
            )
            place = {key: record[key] for key in ("migration", "wave", "batch", "step")}
            executions.setdefault(name, []).append({**time, **place})
    rows = [_row_of(times) for times in executions.values()] + [_row_of_gap(gap) for gap in gaps]
    return sorted(rows, key=lambda row: row.recorded, reverse=True)


def _row_of(times: t.Sequence[_Time]) -> ReportRow:
    steps = sorted({time["step"] for time in times}, key=STEPS.index)
    # A step that was repeated within the playbook counts as it ended.
    statuses = Counter({(time["step"], time["batch"]): time["status"] for time in times}.values())
    outcome = next((status for status in ("unreachable", "failed", "ok") if statuses[status]), "skipped")
    batches, waves = ({time[name] for time in times} - {""} for name in ("batch", "wave"))
    return ReportRow(
        section="playbooks",
        wave=waves.pop() if len(waves) == 1 else "",
        batch=batches.pop() if len(batches) == 1 else plural(len(batches), "batch", "batches") if batches else "",
        step=", ".join(steps),
        source=next((str(time["playbook"]) for time in times if time.get("playbook")), ""),
        item="",
        outcome=outcome,
        reason=_reason(times),
        remedy="",
        recorded=max(str(time["recorded"]) for time in times),
    )


def _reason(times: t.Sequence[_Time]) -> str:
    counted = [time for time in times if time["step"] in RUN_STEPS[1:] and time["status"] != "skipped"]
    if not counted:
        return ""
    changes = [
        Figures(time["at_target"]["secrets_change"], time["at_target"]["versions_change"])
        for time in counted
        if time.get("at_target")
    ]
    text = change_in_words(functools.reduce(Figures.plus, changes, Figures(0, 0)))
    if not_known := sum(bool(time.get("uncounted")) for time in counted):
        text += f"; of {plural(not_known, 'broken-off task')} it is not known"
    return text


def _row_of_gap(gap: Gap) -> ReportRow:
    reason = f"{change_in_words(gap.change)}, before this record and after the one before it"
    return ReportRow("playbooks", "", gap.batch, "", "", "", "not_recorded", reason, "", gap.recorded)


def change_in_words(change: Figures) -> str:
    """``+3 secrets, +8 versions``."""
    if None in change:
        return "not known what changed at the target"
    names = ("secret", "version")
    parts = [
        f"{count:+,} {name}{'' if abs(count) == 1 else 's'}" for count, name in zip(change, names, strict=True) if count
    ]
    return ", ".join(parts) or "nothing changed at the target"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 secret``, ``1,200 secrets``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
