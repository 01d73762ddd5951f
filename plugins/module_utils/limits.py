# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large and how long: the numbers that no option sets. Tests choose smaller ones."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """The limits of a run.

    :ivar shard_bytes: size of a shard of the ledger. An item of Akeyless holds 16 KB.
    :ivar unsaved_entries: how many entries of one shard may wait to be written.
    :ivar lease_seconds: after this time without a renewal, another run may take the lease.
    :ivar outage_seconds: after this time without one success, a server that fails counts as unavailable.
    :ivar attempts: how often a request is sent whose answers are failures of the server.
    :ivar login_attempts: the same for a login.
    """

    shard_bytes: int = 15_500
    unsaved_entries: int = 40
    lease_seconds: float = 60.0
    outage_seconds: float = 60.0
    attempts: int = 7
    login_attempts: int = 5


DEFAULT_LIMITS = Limits()
