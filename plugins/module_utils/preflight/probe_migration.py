# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe's migration: the Gateway copies the canary with a disposable migration, then everything is removed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import typing as t
from dataclasses import dataclass

from ..akeyless.gateway import Gateway
from ..akeyless.items import ItemStore, same_value
from ..common.checks import Check
from ..common.result import Mask
from ..errors import OptionError, PermissionDenied, SecretferryError
from ..gateway.status import RunStatus, reason_of
from ..gateway_logs.causes import UNKNOWN, cause_of
from ..plan.naming import Naming, join
from ..stopping import stop
from ..target.account import check_protection_key
from ..vault.operator import as_operator
from .canary import Canary
from .probe_cleanup import ProbeCleanup

__all__ = ["ProbeMigration", "ProbeSettings"]

_PAUSE = 0.5  # seconds between two looks at the run
_LOG = "See the Gateway's log with gateway_log_info"
_KEY = "Make the key in Akeyless, or correct protection_key, and let the Gateway's access id read it"
_WRITE = "Give the Gateway's own access id create, read, update and list on {path} in Akeyless"
_REACH = (
    "Let the Gateway reach that address (network, DNS, certificate authority); if Vault has another address there, give"
    " it as gateway_source_url"
)


@dataclass(frozen=True)
class ProbeSettings:
    """The settings of the disposable migration.

    :ivar url: the address of Vault for the Gateway.
    :ivar folder: the disposable folder, below ``location``.
    :ivar mode: ``metadata_mode``.
    :ivar key: ``protection_key``, empty for the account's default.
    :ivar timeout: seconds to wait for the end of the run.
    """

    url: str
    namespace: str
    folder: str
    location: str
    mode: str
    key: str
    timeout: float


class _Stopped(Exception):
    """The rest of the probe is left out; the checks say why."""


