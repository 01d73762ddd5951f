# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments: times such as ``2026-11-24T08:00:00Z``, or durations that say how long ago, such as ``90m``."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

from ..errors import OptionError
from .durations import parse_duration

__all__ = ["moment_of"]


def moment_of(option: str, text: str | None) -> float | None:
    """Seconds since 1970, ``None`` where no moment is given. A time without a zone is in UTC.

    :raises OptionError: the text is neither a time nor a duration.
    """
    if not text:
        return None
    ago = parse_duration(text.strip())
    if ago is not None:
        return time.time() - ago
    try:
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise OptionError(
            option, "is not a time", "Give it as 2026-11-24T08:00:00Z, or say how long ago: 90m, 2h, 1d"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
