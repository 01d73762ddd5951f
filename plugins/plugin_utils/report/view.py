# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: what the page shows, in words and shares. The template only places it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .key_figures import Figure, key_figures, other_secrets
from .model import OUTCOMES, SECTIONS, ReportRow, RolloutProgress, WaveProgress
from .playbooks import plural
from .remaining import UNFINISHED, remaining_work
from .target import Figures

__all__ = [
    "TONES",
    "ReportView",
    "Segment",
    "Table",
    "summary_of",
    "title_of",
    "view_of",
    "word_of",
]

_SCALE = 1000
_LEAST_WIDTH = 12  # of 1000
_PLAYBOOKS = 30  # in the history of the page: what is older is in the other two files
TONES = {
    "verified": "good",
    "cut_over": "good",
    "migrated": "info",
    "in_progress": "info",
    "planned": "idle",
    "not_started": "idle",
    "rolled_back": "warn",
    "failed": "bad",
    "verification_failed": "bad",
}
_OUTCOME_TONES = {"skipped": "idle", "unchanged": "idle", "conflicts": "bad", "failed": "bad", "unreadable": "warn"}
_STATUS_TITLES = {"complete_credentials_open": "Complete, but credentials are open"}
_FINISHED = {"verified", "cut_over"}


@dataclass(frozen=True)
class Segment:
    """A part of a bar: from ``x``, ``width`` wide, of 1000."""

    label: str
    tone: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Table:
    """The rows that the page shows, and how many there are in all."""

    rows: t.Sequence[ReportRow]
    total: int

    @property
    def not_shown(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True)
class ReportView:
    """All that the template places."""

    title: str
    rollout: RolloutProgress
    tone: str
    status: str
    points: list[str]
    figures: list[Figure]
    ring: list[Segment]
    percent: int
    bars: list[tuple[WaveProgress, str, str, list[Segment]]]
    outcomes: list[tuple[str, int, str, float]]
    tables: dict[str, Table]
    others: list[tuple[str, Figures]]
    remaining: list[str]


def view_of(rollout: RolloutProgress, title: str, report_limit: int) -> ReportView:
    """What the page shows of a rollout.

    :param title: that of the page; when it is empty, one with the migrations' names.
    :param report_limit: how many rows a table of the page shows.
    """
    named = ", ".join(rollout.migrations)
    tone, status = _status(rollout)
    tables = {name: rollout.table(name) for name in SECTIONS}
    amounts = [_amounts(wave) for wave in rollout.waves] or [[0] * len(_PARTS)]
    whole = [sum(values) for values in zip(*amounts, strict=True)]
    wanted = sum(whole) - whole[_LEFT_OUT]
    return ReportView(
        title=title or (f"Migration of {named} into Akeyless" if named else "Migration into Akeyless"),
        rollout=rollout,
        tone=tone,
        status=status,
        points=_points(rollout),
        figures=key_figures(rollout),
        ring=_segments(whole),
        percent=(whole[0] + whole[1]) * 100 // wanted if wanted else 0,
        bars=[(w, word_of(w.state), TONES.get(w.state, "idle"), _segments(_amounts(w))) for w in rollout.waves],
        outcomes=_outcomes(rollout),
        tables={
            name: Table(rows[: min(report_limit, _PLAYBOOKS) if name == "playbooks" else report_limit], len(rows))
            for name, rows in tables.items()
        },
        others=other_secrets(rollout),
        remaining=remaining_work(rollout),
    )


