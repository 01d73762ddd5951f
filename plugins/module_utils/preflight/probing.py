# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe at work: a disposable migration of the Gateway takes the canary, which must arrive; then all is removed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import typing as t
from dataclasses import dataclass

from ..akeyless.gateway import Gateway
from ..akeyless.items import ItemStore, same_value
from ..common.checks import Check, shortly
from ..errors import OptionError, PermissionDenied, SecretferryError
from ..gateway.observed import GatewayMigration, read_listing, secrets_of
from ..gateway.status import RunStatus, told
from ..gateway_logs.causes import UNKNOWN, cause_of
from ..plan.naming import Naming
from ..target.account import check_protection_key
from ..vault.operator import as_operator
from .canary import VaultHalf

__all__ = ["Plan", "Probe"]

_Mask = t.Callable[[t.Iterable[str]], None]
_PAUSE = 0.5  # seconds between two looks at the run
_LOG = "The Gateway's log says more: gateway_log_info"
_KEY = "Make the key in Akeyless, or correct protection_key, and let the Gateway's access id read it"
_WRITE = "Give the Gateway's own access id create, read, update and list on {path}/* in Akeyless"
_REACH = (
    "Let the Gateway reach that address (network, DNS, certificate authority); if it knows Vault by another one, give"
    " that as gateway_source_url"
)


@dataclass(frozen=True)
class Plan:
    """``url``: of Vault, as the Gateway reaches it. ``folder``: where the canary is to arrive. ``timeout``: seconds."""

    url: str
    namespace: str
    folder: str
    location: str
    mode: str
    key: str
    timeout: int


class _Stopped(Exception):
    """The rest of the probe makes no sense; the checks say why."""


