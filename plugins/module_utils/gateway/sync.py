# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration_sync``: start or stop the synchronisation of a migration, and confirm it.

Akeyless does not document whether a start is one run or goes on, nor which status words say so. A status word that
names a synchronisation confirms it; without one the result says what is assumed.
"""

from __future__ import annotations

import time

from ..akeyless.gateway import Gateway
from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import OptionError, SecretferryError
from ..options.gateway import resolve_gateway
from .address import address_of, reject_instance
from .observed import GatewayMigration, find, read_listing, secrets_of
from .status import RunStatus, shows_sync

__all__ = ["synchronise"]


_START_ASSUMED = (
    "the Gateway's status does not show a synchronisation: it is assumed that one run was started, or that runs go on"
    " without being shown; the next run of this task sends another start"
)
_STOP_ASSUMED = (
    "the Gateway's status shows neither a synchronisation nor a run: it is assumed that there was nothing to stop; the"
    " command was sent all the same, and has no effect then"
)


async def synchronise(params: Params, *, check: bool, mask: Mask) -> Result:
    """Start or stop a migration's synchronisation.

    :param params: the module's options.
    :raises SecretferryError: nothing was sent, or the Gateway rejected it.
    """
    started = time.monotonic()
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        address = await address_of(gateway, settings.api_url, params["instances"] or ())
        result = Result(warnings=reject_instance(address, params["allow_instance"]))

        async def read() -> tuple[GatewayMigration, RunStatus]:
            migrations = read_listing(await gateway.migrations())
            mask(secrets_of(migrations))
            migration = find(migrations, name=params["name"], identity=params["id"], source=None)
            if migration is None:
                named = params["name"] or params["id"]
                raise OptionError(
                    "name" if params["name"] else "id",
                    f"the Gateway has no migration {named}",
                    "Make it with gateway_migration first, or correct the name",
                )
            return migration, RunStatus(await gateway.status(migration.name))

        migration, run = await read()
        start = params["state"] == "started"
        result.changed, send = _decide(start, _word(migration), run)
        result.values |= {
            "previous_run": run.token if run.phase == "ended" else "",
            "before": {"syncing": shows_sync(_word(migration)), "status": _word(migration), "phase": run.phase},
            "address": address,
        }
        if result.changed:
            states = ("stopped", "started") if start else ("started", "stopped")
            result.diff = [{"before": f"{migration.name}: {states[0]}\n", "after": f"{migration.name}: {states[1]}\n"}]
        if send and not check:
            await gateway.sync(migration.name, start=start)
            migration, run = await read()
        result.values["command_sent"] = send and not check
        result.values["after"] = {
            "syncing": shows_sync(_word(migration)),
            "status": _word(migration),
            "phase": run.phase,
        }
        if not check:
            _judge(result, start, migration, run)
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


def _decide(start: bool, word: str, run: RunStatus) -> tuple[bool, bool]:
    """Whether the run is a change, and whether the command is sent."""
    if start:
        return (False, False) if shows_sync(word) else (True, True)
    if shows_sync(word) or run.phase == "running":
        return True, True
    return False, True


def _judge(result: Result, start: bool, migration: GatewayMigration, run: RunStatus) -> None:
    """Say what the status confirms, and what is only assumed."""
    shown = shows_sync(_word(migration))
    result.values["confirmed"] = shown if start else bool(result.changed and not shown)
    result.values["assumption"] = ""
    if start and not shown:
        result.values["assumption"] = _START_ASSUMED
    if not start and not result.changed:
        result.values["assumption"] = _STOP_ASSUMED
    if not start and (shown or run.phase == "running"):
        result.error = SecretferryError(
            f"the Gateway accepted the stop of {migration.name}; its status is still {_word(migration) or run.word}",
            "Run again; if that does not help, see with gateway_cluster_info whether the instances are consistent",
        )


def _word(migration: GatewayMigration) -> str:
    return str((migration.entry.get("general") or {}).get("status") or "")
