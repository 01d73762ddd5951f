# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration_info``: list migrations, show the newest run of one, and wait for its end."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from ..akeyless.gateway import Gateway
from ..common.progress import progress
from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import OptionError, SecretferryError
from ..gateway_logs.masking import known_words
from ..options.durations import duration_of
from ..options.gateway import resolve_gateway
from ..options.numbers import report_limit_of
from ..stopping import stop
from .observed import GatewayMigration, find, read_listing, secrets_of
from .status import RunStatus, failure, failures_of, report_of

__all__ = ["read_migrations"]


async def read_migrations(params: Params, *, check: bool, mask: Mask) -> Result:
    """Read the migrations, or one of them and its newest run.

    :param check: has no effect: nothing is ever written.
    :raises SecretferryError: nothing could be read. A run that failed, or did not end in time, is in ``Result.error``.
    """
    started = time.monotonic()
    wait = _wait_options(params)
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        migrations = read_listing(await gateway.migrations())
        mask(secrets_of(migrations))
        result = Result()
        if params["name"] or params["id"]:
            await _one(gateway, params, wait, migrations, result)
        else:
            result.values["migrations"] = [_shown(one) for one in migrations]
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


@dataclass(frozen=True)
class _Wait:
    """How to wait: ``timeout`` and ``sleep`` in seconds, ``after_run`` as :attr:`RunStatus.token`."""

    timeout: float
    sleep: float
    after_run: str


def _wait_options(params: Params) -> _Wait:
    """:raises OptionError: an option is malformed."""
    if params["wait"] and not (params["name"] or params["id"]):
        raise OptionError("name", "waiting needs one migration", "Give its name or id")
    report_limit_of(params)
    return _Wait(
        duration_of("wait_timeout", params["wait_timeout"], zero=True),
        duration_of("wait_sleep", params["wait_sleep"]),
        params["after_run"] or "",
    )


async def _one(
    gateway: Gateway, params: Params, wait: _Wait, migrations: t.Sequence[GatewayMigration], result: Result
) -> None:
    migration = find(migrations, name=params["name"], identity=params["id"], source=None)
    result.values["migrations"] = [_shown(migration)] if migration else []
    result.values["exists"] = migration is not None
    if migration is None:
        if params["wait"]:
            named = params["name"] or params["id"]
            raise OptionError("name", f"the Gateway has no migration {named}", "Correct the name, or make it first")
        return
    status = RunStatus(await gateway.status(migration.name))
    if params["wait"]:
        status, result.error = await _wait(gateway, migration.name, wait, status)
    limit = report_limit_of(params)
    failures = failures_of(status)
    result.values |= {
        "status": status.shown(),
        "summary": status.summary(),
        "outcome": _outcome(status),
        "report": report_of(status, limit),
        "failures": failures[:limit],
        "failures_count": len(failures),
    }
    if status.sync_failed and status.outcome == "ok":
        result.warnings.append(
            f"The synchronisation of {migration.name} counts {status.sync_failed} failures in earlier runs; the newest"
            " run has none"
        )
    if params["wait"] and result.error is None:
        result.error = failure(migration.name, status, failures)


async def _wait(
    gateway: Gateway, name: str, wait: _Wait, status: RunStatus
) -> tuple[RunStatus, SecretferryError | None]:
    """Read the status until a run other than ``after_run`` has ended, or time is up."""
    deadline = time.monotonic() + wait.timeout
    before: RunStatus | None = None
    progress.stage("gateway run")
    done = failed = 0
    while True:
        fresh = status.phase != "never_run" and not (wait.after_run and status.token == wait.after_run)
        if fresh:
            progress.total = status.total or None
            # A run that begins anew counts from zero.
            progress.advance(max(0, status.done - done), max(0, status.failed - failed))
            done, failed = status.done, status.failed
            if status.phase == "ended" or (status.phase == "unknown" and status.seems_ended(before)):
                return status, None
        if time.monotonic() >= deadline:
            return status, _late(name, status, fresh, wait.timeout)
        before = status if fresh else None
        await stop.sleep(min(wait.sleep, max(0.05, deadline - time.monotonic())))
        status = RunStatus(await gateway.status(name))


def _late(name: str, status: RunStatus, fresh: bool, timeout: float) -> SecretferryError:
    if not fresh:
        return SecretferryError(
            f"no new run of {name} has begun within {timeout:g} seconds",
            "Start it with gateway_migration_sync, and see with gateway_log_info why none began",
        )
    return SecretferryError(
        f"the run of {name} has not ended within {timeout:g} seconds: {status.done} of"
        f" {status.total or 'an unknown number of'} items are done, state {status.word or 'unknown'}",
        "Give a longer wait_timeout, or see with gateway_log_info what the Gateway does",
    )


def _outcome(status: RunStatus) -> str:
    if status.phase == "ended":
        return status.outcome
    return status.phase


def _shown(migration: GatewayMigration) -> dict[str, t.Any]:
    general = migration.entry.get("general") or {}
    return {
        **migration.shown(),
        "status": str(general.get("status") or ""),
        "message": known_words(str(general.get("message") or "")),
        "last_migration": str(general.get("last_migration") or ""),
        "last_modified": str(general.get("last_modified") or ""),
    }