def summary_of(view: ReportView) -> dict[str, t.Any]:
    """The same in numbers, for results and the JSON file."""
    rollout = view.rollout
    return {
        "as_of": rollout.as_of,
        "status": view.status,
        "secrets": sum(batch.total for batch in rollout.batches),
        "at_target": rollout.at_target._asdict(),
        "migrated": sum(batch.migrated for batch in rollout.batches),
        "verified": sum(wave.verified for wave in rollout.waves),
        "problems": len(rollout.problems),
        "warnings": len(rollout.warnings),
        "applications": len(rollout.applications),
        "access_checks": len(rollout.access),
        "access_failures": len(rollout.access_failures),
        "credentials": len(rollout.credentials),
        "credentials_open": len(rollout.open_credentials),
        "not_listed": rollout.not_listed,
        "waves": {wave.name or str(wave.number): wave.state for wave in rollout.waves},
    }


def word_of(value: str) -> str:
    """A state or an outcome in words for people."""
    return value.replace("_", " ")


def title_of(status: str) -> str:
    """The status of the rollout in words for people."""
    return _STATUS_TITLES.get(status, word_of(status).capitalize())


def _amounts(wave: WaveProgress) -> list[int]:
    """Secrets of a wave, as :data:`_PARTS` names them."""
    verified = wave.verified
    unknown = sum(batch.remaining for batch in wave.batches if not batch.is_known)
    return [
        verified,
        wave.count("migrated") - verified,
        wave.count("not_migrated"),
        wave.count("left_out"),
        unknown,
        wave.count("remaining") - unknown,
    ]


_PARTS = (
    ("verified", "good"),
    ("migrated, not verified", "info"),
    ("not migrated", "bad"),
    ("left out", "left"),
    ("not known", "warn"),
    ("not started", "idle"),
)
_LEFT_OUT = 3  # of these


def _segments(amounts: t.Sequence[int]) -> list[Segment]:
    """Parts of a bar. A small part is made wide enough to be seen, and the others are that much narrower."""
    total, x = sum(amounts), 0.0
    segments: list[Segment] = []
    least = total * _LEAST_WIDTH / _SCALE
    shown = [max(count, least) if count else 0 for count in amounts]
    for (label, tone), count, share in zip(_PARTS, amounts, shown, strict=True):
        if count:
            width = round(share * _SCALE / sum(shown), 2)
            segments.append(Segment(label, tone, count, round(x, 2), width))
            x += width
    return segments


def _outcomes(rollout: RolloutProgress) -> list[tuple[str, int, str, float]]:
    shown = [(name, rollout.outcomes[name]) for name in OUTCOMES if rollout.outcomes[name]]
    most = max((count for _name, count in shown), default=1)
    return [
        (word_of(name), count, _OUTCOME_TONES.get(name, "info"), round(count * _SCALE / most, 2))
        for name, count in shown
    ]


def _status(rollout: RolloutProgress) -> tuple[str, str]:
    """The tone and the status of the rollout."""
    states = {batch.state for batch in rollout.batches}
    if rollout.problems or rollout.access_failures or states & {"failed", "verification_failed"}:
        return "bad", "needs_attention"
    if not rollout.as_of or states <= set(UNFINISHED):
        return "idle", "not_started"
    if states <= _FINISHED and rollout.open_credentials:
        return "warn", "complete_credentials_open"
    if states <= {"cut_over"} or (states <= _FINISHED and rollout.credentials):
        return "good", "complete"
    if states <= _FINISHED:
        return "good", "migrated_and_verified"
    if states == {"rolled_back"}:
        return "warn", "rolled_back"
    return "info", "in_progress"


def _points(rollout: RolloutProgress) -> list[str]:
    """The reasons of the status, most important first."""
    waves = rollout.waves
    finished = sum(1 for wave in waves if wave.state in _FINISHED)
    points = []
    if rollout.problems:
        points.append(f"{plural(len(rollout.problems), 'problem')} to solve")
    if rollout.access_failures:
        points.append(f"{plural(len(rollout.access_failures), 'access check')} not as expected")
    if waves:
        points.append(f"{finished} of {plural(len(waves), 'wave')} verified")
    if rollout.credentials:
        count = len(rollout.open_credentials)
        points.append(f"{plural(count, 'credential')} still open" if count else "all credentials revoked")
    return points
