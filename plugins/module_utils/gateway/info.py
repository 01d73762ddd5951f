# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration_info``: what is there, how its runs go, and waiting until one has ended."""

from __future__ import annotations

import asyncio
import time
import typing as t

from ..akeyless.gateway import Gateway
from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_target
from ..errors import OptionError, SecretferryError
from ..gateway_logs.masking import known_words
from ..options.gateway import resolve_gateway
from .observed import Stored, find, read_listing, secrets_of
from .status import RunStatus, failure, failures_of, report_of

__all__ = ["look"]

Mask = t.Callable[[t.Iterable[str]], None]


async def look(params: t.Mapping[str, t.Any], *, check: bool, mask: Mask) -> Result:
    """Read the migrations, or one of them and its newest run.

    :param check: makes no difference: nothing is ever written.
    :raises SecretferryError: nothing could be read. A run that failed, or did not end in time, is in ``Result.error``.
    """
    started = time.monotonic()
    _first_look(params)
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        migrations = read_listing(await gateway.migrations())
        mask(secrets_of(migrations))
        result = Result()
        if params["name"] or params["id"]:
            await _one(gateway, params, migrations, result)
        else:
            result.values["migrations"] = [_shown(one) for one in migrations]
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


def _first_look(params: t.Mapping[str, t.Any]) -> None:
    for name in ("timeout", "report_limit"):
        if params[name] < 0:
            raise OptionError(name, f"{params[name]} is below zero", "Give a number from 0 on")
    if params["interval"] <= 0:
        raise OptionError("interval", f"{params['interval']} is not a time above zero", "Give seconds")
    if params["wait"] and not (params["name"] or params["id"]):
        raise OptionError("name", "waiting is for one migration", "Give its name or id")


async def _one(gateway: Gateway, params: t.Mapping[str, t.Any], migrations: t.Sequence[Stored], result: Result) -> None:
    stored = find(migrations, name=params["name"], identity=params["id"], source=None)
    result.values["migrations"] = [_shown(stored)] if stored else []
    result.values["exists"] = stored is not None
    if stored is None:
        if params["wait"]:
            named = params["name"] or params["id"]
            raise OptionError("name", f"the Gateway has no migration {named}", "Correct the name, or make it first")
        return
    status = RunStatus(await gateway.status(stored.name))
    if params["wait"]:
        status, error = await _wait(gateway, stored.name, params, status)
        result.error = error
    failures = failures_of(status, params["report_limit"])
    result.values["status"] = status.shown()
    result.values["summary"] = status.summary()
    result.values["outcome"] = _outcome(status)
    result.values["report"] = report_of(status, params["report_limit"])
    result.values["failures"] = failures
    if status.sync_failed and status.outcome == "ok":
        result.warnings.append(
            f"The synchronisation of {stored.name} counts {status.sync_failed} failures in earlier passes; the newest"
            " run has none"
        )
    if params["wait"] and result.error is None:
        result.error = failure(stored.name, status, failures)


async def _wait(
    gateway: Gateway, name: str, params: t.Mapping[str, t.Any], status: RunStatus
) -> tuple[RunStatus, SecretferryError | None]:
    """Ask again until a run newer than ``newer_than`` has ended, or time is up."""
    deadline = time.monotonic() + params["timeout"]
    old = params["newer_than"] or ""
    before: RunStatus | None = None
    progress.stage("gateway run")
    told = failed = 0
    while True:
        fresh = status.phase != "never" and not (old and status.token == old)
        if fresh:
            progress.total = status.total or None
            # A run that begins anew counts from zero.
            progress.advance(max(0, status.done - told), max(0, status.failed - failed))
            told, failed = status.done, status.failed
            if status.phase == "ended" or (status.phase == "unknown" and status.seems_ended(before)):
                return status, None
        if time.monotonic() >= deadline:
            return status, _late(name, status, fresh, params["timeout"])
        before = status if fresh else None
        await asyncio.sleep(min(params["interval"], max(0.05, deadline - time.monotonic())))
        status = RunStatus(await gateway.status(name))


def _late(name: str, status: RunStatus, fresh: bool, timeout: int) -> SecretferryError:
    if not fresh:
        return SecretferryError(
            f"no run of {name} has begun within {timeout} seconds",
            "Start it with gateway_migration_sync, and look with gateway_log_info whether the Gateway says why not",
        )
    return SecretferryError(
        f"the run of {name} has not ended within {timeout} seconds: {status.done} of {status.total or 'an unknown'}"
        f" number of items are done, state {status.word or 'unknown'}",
        "Give a longer timeout, or look with gateway_log_info what the Gateway is doing",
    )


def _outcome(status: RunStatus) -> str:
    if status.phase == "ended":
        return status.outcome
    return {"never": "never_run", "running": "running"}.get(status.phase, "unknown")


def _shown(stored: Stored) -> dict[str, t.Any]:
    general = stored.entry.get("general") or {}
    return {
        **stored.shown(),
        "status": str(general.get("status") or ""),
        "message": known_words(str(general.get("message") or "")),
        "last_migration": str(general.get("last_migration") or ""),
        "last_modified": str(general.get("last_modified") or ""),
    }
