# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tries of a probe, one after the other, and the removal of what they make."""

from __future__ import annotations

import typing as t

from ..akeyless.session import AkeylessSession
from ..common.result import Mask
from ..errors import FATAL, SecretferryError
from ..stopping import stop
from . import contents, listings, service, versions
from .assumption import Seen
from .canaries import Canaries
from .report import ASSUMPTIONS

__all__ = ["Probe"]

_Try = t.Callable[[Canaries], t.AsyncIterator[Seen]]

_TRIES: tuple[tuple[_Try, tuple[str, ...]], ...] = (
    *service.TRIES,
    *listings.TRIES,
    *contents.TRIES,
    *versions.TRIES,
)


class Probe:
    """The tries, one after the other.

    :ivar seen: what was seen, by id.
    :ivar why_not: why something could not be tried, by id.
    :ivar remaining: what could not be removed.
    :ivar stopped: what ended the tries before the last.
    """

    def __init__(self, canaries: Canaries, session: AkeylessSession, mask: Mask) -> None:
        self.seen: dict[str, Seen] = {}
        self.why_not: dict[str, str] = {}
        self.remaining: list[str] = []
        self.stopped: SecretferryError | None = None
        self._canaries = canaries
        self._session = session
        self._mask = mask

    async def run(self) -> None:
        """Try everything, and remove everything. Without the first item nothing else is tried."""
        try:
            await self._canaries.make("first")
            for attempt, ids in _TRIES:
                await self._try(attempt, ids)
            self._note(await service.revoked(self._session, self._mask))
        except SecretferryError as error:
            self.stopped = error
            rest = (one.id for one in ASSUMPTIONS if one.id not in self.seen)
            self.why_not |= dict.fromkeys(rest, "not seen: the probe was stopped before")
        finally:
            with stop.last_steps():
                self.remaining = await self._canaries.remove()
        if not self.stopped and not self.remaining:
            self._note(await listings.folder_vanishes(self._canaries))

    async def _try(self, attempt: _Try, ids: tuple[str, ...]) -> None:
        """Make one try. Where an answer does not let it go on, the others are made all the same."""
        reason = "what it needs did not work before"
        try:
            async for seen in attempt(self._canaries):
                self._note(seen)
        except FATAL:
            raise
        except SecretferryError as error:
            reason = error.message
        await self._canaries.tidy()
        self.why_not |= {one: f"not seen: {reason}" for one in ids if one not in self.seen}

    def _note(self, seen: Seen) -> None:
        self.seen[seen.id] = seen
