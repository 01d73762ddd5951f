# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's clock, which tests can hold and move, and the dates that answers show."""

from __future__ import annotations

import time
from datetime import datetime, timezone

__all__ = ["Clock", "rfc3339"]

_SECOND = 1_000_000  # microseconds


class Clock:
    """Microseconds since 1970, never the same twice, so that the order of changes is always known."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Back to the true time."""
        self._last = 0
        self._offset = 0
        self._held = 0

    def now(self) -> int:
        """The time of a change."""
        self._last = max(self._last + 1, self.time())
        return self._last

    def time(self) -> int:
        """The time, for what is no change."""
        return self._held or time.time_ns() // 1000 + self._offset

    @property
    def true(self) -> bool:
        """Whether the clock shows the true time."""
        return not self._held and not self._offset

    def hold(self) -> None:
        """Stay in the present second: all changes from now on are of this second."""
        self._held = max(self._last, self.time()) // _SECOND * _SECOND

    def release(self) -> None:
        """Go on from where the clock was held."""
        if self._held:
            self._offset, self._held = self._held - time.time_ns() // 1000, 0

    def advance(self, seconds: float) -> None:
        """Move forward; a clock that is held stays so, at the later time."""
        if self._held:
            self._held += int(seconds * _SECOND)
        else:
            self._offset += int(seconds * _SECOND)


def rfc3339(microseconds: int, resolution: str = "microseconds") -> str:
    """A time since 1970 in UTC, to the microsecond, or with whole ``seconds`` (the rest is cut off)."""
    seconds, rest = divmod(microseconds, _SECOND)
    fraction = f".{rest:06d}" if resolution == "microseconds" else ""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}{fraction}Z"
