# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: what the page shows, in words and shares. The template only places it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .rollup import OUTCOMES, Rollout, Row, Wave

__all__ = ["Figure", "Segment", "Table", "View", "look_at", "summary_of"]

_SCALE = 1000
_VISIBLE = 12  # of 1000
TONES = {
    "verified": "good",
    "cut over": "good",
    "migrated": "info",
    "under way": "info",
    "planned": "idle",
    "waiting": "idle",
    "rolled back": "warn",
    "failed": "bad",
    "differs": "bad",
}
_OUTCOME_TONES = {"skipped": "idle", "unchanged": "idle", "conflicts": "bad", "failed": "bad", "unreadable": "warn"}
_STATE_WORDS = {"differs": "verification failed", "waiting": "not started"}


@dataclass(frozen=True)
class Segment:
    """A part of a bar: from ``x``, ``width`` wide, of 1000."""

    label: str
    tone: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Figure:
    """One of the numbers at the top."""

    label: str
    value: str
    note: str
    tone: str


@dataclass(frozen=True)
class Table:
    """Rows for the page, and how many there are in all."""

    rows: t.Sequence[Row]
    total: int

    @property
    def cut(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True)
class View:
    """All that the template places."""

    title: str
    rollout: Rollout
    tone: str
    verdict: str
    points: list[str]
    figures: list[Figure]
    ring: list[Segment]
    percent: int
    bars: list[tuple[Wave, str, str, list[Segment]]]
    outcomes: list[tuple[str, int, str, float]]
    tables: dict[str, Table]
    remaining: list[str]


def look_at(rollout: Rollout, title: str, most: int) -> View:
    """The view of a rollout.

    :param title: empty for one made of the migrations' names.
    :param most: rows that a table of the page shows.
    """
    named = ", ".join(rollout.migrations)
    tone, verdict = _verdict(rollout)
    parts = {name: getattr(rollout, name) for name in ("problems", "unreadable", "access", "credentials", "checks")}
    parts |= {"touched": rollout.touched, "history": rollout.history}
    whole = [sum(values) for values in zip(*(_amounts(wave) for wave in rollout.waves), strict=True)] or [0, 0, 0, 0]
    return View(
        title=title or (f"Migration of {named} into Akeyless" if named else "Migration into Akeyless"),
        rollout=rollout,
        tone=tone,
        verdict=verdict,
        points=_points(rollout),
        figures=_figures(rollout),
        ring=_segments(whole),
        percent=(whole[0] + whole[1]) * 100 // sum(whole) if sum(whole) else 0,
        bars=[(w, word_of(w.state), TONES.get(w.state, "idle"), _segments(_amounts(w))) for w in rollout.waves],
        outcomes=_outcomes(rollout),
        tables={name: Table(rows[:most], len(rows)) for name, rows in parts.items()},
        remaining=_remaining(rollout),
    )


def summary_of(view: View) -> dict[str, t.Any]:
    """The same in numbers, for results and the JSON file."""
    rollout = view.rollout
    return {
        "as_of": rollout.as_of,
        "verdict": view.verdict,
        "secrets": sum(batch.total for batch in rollout.batches),
        "migrated": sum(batch.done for batch in rollout.batches),
        "verified": sum(wave.verified for wave in rollout.waves),
        "problems": len(rollout.problems),
        "unreadable": len(rollout.unreadable),
        "access_checks": len(rollout.access),
        "access_failures": len(rollout.access_failures),
        "credentials": len(rollout.credentials),
        "credentials_open": len(rollout.open_credentials),
        "left_out": rollout.left_out,
        "waves": {wave.name or str(wave.number): wave.state for wave in rollout.waves},
    }


def word_of(state: str) -> str:
    """A state in words for people."""
    return _STATE_WORDS.get(state, state)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 secret``, ``1,200 secrets``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _amounts(wave: Wave) -> list[int]:
    """Secrets of a wave: verified, migrated and not verified, undone, left."""
    verified = wave.verified
    return [verified, wave.count("done") - verified, wave.count("undone"), wave.count("left")]


_PARTS = (("verified", "good"), ("migrated, not verified", "info"), ("not migrated", "bad"), ("not started", "idle"))


def _segments(amounts: t.Sequence[int]) -> list[Segment]:
    """Parts of a bar; a small one is made wide enough to be seen, at the cost of the others."""
    total, x = sum(amounts), 0.0
    segments: list[Segment] = []
    least = total * _VISIBLE / _SCALE
    shown = [max(count, least) if count else 0 for count in amounts]
    for (label, tone), count, share in zip(_PARTS, amounts, shown, strict=True):
        if count:
            width = round(share * _SCALE / sum(shown), 2)
            segments.append(Segment(label, tone, count, round(x, 2), width))
            x += width
    return segments


