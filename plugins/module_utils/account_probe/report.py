# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe reports: every assumption with what was seen of it. Pure."""

from __future__ import annotations

import typing as t

from ..errors import SecretferryError
from .assumed_items import ITEMS
from .assumed_service import SERVICE
from .assumption import Seen

__all__ = ["ASSUMPTIONS", "conclude", "report", "summary"]

ASSUMPTIONS = (*SERVICE, *ITEMS)
"""In the order of the result."""

_SHOWN = 5


def report(seen: t.Mapping[str, Seen], why_not: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """All assumptions with what was seen of each, for the result.

    :param why_not: by id, why an assumption could not be tried.
    """
    rows = []
    for one in ASSUMPTIONS:
        found = seen.get(one.id) or Seen(one.id, None, why_not.get(one.id, ""))
        rows.append(
            {
                "id": one.id,
                "assumed": one.assumed,
                "seen": found.text or None,
                "holds": found.holds,
                "needed": one.needed,
                "consequence": one.consequence,
            }
        )
    return rows


def summary(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """How many assumptions hold, do not hold, and could not be seen."""
    return {
        "hold": sum(row["holds"] is True for row in rows),
        "do_not_hold": sum(row["holds"] is False for row in rows),
        "not_seen": sum(row["holds"] is None for row in rows),
    }


def conclude(rows: t.Sequence[t.Mapping[str, t.Any]]) -> SecretferryError | None:
    """The failure of the whole: an assumption that a migration needs does not hold, or could not be seen."""
    bad = [row for row in rows if row["needed"] and row["holds"] is not True]
    if not bad:
        return None
    named = "; ".join(f"{row['id']}: {row['seen'] or 'not seen'}" for row in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more, see 'assumptions'" if len(bad) > _SHOWN else ""
    does_not_hold = next((row for row in bad if row["holds"] is False), None)
    remedy = str(does_not_hold["consequence"]) if does_not_hold else "Remove the cause, and try again"
    return SecretferryError(
        f"{len(bad)} assumptions that a migration needs do not hold or could not be seen: {named}{more}", remedy
    )
