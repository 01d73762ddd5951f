# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks, each with a verdict, for ``preflight`` and ``source_credential``. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import SecretferryError

__all__ = ["FAIL_ON", "VERDICTS", "Check", "conclude", "counted", "shortly"]

Verdict = t.Literal["ok", "warning", "failed", "unknown"]
VERDICTS: tuple[Verdict, ...] = ("failed", "warning", "unknown", "ok")
"""Worst first. ``unknown`` does not count as a failure."""

FAIL_ON = ("failed", "warning", "never")

_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """One check that was made.

    :param id: does not change with releases, because playbooks use it in conditions.
    :param evidence: what was seen: names and numbers, never a value.
    :param remedy: what to do about it; empty for the verdict ``ok``.
    """

    id: str
    verdict: Verdict
    evidence: str
    remedy: str = ""

    def shown(self) -> dict[str, str]:
        """The check as a dictionary, for the result."""
        return {"id": self.id, "verdict": self.verdict, "evidence": self.evidence, "remedy": self.remedy}


def counted(checks: t.Sequence[Check]) -> dict[str, int]:
    """The number of checks with each verdict."""
    return {verdict: sum(check.verdict == verdict for check in checks) for verdict in VERDICTS}


def conclude(checks: t.Sequence[Check], fail_on: str) -> SecretferryError | None:
    """The error of the module, which names the worst checks; ``None`` where it succeeds.

    :param fail_on: one of :data:`FAIL_ON`.
    """
    bad = [check for check in checks if check.verdict == "failed"]
    if fail_on == "warning":
        bad += [check for check in checks if check.verdict == "warning"]
    if not bad or fail_on == "never":
        return None
    named = "; ".join(f"{check.id}: {check.evidence}" for check in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more, see 'checks'" if len(bad) > _SHOWN else ""
    return SecretferryError(f"{len(bad)} of {len(checks)} checks failed: {named}{more}", bad[0].remedy)


def shortly(names: t.Sequence[str], most: int = 3) -> str:
    """The first ``most`` names, and the number of the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
