# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event loop: uvloop where it is installed, which saves about a tenth of the CPU time."""

from __future__ import annotations

import asyncio

try:
    from uvloop import run
except ImportError:  # it is optional, and not available for every platform
    run = asyncio.run  # type: ignore[assignment]

__all__ = ["run"]
