# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a migration would make, and how long that takes. Pure, except for the clock of :class:`Latency`."""

from __future__ import annotations

import math
import time
import typing as t
from dataclasses import dataclass

__all__ = ["Latency", "Load", "estimate"]

T = t.TypeVar("T")

# Requests of kv_migration to Akeyless that do not depend on the size: two for the login, account settings, three
# listings of the ledger, the definition, and two for the lease.
_FIXED = 9
# The ledger is written after every 40 entries of a shard, once for the items and once for the listing afterwards, and a
# shard holds about 80 entries (ledger.py).
_LEDGER_PER_ITEM = 2 / 40
_PAGE = 1000
_READ_BACK = 50  # newest values in a request (migrate/confirm.py)

_FORMULA = (
    "requests x mean latency / secrets worked on at once, for each side, and the sum of both. Vault: the requests of"
    " this run, and one more for each wanted version whose value was not read. Akeyless: a create or an append for"
    " each version, one more for each metadata text over 1024 characters, the ledger, the target's listing twice, and"
    " the newest values read back; folder_listings comes on top where listings do not include subfolders."
    " Latencies are means of this run with as many requests in flight; that of Akeyless is for reads, and writes may"
    " take longer. Waits for rate limits are not included."
)


class Latency:
    """The mean time of requests, retries and waits included."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    async def measure(self, request: t.Awaitable[T]) -> T:
        """Await a request, and add its time, also if it fails."""
        started = time.perf_counter()
        try:
            return await request
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - started

    @property
    def mean(self) -> float | None:
        """Seconds; ``None`` if nothing was measured."""
        return self.seconds / self.count if self.count else None


@dataclass(frozen=True)
class Load:
    """The work of a first run.

    :ivar vault_requests: all requests to Vault.
    :ivar item_versions: values to write; ``None`` if that is not known.
    :ivar metadata_items: metadata texts that do not fit into a description.
    :ivar roots: folders at the target that are listed.
    :ivar folders: folders of the items, the roots among them.
    :ivar at_target: items that the target lists already.
    """

    secrets: int
    vault_requests: int
    items: int | None
    item_versions: int | None
    metadata_items: int
    roots: int
    folders: int
    at_target: int = 0

    @property
    def akeyless_requests(self) -> int | None:
        """All requests to Akeyless; ``None`` if they are not known."""
        if self.items is None or self.item_versions is None:
            return None
        # Behind the last page with items, the token of an empty one may be named.
        pages = self.roots * 3 + (2 * self.at_target + self.items) // _PAGE
        ledger = math.ceil(self.secrets * _LEDGER_PER_ITEM) + 1
        read_back = math.ceil(self.items / _READ_BACK) + math.ceil(self.metadata_items / _READ_BACK)
        return _FIXED + self.item_versions + self.metadata_items + pages + ledger + read_back

    @property
    def folder_listings(self) -> int | None:
        """The requests to Akeyless that come on top where each folder must be listed; ``None`` if not known."""
        return None if self.items is None else 2 * max(0, self.folders - self.roots)


def estimate(
    load: Load, concurrency: int, vault: float | None, akeyless: float | None, size: int | None
) -> dict[str, t.Any]:
    """The result's ``estimate``.

    :param vault: mean latency of Vault in seconds; ``None`` if it is not known. The same holds for ``akeyless``.
    :param size: bytes to move; ``None`` if that is not known.
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
        "planned_items": load.items,
        "item_versions": load.item_versions,
        "metadata_items": load.metadata_items,
        "bytes": size,
        "requests": requests,
        "folder_listings": load.folder_listings,
        "latency_ms": {side: None if mean is None else round(mean * 1000, 2) for side, mean in latency.items()},
        "concurrency": workers,
        "seconds": seconds,
        "formula": _FORMULA,
    }


def _seconds(requests: int | None, latency: float | None, workers: int) -> float | None:
    return None if requests is None or latency is None else round(requests * latency / workers, 1)