def _outcomes(rollout: Rollout) -> list[tuple[str, int, str, float]]:
    shown = [(name, rollout.outcomes[name]) for name in OUTCOMES if rollout.outcomes[name]]
    most = max((count for _name, count in shown), default=1)
    return [
        (name.replace("_", " "), count, _OUTCOME_TONES.get(name, "info"), round(count * _SCALE / most, 2))
        for name, count in shown
    ]


def _verdict(rollout: Rollout) -> tuple[str, str]:
    states = {batch.state for batch in rollout.batches}
    if rollout.problems or rollout.access_failures or states & {"failed", "differs"}:
        return "bad", "Needs attention"
    if not rollout.as_of or states <= {"waiting", "planned"}:
        return "idle", "Not started"
    if states <= {"verified", "cut over"} and rollout.open_credentials:
        return "warn", "Complete but for open credentials"
    if states <= {"cut over"} or (states <= {"verified", "cut over"} and rollout.credentials):
        return "good", "Complete"
    if states <= {"verified", "cut over"}:
        return "good", "Migrated and verified"
    if states == {"rolled back"}:
        return "warn", "Rolled back"
    return "info", "Under way"


def _points(rollout: Rollout) -> list[str]:
    """The verdict's reasons, most important first."""
    waves = rollout.waves
    finished = sum(1 for wave in waves if wave.state in ("verified", "cut over"))
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


def _figures(rollout: Rollout) -> list[Figure]:
    done = sum(batch.done for batch in rollout.batches)
    total = sum(batch.total for batch in rollout.batches)
    verified = sum(wave.verified for wave in rollout.waves)
    access, failures = len(rollout.access), len(rollout.access_failures)
    held, still = len(rollout.credentials), len(rollout.open_credentials)
    versions = sum(batch.versions for batch in rollout.batches)
    return [
        Figure("Secrets migrated", f"{done:,}", f"of {total:,}; {plural(versions, 'version')} written", "info"),
        Figure(
            "Secrets verified",
            f"{verified:,}",
            f"of {done:,} migrated",
            "good" if done and verified == done else "idle",
        ),
        Figure(
            "Problems",
            f"{len(rollout.problems):,}",
            "conflicts, failures, differences",
            "bad" if rollout.problems else "good" if rollout.as_of else "idle",
        ),
        Figure(
            "Access checks passed",
            f"{access - failures:,}",
            f"of {access:,} made" if access else "none recorded",
            "bad" if failures else "good" if access else "idle",
        ),
        Figure(
            "Credentials open",
            f"{still:,}" if held else "\N{EN DASH}",
            f"of {held:,} recorded" if held else "none recorded",
            "warn" if still else "good" if held else "idle",
        ),
    ]


def _remaining(rollout: Rollout) -> list[str]:
    """What is still to do, in the order in which to do it."""
    left = []
    if rollout.problems:
        left.append(f"Solve {plural(len(rollout.problems), 'problem')}; each one's remedy stands beside it.")
    if rollout.access_failures:
        left.append(
            f"Mend the access rights behind {plural(len(rollout.access_failures), 'check')}, then verify again."
        )
    if rollout.unreadable:
        left.append(f"Decide about what was left out or left alone: {plural(len(rollout.unreadable), 'path')}.")
    for wave in rollout.waves:
        waiting = [batch for batch in wave.batches if batch.state in ("waiting", "planned")]
        again = [batch for batch in wave.batches if batch.state == "rolled back"]
        unverified = [batch for batch in wave.batches if batch.state == "migrated"]
        name = f"wave {wave.name}" if wave.name else "the batches without a wave"
        secrets = sum(batch.total for batch in waiting)
        if waiting:
            known = f" with {plural(secrets, 'secret')}" if secrets else ""
            left.append(f"Migrate {plural(len(waiting), 'batch', 'batches')}{known} of {name}.")
        if again:
            left.append(f"Migrate {plural(len(again), 'batch', 'batches')} of {name} that were rolled back again.")
        if unverified:
            left.append(f"Verify {plural(len(unverified), 'batch', 'batches')} of {name}.")
        if wave.state == "verified":
            left.append(f"Cut {name} over.")
    if rollout.open_credentials:
        left.append(f"Revoke {plural(len(rollout.open_credentials), 'credential')} of the migration.")
    return left
