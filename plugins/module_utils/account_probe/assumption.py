# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an assumption is, and what was seen of one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTHING", "Assumption", "Seen", "needed"]

NOTHING = "There is nothing to do."


@dataclass(frozen=True)
class Assumption:
    """One assumption.

    :ivar id: stays the same from release to release.
    :ivar assumed: what the collection takes for granted.
    :ivar consequence: what it does where that does not hold, and what the user has to do.
    :ivar needed: without it a migration is not safe, or cannot work.
    """

    id: str
    assumed: str
    consequence: str
    needed: bool = False


@dataclass(frozen=True)
class Seen:
    """What was seen of one assumption. ``holds`` is None where it could not be seen; ``text`` holds no value."""

    id: str
    holds: bool | None
    text: str


def needed(one: str, assumed: str, consequence: str) -> Assumption:
    """One without which a migration is not safe, or cannot work."""
    return Assumption(one, assumed, f"{consequence} Do not migrate into this account, and report it.", needed=True)
