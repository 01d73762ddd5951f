# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of the ledger's folder that hold metadata which does not fit into the description of an item."""

from __future__ import annotations

from .ledger import Ledger

__all__ = ["companion_names"]


def companion_names(item: str, ledger: Ledger, location: str) -> list[str]:
    """The names, below the ledger's folder, of the items that hold metadata of ``item``.

    :param location: the migration's target location.
    """
    path = item.removeprefix(location)
    names, number = [], 1
    while ledger.has(name := f"metadata{'' if number == 1 else f'-{number}'}{path}"):
        names.append(name)
        number += 1
    return names
