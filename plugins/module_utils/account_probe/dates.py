# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with dates and clocks."""

from __future__ import annotations

import asyncio
import time
import typing as t

from ..plan.dates import moment, over_at
from .assumption import Seen
from .canaries import Canaries

__all__ = ["TRIES"]

_Seen = t.AsyncIterator[Seen]
_INEXACT = 2.0  # seconds; Date headers are in whole ones
_SKEW = 60.0  # seconds
_MARGIN = 0.05  # seconds


async def dates(canaries: Canaries) -> _Seen:
    """The date of an item, and whether it changes with a value."""
    await canaries.make("dates")
    clock = canaries.client.transport.clock
    written = clock.now()
    before = str((await canaries.described("dates")).get("modification_date") or "")
    over = over_at(before)
    if over is None:
        yield Seen("date_form", False, "it is no date in UTC")
    else:
        digits = len(before.partition(".")[2].rstrip("Z"))
        yield Seen("date_form", True, f"{digits} digits of a second" if digits else "whole seconds")
        off = moment(before) - written
        right = abs(off) <= _INEXACT
        yield Seen("date_of_server", right, "within 2 seconds of it" if right else _away(off, "it"))
    # Now the unit of time in which the item was written is over, and another change must show.
    await asyncio.sleep((over - moment(before) if over else 1.0) + _MARGIN)
    _value, answer = await canaries.write("dates", 1, keep=False)
    after = str((await canaries.described("dates")).get("modification_date") or "")
    if answer.ok:
        yield Seen("date_changes", after != before, "it changes" if after != before else "it stays the same")


async def clock(canaries: Canaries) -> _Seen:
    """This machine's clock against the server's."""
    offset = canaries.client.transport.clock.now() - time.time()
    if not canaries.client.transport.clock.known:
        yield Seen("clock", False, "answers have no Date header")
    elif abs(offset) <= _INEXACT:
        yield Seen("clock", True, "within 2 seconds of it")
    else:
        yield Seen("clock", abs(offset) <= _SKEW, _away(-offset, "it"))


def _away(seconds: float, of: str) -> str:
    return f"{abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'} {of}"


TRIES = ((dates, ("date_form", "date_of_server", "date_changes")), (clock, ("clock",)))
"""What is tried, and which assumptions each settles."""