class ProbeMigration:
    """One probe. Its checks are the result; everything else is removed."""

    def __init__(self, settings: ProbeSettings, canary: Canary, gateway: Gateway, store: ItemStore, mask: Mask) -> None:
        self._settings = settings
        self._canary = canary
        self._gateway = gateway
        self._store = store
        self._mask = mask
        self._cleanup = ProbeCleanup(settings.folder, canary, gateway, store, mask)
        self._item = Naming(settings.folder, settings.namespace).item(canary.mount.path, canary.path)
        self._checks: list[Check] = []

    async def run(self) -> list[Check]:
        """Remove what a former probe left, run the migration, and remove everything."""
        try:
            await asyncio.to_thread(self._canary.remaining)
        except SecretferryError as error:
            error = as_operator(error)
            return [Check("probe_source", "failed", error.message, error.remedy)]
        try:
            former = await self._cleanup.remove()
        except SecretferryError as error:
            return [
                Check(
                    "probe_cleanup",
                    "failed",
                    f"what a former probe left cannot be removed: {error.message}",
                    error.remedy,
                )
            ]
        try:
            token = await self._prepare()
            await self._migrate(token)
        except _Stopped:
            pass
        finally:
            with stop.last_steps():
                self._checks.append(await asyncio.shield(self._cleanup.finish(former)))
        return self._checks

    def _add(
        self, id_: str, verdict: t.Literal["ok", "warning", "failed", "unknown"], evidence: str, remedy: str = ""
    ) -> None:
        self._checks.append(Check(id_, verdict, evidence, remedy))

    async def _prepare(self) -> str:
        try:
            token = await asyncio.to_thread(self._canary.make)
        except SecretferryError as error:
            error = as_operator(error)
            self._add("probe_source", "failed", error.message, error.remedy)
            raise _Stopped from None
        self._mask([token])
        self._add("probe_source", "ok", f"a canary was written to {self._canary.mount.path}{self._canary.path}")
        return token

    async def _migrate(self, token: str) -> None:
        settings, name = self._settings, self._canary.name
        body: dict[str, t.Any] = {
            "type": "hashi",
            "target-location": settings.folder,
            "hashi-url": settings.url,
            "hashi-token": token,
            "hashi-json": "true",
            "hashi-metadata-mode": settings.mode,
        }
        if settings.namespace:
            body["hashi-ns"] = [settings.namespace]
        if settings.key:
            body["protection-key"] = settings.key
        try:
            await self._gateway.create(name, body, token)
            await self._gateway.sync(name, start=True)
            status = await self._ended(name)
            with contextlib.suppress(SecretferryError):
                await self._gateway.sync(name, start=False)
        except SecretferryError as error:
            if settings.key and settings.key in str(error):
                self._add("gateway_write", "failed", f"the protection key {settings.key} is not usable", _KEY)
            else:
                self._add("gateway_write", "failed", error.message, error.remedy)
            raise _Stopped from None
        await self._judge(status)

    async def _ended(self, name: str) -> RunStatus | None:
        """The run, when it has ended; ``None`` where it does not end in time."""
        deadline = time.monotonic() + self._settings.timeout
        before: RunStatus | None = None
        while time.monotonic() < deadline:
            status = RunStatus(await self._gateway.status(name))
            if status.phase == "ended" or (status.phase == "unknown" and status.seems_ended(before)):
                return status
            before = status
            await stop.sleep(_PAUSE)
        return None

    async def _judge(self, status: RunStatus | None) -> None:
        settings = self._settings
        try:
            arrived = await self._store.describe(self._item)
        except PermissionDenied as error:
            self._add(
                "probe_arrival",
                "unknown",
                error.message,
                "Give the caller read and list there, to find the canary's item",
            )
            arrived = None
        if arrived is not None:
            self._add("gateway_source_reachable", "ok", f"the Gateway read the canary from Vault at {settings.url}")
            key = f", protected by {settings.key}" if settings.key else ""
            self._add("gateway_write", "ok", f"the Gateway wrote an item below {settings.location}{key}")
            await self._compare(arrived.description)
            return
        if status is None:
            self._add(
                "gateway_source_reachable", "failed", f"the run did not end within {settings.timeout:g} seconds", _REACH
            )
            return
        run_error = str(status.answer.get("error") or "")
        reasons = _reasons(status, self._canary.path)
        if not status.total and not reasons:
            why = reason_of(run_error) or "the run ended and found no secret"
            remedy = _REACH if run_error else f"{_LOG}. If it cannot find mounts, set list_mounts: true"
            self._add(
                "gateway_source_reachable",
                "failed",
                f"the Gateway could not read the canary at {settings.url}: {why}",
                remedy,
            )
            return
        await self._explain(reasons)

    async def _explain(self, reasons: str) -> None:
        """Say why the Gateway, which found the canary, wrote no item."""
        settings = self._settings
        missing = ""
        if settings.key:
            try:
                await check_protection_key(self._store, settings.key)
            except OptionError as error:
                missing = error.message.removeprefix("protection_key: ")
        cause = cause_of(reasons, self._item) if reasons else UNKNOWN
        shown = reason_of(reasons, self._item) or "this Gateway gives no reason"
        if cause.source:
            evidence = f"Vault at {settings.url} denied the Gateway the canary: {shown}"
            self._add("gateway_source_reachable", "failed", evidence, cause.remedy)
            return
        self._add("gateway_source_reachable", "ok", f"the Gateway read from Vault at {settings.url}")
        if missing or (settings.key and cause.name == "protection_key"):
            evidence = f"no item was written, because of the protection key {settings.key}: {missing or shown}"
            self._add("gateway_write", "failed", evidence, _KEY)
        else:
            remedy = _WRITE.format(path=join(settings.location, "*"))
            if cause is not UNKNOWN and cause.name != "permission":
                remedy = cause.remedy
            self._add("gateway_write", "failed", f"no item was written below {settings.location}: {shown}", remedy)

    async def _compare(self, description: str) -> None:
        settings, canary = self._settings, self._canary
        try:
            value = (await self._store.values([self._item])).get(self._item)
        except SecretferryError as error:
            self._add("probe_arrival", "unknown", error.message, "Give the caller read there, to compare the value")
            return
        if not same_value(value, json.dumps({"canary": canary.value})):
            self._add("probe_arrival", "failed", "the canary arrived with another value", _LOG)
        elif canary.mount.version == 2 and not _fits(description, settings.mode, canary.mark):
            evidence = f"the canary arrived with other metadata than metadata_mode {settings.mode} gives"
            self._add(
                "probe_arrival",
                "failed",
                evidence,
                "The Gateway may be so old that it knows one metadata mode only: update it",
            )
        else:
            self._add("probe_arrival", "ok", f"the canary arrived as {self._item}, with its value and metadata")


def _reasons(status: RunStatus, path: str) -> str:
    """The Gateway's error texts about the canary; other secrets of the mount may have failed too."""
    entries = (status.answer.get("download_report") or {}).get("secrets") or ()
    texts = [str(one.get("error_message") or "") for one in entries if path in str(one.get("secret_name"))]
    return " ".join(filter(None, texts))


def _fits(description: str, mode: str, mark: str) -> bool:
    if mode == "none":
        return not description
    return mark in description
