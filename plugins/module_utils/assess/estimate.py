# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a migration would make, and how long that takes. Pure, but for the stopwatch."""

from __future__ import annotations

import math
import time
import typing as t
from dataclasses import dataclass

__all__ = ["Load", "Stopwatch", "estimate"]

T = t.TypeVar("T")

# Requests of kv_migration to Akeyless that do not depend on the size: login, account settings, the ledger's listing,
# definition, lease taken and given back.
_FIXED = 6
# The ledger is written after every 40 entries of a shard, once for the items and once for the listing afterwards, and a
# shard holds about 80 entries (ledger.py).
_LEDGER_PER_ITEM = 2 / 40
_PAGE = 1000

_COMPUTED = (
    "for each side requests x mean latency / secrets under way at once, both added. Vault: the requests of this run,"
    " with one more for each wanted version whose value was not read. Akeyless: a create or an append for each version,"
    " one more for each metadata text over 1024 characters, the ledger, and the target's listing twice. Latencies are"
    " means of this run with as many requests in flight; Akeyless' is that of reading, and writing may take longer."
    " Waits for rate limits are not in it."
)


class Stopwatch:
    """The mean time that requests took, retries and waits included."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    async def time(self, request: t.Awaitable[T]) -> T:
        """Wait for a request. One that fails took its time too."""
        started = time.perf_counter()
        try:
            return await request
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - started

    @property
    def mean(self) -> float | None:
        """Seconds, ``None`` where nothing was timed."""
        return self.seconds / self.count if self.count else None


@dataclass(frozen=True)
class Load:
    """What a migration from nothing would have to do.

    :ivar vault_requests: to Vault, all of them.
    :ivar item_versions: values to write; ``None`` where it is not known.
    :ivar at_target: items that the target's listing has already.
    """

    secrets: int
    vault_requests: int
    items: int | None
    item_versions: int | None
    companions: int
    folders: int
    at_target: int = 0

    @property
    def akeyless_requests(self) -> int | None:
        """To Akeyless."""
        if self.items is None or self.item_versions is None:
            return None
        pages = self.folders * 2 + (2 * self.at_target + self.items) // _PAGE
        ledger = math.ceil(self.secrets * _LEDGER_PER_ITEM) + 1
        return _FIXED + self.item_versions + self.companions + pages + ledger


def estimate(
    load: Load, concurrency: int, vault: float | None, akeyless: float | None, size: int | None
) -> dict[str, t.Any]:
    """The result's ``estimate``.

    :param vault: mean latency in seconds, and so ``akeyless``; ``None`` where it is not known.
    :param size: bytes to move.
    """
    workers = max(1, min(concurrency, load.secrets))
    requests = {"vault": load.vault_requests, "akeyless": load.akeyless_requests}
    latency = {"vault": vault, "akeyless": akeyless}
    seconds: dict[str, float | None] = {
        side: _seconds(requests[side], latency[side], workers) for side in ("vault", "akeyless")
    }
    known = [part for part in seconds.values() if part is not None]
    seconds["total"] = round(sum(known), 1) if len(known) == 2 else None
    return {
        "items": load.items,
        "item_versions": load.item_versions,
        "companions": load.companions,
        "bytes": size,
        "requests": requests,
        "latency_ms": {side: None if mean is None else round(mean * 1000, 2) for side, mean in latency.items()},
        "concurrency": workers,
        "seconds": seconds,
        "computed": _COMPUTED,
    }


def _seconds(requests: int | None, latency: float | None, workers: int) -> float | None:
    return None if requests is None or latency is None else round(requests * latency / workers, 1)
