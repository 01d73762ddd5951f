# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``account_probe``: tries in a folder of its own what is assumed of Akeyless, and removes all of it."""

from __future__ import annotations

import time
import typing as t

from ..akeyless.session import AkeylessSession
from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_target
from ..errors import FATAL, SecretferryError
from ..options import akeyless_spec, resolve_akeyless
from ..plan.definition import check_identity
from ..plan.naming import join
from . import contents, dates, listings, rights, versions
from .assumption import Seen
from .canaries import Canaries, removal
from .report import ASSUMPTIONS, conclude, report, summary

__all__ = ["account_probe", "account_probe_spec"]

_Params = t.Mapping[str, t.Any]
_Mask = t.Callable[[t.Iterable[str]], None]
_Try = t.Callable[[Canaries], t.AsyncIterator[Seen]]

_TRIES: tuple[tuple[_Try, tuple[str, ...]], ...] = (
    *rights.TRIES,
    *listings.TRIES,
    *contents.TRIES,
    *versions.TRIES,
    *dates.TRIES,
)


def account_probe_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "name": {"type": "str", "default": "account"},
        "target_location": {"type": "str", "required": True},
        "akeyless": akeyless_spec(),
    }


async def account_probe(params: _Params, *, check: bool, mask: _Mask) -> Result:
    """Try every assumption.

    :param check: whether to look only, whether the folder is free.
    :param mask: is told every credential and value, so that nothing that is printed can show one.
    :raises OptionError: an option is malformed. Nothing was asked yet.
    :raises SecretferryError: the login fails, or the folder holds items of others.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    folder = join(params["target_location"], f"secretferry-probe-{params['name']}")
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        mask([session.token])
        canaries = Canaries(store, folder, mask)
        await canaries.clear(only_look=check)
        probe = _Probe(canaries, session, mask)
        if not check:
            await probe.run()
    rows = report(probe.seen, probe.why_not)
    result = Result()
    result.changed = bool(probe.remaining)
    result.values = {
        "assumptions": rows,
        "summary": summary(rows),
        "folder": folder,
        "remaining": [{"item": name, "command": removal(name)} for name in probe.remaining],
        "durations": {"total": round(time.monotonic() - started, 3)},
    }
    if not check:
        result.warnings = [
            f"{row['id']} does not hold: {row['seen']}. {row['consequence']}" for row in rows if row["holds"] is False
        ]
        result.error = _error(probe, rows)
    return result


class _Probe:
    """The tries, one after the other.

    :ivar seen: what was seen, by id.
    :ivar why_not: why something could not be tried, by id.
    :ivar remaining: what could not be removed.
    :ivar stopped: what ended the tries before the last.
    """

    def __init__(self, canaries: Canaries, session: AkeylessSession, mask: _Mask) -> None:
        self.seen: dict[str, Seen] = {}
        self.why_not: dict[str, str] = {}
        self.remaining: list[str] = []
        self.stopped: SecretferryError | None = None
        self._canaries = canaries
        self._session = session
        self._mask = mask

    async def run(self) -> None:
        """Try everything, and remove everything. Without the first item nothing else is tried."""
        progress.stage("probe", len(ASSUMPTIONS))
        try:
            await self._canaries.make("first")
            for attempt, ids in _TRIES:
                await self._try(attempt, ids)
            self._note(await rights.revoked(self._session, self._mask))
        except SecretferryError as error:
            self.stopped = error
            rest = (one.id for one in ASSUMPTIONS if one.id not in self.seen)
            self.why_not |= dict.fromkeys(rest, "not seen: the probe was stopped before")
        finally:
            progress.stage("remove")
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
        progress.advance()


def _error(probe: _Probe, rows: t.Sequence[t.Mapping[str, t.Any]]) -> SecretferryError | None:
    """What makes the task fail: what remains comes first, as somebody has to remove it."""
    if probe.remaining:
        name = probe.remaining[0]
        return SecretferryError(
            f"{len(probe.remaining)} canary items could not be removed, such as {name}"
            + (f"; the probe was stopped: {probe.stopped.message}" if probe.stopped else ""),
            f"Remove each, or run again with the same name: {removal(name)}",
        )
    return probe.stopped or conclude(rows)
