# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of the ledger's JSON items. Pure."""

from __future__ import annotations

import json
import typing as t

from ..errors import LedgerError

__all__ = ["FORMAT", "parsed"]

FORMAT = 1


def parsed(name: str, text: str, member: str, is_sound: t.Callable[[t.Any], bool]) -> dict[str, t.Any]:
    """The content of one of the ledger's JSON items.

    :param name: the item's full name, for errors.
    :param member: the member that it must have.
    :param is_sound: whether the value of that member is one that the ledger writes.
    :raises LedgerError: it was made by a newer release, or is damaged.
    """
    try:
        data: dict[str, t.Any] = json.loads(text)
        known = data["format"] == FORMAT
        damaged = known and not is_sound(data[member])
    except (ValueError, KeyError, TypeError):
        damaged = True
    if damaged:
        raise LedgerError(
            f"{name} is damaged", "Roll that item back to its version before, or delete it: entries are rebuilt"
        )
    if not known:
        raise LedgerError(f"{name} has format {data['format']}", "Use the release that wrote it, or a newer one")
    return data
