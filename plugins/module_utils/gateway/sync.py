# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration_sync``: start or stop a migration's runs, and say what is known of it.

Akeyless does not document whether a start is one pass or goes on, nor which words say so. A status word that speaks of
a synchronisation is taken as knowledge; where there is none, the result says what is assumed.
"""

from __future__ import annotations

import time
import typing as t

from ..akeyless.gateway import Gateway
from ..common.result import Result
from ..common.sessions import open_target
from ..errors import OptionError, SecretferryError
from ..options.gateway import resolve_gateway
from .address import address_of, refuse_instance
from .observed import Stored, find, read_listing, secrets_of
from .status import RunStatus, shows_sync

__all__ = ["synchronise"]

Mask = t.Callable[[t.Iterable[str]], None]

_START_ASSUMED = (
    "the Gateway's status does not show a synchronisation: it is assumed that one pass was started, or that it goes on"
    " unseen; another start is sent next time"
)
_STOP_ASSUMED = (
    "the Gateway's status shows neither a synchronisation nor a run: it is assumed that there was nothing to stop; the"
    " command was sent all the same, which does no harm"
)


async def synchronise(params: t.Mapping[str, t.Any], *, check: bool, mask: Mask) -> Result:
    """Start or stop.

    :param params: the module's options.
    :raises SecretferryError: nothing was sent, or the Gateway refused.
    """
    started = time.monotonic()
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        address = await address_of(gateway, settings.api_url, params["instances"] or ())
        result = Result(warnings=refuse_instance(address, params["allow_instance"]))

        async def look() -> tuple[Stored, RunStatus]:
            migrations = read_listing(await gateway.migrations())
            mask(secrets_of(migrations))
            stored = find(migrations, name=params["name"], identity=params["id"], source=None)
            if stored is None:
                named = params["name"] or params["id"]
                raise OptionError(
                    "name" if params["name"] else "id",
                    f"the Gateway has no migration {named}",
                    "Make it with gateway_migration first, or correct the name",
                )
            return stored, RunStatus(await gateway.status(stored.name))

        stored, run = await look()
        start = params["state"] == "started"
        result.changed, send = _decide(start, _word(stored), run)
        result.values |= {
            "run_before": run.token if run.phase == "ended" else "",
            "before": {"sync": shows_sync(_word(stored)), "status": _word(stored), "phase": run.phase},
            "address": address,
        }
        if result.changed:
            # Words of Ansible's diff, not of the API.
            states = ("stopped", "started") if start else ("started", "stopped")
            result.diff = [{"before": f"{stored.name}: {states[0]}\n", "after": f"{stored.name}: {states[1]}\n"}]
        if send and not check:
            await gateway.sync(stored.name, start=start)
            stored, run = await look()
        result.values["sent"] = send and not check
        result.values["after"] = {"sync": shows_sync(_word(stored)), "status": _word(stored), "phase": run.phase}
        if not check:
            _judge(result, start, stored, run)
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


def _decide(start: bool, word: str, run: RunStatus) -> tuple[bool, bool]:
    """Whether it counts as a change, and whether the command is sent."""
    if start:
        return (False, False) if shows_sync(word) else (True, True)
    if shows_sync(word) or run.phase == "running":
        return True, True
    return False, True


def _judge(result: Result, start: bool, stored: Stored, run: RunStatus) -> None:
    """What is known now, and what is only assumed."""
    shown = shows_sync(_word(stored))
    result.values["known"] = shown if start else bool(result.changed and not shown)
    result.values["assumed"] = ""
    if start and not shown:
        result.values["assumed"] = _START_ASSUMED
    if not start and not result.changed:
        result.values["assumed"] = _STOP_ASSUMED
    if not start and (shown or run.phase == "running"):
        result.error = SecretferryError(
            f"the Gateway accepted the stop of {stored.name}, but its status still says {_word(stored) or run.word}",
            "Run again; if it stays, look at gateway_cluster_info, whether the instances agree",
        )


def _word(stored: Stored) -> str:
    return str((stored.entry.get("general") or {}).get("status") or "")
