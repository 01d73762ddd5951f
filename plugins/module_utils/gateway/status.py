# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a run of a Gateway migration, judged by counts and times, not by the status words alone.

The words of ``migration_state`` are not documented, and the Gateway says ``Completed`` even where items failed.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..errors import SecretferryError
from ..gateway_logs.causes import UNKNOWN, cause_of
from ..gateway_logs.masking import known_words, shown_name, shown_path

__all__ = ["RunStatus", "failure", "failures_of", "reason_of", "report_of", "shows_sync"]

_COUNTED = ("migration_items", "targets", "rotated_secrets", "certificates")
"""The members of a status that count, each ``{total, migrated, updated, skipped, failed}``."""

_RUNNING = {"inprogress", "running", "pending", "started", "starting", "migrating", "queued", "processing"}
_COMPLETED = {"completed", "complete", "done", "finished", "success", "succeeded"}
_FAILED = {"failed", "failure", "error"}
_ENDED_EARLY = {"stopped", "canceled", "cancelled", "aborted"}
_PARTS = ("migrated", "updated", "skipped", "failed")

_LOG = "See gateway_log_info: the Gateway's log says more"


@dataclass(frozen=True)
class RunStatus:
    """The newest run of a migration.

    :ivar answer: of ``gateway-migration-status``.
    """

    answer: t.Mapping[str, t.Any]

    @property
    def word(self) -> str:
        """The Gateway's own word for the state."""
        return str(self.answer.get("migration_state") or "")

    @property
    def phase(self) -> str:
        """``never_run``, ``running``, ``ended``, or ``unknown`` where we do not know the word."""
        word = re.sub("[^a-z]", "", self.word.lower())
        if word in _RUNNING:
            return "running"
        if word in _COMPLETED | _FAILED | _ENDED_EARLY:
            return "ended"
        if not self.answer.get("start_time") and not self.done and not self.total:
            return "never_run"
        return "unknown"

    @property
    def token(self) -> str:
        """Identifies the run: its start and how long it took."""
        start = str(self.answer.get("start_time") or "")
        return f"{start} {self.answer.get('duration_time') or ''}".strip() if start else ""

    @property
    def moving(self) -> tuple[t.Any, ...]:
        """Everything that changes while a run goes on."""
        return (self.token, self.word, *(tuple(sorted(self._counts(name).items())) for name in _COUNTED))

    @property
    def total(self) -> int:
        return sum(self._counts(name).get("total", 0) for name in _COUNTED)

    @property
    def done(self) -> int:
        return sum(self._counts(name).get(part, 0) for name in _COUNTED for part in _PARTS)

    @property
    def failed(self) -> int:
        """Everything that failed in the newest run."""
        failed = sum(self._counts(name).get("failed", 0) for name in _COUNTED)
        # The synchronisation may count all its runs, so its count is used only where there is no other.
        return failed if self.total else failed or self.sync_failed

    @property
    def sync_failed(self) -> int:
        """Failures that the synchronisation counts, in any of its runs."""
        return self._counts("sync").get("failed", 0)

    def summary(self) -> dict[str, int]:
        """Counts by outcome, over everything that is counted."""
        return {part: sum(self._counts(name).get(part, 0) for name in _COUNTED) for part in ("total", *_PARTS)}

    @property
    def outcome(self) -> str:
        """``ok``, ``failed`` or ``stopped`` of a run that has ended."""
        word = re.sub("[^a-z]", "", self.word.lower())
        if word in _ENDED_EARLY and not self.failed:
            return "stopped"
        return "failed" if self.failed or self.answer.get("error") or word in _FAILED else "ok"

    def seems_ended(self, before: RunStatus | None) -> bool:
        """Whether a run with an unknown state word has ended: nothing changes, and all that it counts is done."""
        return before is not None and before.moving == self.moving and self.done >= self.total

    def shown(self) -> dict[str, t.Any]:
        """For results."""
        return {
            "state": self.word,
            "phase": self.phase,
            "start_time": str(self.answer.get("start_time") or ""),
            "duration": str(self.answer.get("duration_time") or ""),
            "message": known_words(str(self.answer.get("last_status_message") or "")),
            "error": reason_of(self.answer.get("error")),
            "failed": self.failed,
            "counts": {name: self._counts(name) for name in (*_COUNTED, "sync") if any(self._counts(name).values())},
            "run": self.token,
        }

    def _counts(self, name: str) -> dict[str, int]:
        counts = self.answer.get(name)
        return {key: int(value or 0) for key, value in counts.items()} if isinstance(counts, dict) else {}


def failures_of(status: RunStatus) -> list[dict[str, str]]:
    """The items that failed, from the report; empty where the Gateway gives none."""
    failed = []
    for entry in (status.answer.get("download_report") or {}).get("secrets") or ():
        text, outcome = str(entry.get("error_message") or ""), str(entry.get("status") or "").lower()
        if text or "fail" in outcome or "error" in outcome:
            name = _name(entry)
            cause = cause_of(text, name)
            remedy = _LOG if cause is UNKNOWN else cause.remedy
            failed.append({"item": name, "cause": cause.name, "reason": reason_of(text, name), "remedy": remedy})
    return failed


def report_of(status: RunStatus, limit: int) -> dict[str, t.Any]:
    """The report on each item, where this Gateway gives one."""
    report = status.answer.get("download_report")
    if not isinstance(report, dict):
        return {"available": False, "outcomes": [], "outcomes_count": 0}
    entries = report.get("secrets") or ()
    outcomes = [
        {
            "item": _name(entry),
            "outcome": str(entry.get("status") or "").lower(),
            "version": str(entry.get("version") or ""),
            "reason": reason_of(entry.get("error_message"), _name(entry))
            or known_words(str(entry.get("details") or "")),
        }
        for entry in entries
    ]
    return {"available": True, "outcomes": outcomes[:limit], "outcomes_count": len(outcomes)}


def failure(name: str, status: RunStatus, failures: t.Sequence[t.Mapping[str, str]]) -> SecretferryError | None:
    """The error of a run that has ended, ``None`` where nothing failed."""
    if status.outcome == "ok":
        return None
    if status.outcome == "stopped":
        return SecretferryError(f"the run of {name} was stopped before its end", "Start it again")
    error = reason_of(status.answer.get("error"))
    count = f"{status.failed} of {max(status.total, status.failed)} failed" if status.failed else "the run failed"
    names = ", ".join(f"{one['item']} ({one['reason'] or 'no reason is given'})" for one in failures[:5])
    more = f" and {status.failed - 5} more" if status.failed > 5 and names else ""
    said = f", though the Gateway says {status.word}" if status.failed and status.word else ""
    return SecretferryError(
        f"{name}: {count}{said}{f': {names}{more}' if names else ''}{f': {error}' if error else ''}",
        f"{failures[0]['remedy']}. {_LOG}" if failures and failures[0]["remedy"] != _LOG else _LOG,
    )


def shows_sync(word: str) -> bool:
    """Whether a status word says that a migration synchronises."""
    plain = re.sub("[^a-z]", "", word.lower())
    return "sync" in plain and not any(no in plain for no in ("stop", "notsync", "unsync", "nosync", "off", "disabled"))


def reason_of(text: t.Any, item: str = "") -> str:
    """The reason in a Gateway's error text, in our words, or in words of the text that cannot be a value.

    :param item: the item that was to be written.
    """
    if not text:
        return ""
    cause = cause_of(str(text), item)
    return known_words(str(text)) if cause is UNKNOWN else cause.reason


def _name(entry: t.Mapping[str, t.Any]) -> str:
    name = entry.get("secret_name")
    return shown_path(name) or shown_name(name)
