# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``report_limit``: how many entries each list of a result holds."""

from __future__ import annotations

import typing as t

from ..errors import OptionError

__all__ = ["report_limit_of"]


def report_limit_of(params: t.Mapping[str, t.Any]) -> int:
    """The limit, 0 or more.

    :raises OptionError: it is below zero.
    """
    limit = int(params["report_limit"])
    if limit < 0:
        raise OptionError("report_limit", f"{limit} is below zero", "Give a number from 0 on")
    return limit