class Probe:
    """One probe. Nothing of it stays but its checks."""

    def __init__(self, plan: Plan, half: VaultHalf, gateway: Gateway, store: ItemStore, mask: _Mask) -> None:
        self._plan = plan
        self._half = half
        self._gateway = gateway
        self._store = store
        self._mask = mask
        self._item = Naming(plan.folder, plan.namespace).item(half.mount.path, half.path)
        self._checks: list[Check] = []

    async def run(self) -> list[Check]:
        """Remove what a former probe left, try, and remove everything."""
        try:
            await asyncio.to_thread(self._half.left)
        except SecretferryError as error:
            error = as_operator(error)
            return [Check("probe_source", "failed", error.message, error.remedy)]
        try:
            former = await self._clean()
        except SecretferryError as error:
            return [Check("probe_cleanup", "failed", f"what a former probe left: {error.message}", error.remedy)]
        try:
            token = await self._prepare()
            await self._migrate(token)
        except _Stopped:
            pass
        finally:
            self._checks.append(await asyncio.shield(self._finish(former)))
        return self._checks

    def _say(
        self, one: str, verdict: t.Literal["ok", "warning", "failed", "unknown"], seen: str, remedy: str = ""
    ) -> None:
        self._checks.append(Check(one, verdict, seen, remedy))

    async def _prepare(self) -> str:
        try:
            token = await asyncio.to_thread(self._half.make)
        except SecretferryError as error:
            error = as_operator(error)
            self._say("probe_source", "failed", error.message, error.remedy)
            raise _Stopped from None
        self._mask([token])
        self._say("probe_source", "ok", f"a canary was put into {self._half.mount.path}{self._half.path}")
        return token

    async def _migrate(self, token: str) -> None:
        plan, name = self._plan, self._half.name
        body: dict[str, t.Any] = {
            "type": "hashi",
            "target-location": plan.folder,
            "hashi-url": plan.url,
            "hashi-token": token,
            "hashi-json": "true",
            "hashi-metadata-mode": plan.mode,
        }
        if plan.namespace:
            body["hashi-ns"] = [plan.namespace]
        if plan.key:
            body["protection-key"] = plan.key
        try:
            await self._gateway.create(name, body, token)
            await self._gateway.sync(name, start=True)
            status = await self._ended(name)
            with contextlib.suppress(SecretferryError):
                await self._gateway.sync(name, start=False)
        except SecretferryError as error:
            if plan.key and plan.key in str(error):
                self._say("gateway_write", "failed", f"the protection key {plan.key} is not usable", _KEY)
            else:
                self._say("gateway_write", "failed", error.message, error.remedy)
            raise _Stopped from None
        await self._judge(status)

    async def _ended(self, name: str) -> RunStatus | None:
        """The run, when it has ended; ``None`` where it does not in time."""
        deadline = time.monotonic() + self._plan.timeout
        before: RunStatus | None = None
        while time.monotonic() < deadline:
            status = RunStatus(await self._gateway.status(name))
            if status.phase == "ended" or (status.phase == "unknown" and status.seems_ended(before)):
                return status
            before = status
            await asyncio.sleep(_PAUSE)
        return None

    async def _judge(self, status: RunStatus | None) -> None:
        plan = self._plan
        try:
            arrived = await self._store.describe(self._item)
        except PermissionDenied as error:
            self._say(
                "probe_arrival", "unknown", error.message, "Give the caller read and list there, to see it arrive"
            )
            arrived = None
        if arrived is not None:
            self._say("gateway_reach", "ok", f"the Gateway read the canary from Vault at {plan.url}")
            key = f", protected by {plan.key}" if plan.key else ""
            self._say("gateway_write", "ok", f"the Gateway wrote an item below {plan.location}{key}")
            await self._compare(arrived.description)
            return
        if status is None:
            self._say("gateway_reach", "failed", f"the run did not end within {plan.timeout} seconds", _REACH)
            return
        said = str(status.answer.get("error") or "")
        reasons = _reasons(status, self._half.path)
        if not status.total and not reasons:
            why = told(said) or "the run ended without having seen any secret"
            remedy = _REACH if said else f"{_LOG}. If it cannot find mounts, set list_mounts: true"
            self._say("gateway_reach", "failed", f"the Gateway could not read the canary at {plan.url}: {why}", remedy)
            return
        await self._refused(reasons)

    async def _refused(self, reasons: str) -> None:
        """The Gateway saw the canary, and made no item: why?"""
        plan = self._plan
        missing = ""
        if plan.key:
            try:
                await check_protection_key(self._store, plan.key)
            except OptionError as error:
                missing = error.message.removeprefix("protection_key: ")
        cause = cause_of(reasons, self._item) if reasons else UNKNOWN
        shown = told(reasons, self._item) or "this Gateway gives no reason"
        if cause.source:
            evidence = f"the Gateway was refused the canary by Vault at {plan.url}: {shown}"
            self._say("gateway_reach", "failed", evidence, cause.remedy)
            return
        self._say("gateway_reach", "ok", f"the Gateway read from Vault at {plan.url}")
        if missing or (plan.key and cause.name == "protection_key"):
            evidence = f"no item was written, because of the protection key {plan.key}: {missing or shown}"
            self._say("gateway_write", "failed", evidence, _KEY)
        else:
            remedy = _WRITE.format(path=plan.location)
            if cause is not UNKNOWN and cause.name != "permission":
                remedy = cause.remedy
            self._say("gateway_write", "failed", f"no item was written below {plan.location}: {shown}", remedy)

    async def _compare(self, description: str) -> None:
        plan, half = self._plan, self._half
        try:
            value = (await self._store.values([self._item])).get(self._item)
        except SecretferryError as error:
            self._say("probe_arrival", "unknown", error.message, "Give the caller read there, to compare the value")
            return
        if not same_value(value, json.dumps({"canary": half.value})):
            self._say("probe_arrival", "failed", "the canary arrived with another value", _LOG)
        elif half.mount.version == 2 and not _fits(description, plan.mode, half.mark):
            evidence = f"the canary arrived with metadata that is not what metadata_mode {plan.mode} says"
            self._say(
                "probe_arrival", "failed", evidence, "Gateways that are too old know one metadata mode only: update it"
            )
        else:
            self._say("probe_arrival", "ok", f"the canary arrived as {self._item}, with its value and metadata")

    async def _finish(self, former: list[str]) -> Check:
        """Remove everything, and look whether it is gone."""
        try:
            await self._clean()
            left = await asyncio.to_thread(self._half.left)
            left += [f"migration {self._half.name}" for one in await self._migrations() if one]
            left += [f"item {name}" for name in await self._items()]
        except SecretferryError as error:
            return Check(
                "probe_cleanup", "failed", error.message, f"{error.remedy}. Then run again: it cleans up".lstrip(". ")
            )
        if left:
            return Check("probe_cleanup", "failed", f"still there: {shortly(left)}", "Run again: it cleans up")
        evidence = (
            f"everything is removed; a former probe had left {shortly(former)}" if former else "everything is removed"
        )
        return Check("probe_cleanup", "ok", evidence)

    async def _clean(self) -> list[str]:
        """Remove what is there: first who could still write, then what was written, then the source.

        :raises SecretferryError: something could not be removed. All the rest was, as far as possible.
        """
        removed: list[str] = []
        tokens: list[str] = []
        failures: list[SecretferryError] = []
        for part in (self._remove_migrations, self._remove_items):
            try:
                await part(removed, tokens)
            except SecretferryError as error:
                failures.append(error)
        try:
            removed += await asyncio.to_thread(self._half.remove, tokens)
        except SecretferryError as error:
            failures.append(as_operator(error))
        if failures:
            raise failures[0]
        return removed

    async def _remove_migrations(self, removed: list[str], tokens: list[str]) -> None:
        for one in await self._migrations():
            tokens += [str(value) for value in one.credentials().values() if isinstance(value, str)]
            with contextlib.suppress(SecretferryError):
                await self._gateway.sync(one.name, start=False)
            await self._gateway.delete(one.name, one.id)
            removed.append(f"migration {one.name}")

    async def _remove_items(self, removed: list[str], _tokens: list[str]) -> None:
        for name in await self._items():
            await self._store.delete(name)
            removed.append(f"item {name}")

    async def _migrations(self) -> list[GatewayMigration]:
        """Our own, by its name."""
        listed = read_listing(await self._gateway.migrations())
        self._mask(secrets_of(listed))
        return [one for one in listed if one.name == self._half.name]

    async def _items(self) -> list[str]:
        """All items in the disposable folder."""
        return [item.name async for item in self._store.folder(self._plan.folder)]


def _reasons(status: RunStatus, path: str) -> str:
    """The Gateway's words on the canary, as it gave them; other secrets of the mount may have failed, too."""
    entries = (status.answer.get("download_report") or {}).get("secrets") or ()
    texts = [str(one.get("error_message") or "") for one in entries if path in str(one.get("secret_name"))]
    return " ".join(filter(None, texts))


def _fits(description: str, mode: str, mark: str) -> bool:
    if mode == "none":
        return not description
    return mark in description
