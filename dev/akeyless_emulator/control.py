# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes below ``/_emulator/`` for tests. They are no part of the API, need no token, and are not counted."""

from __future__ import annotations

import asyncio
import json
import typing as t

from aiohttp import web

from .account import Account, Counters
from .clock import rfc3339
from .faults import Faults
from .gateway.control import GatewayControl
from .gateway.gateways import Gateways
from .hanging import Hanging
from .store import DYNAMIC, Item

__all__ = ["Control"]


class Control:
    """Answers ``GET`` (look) and ``POST`` (change) of every control route."""

    def __init__(self, account: Account, faults: Faults, hanging: Hanging, gateways: Gateways) -> None:
        self._account = account
        self._faults = faults
        self._hanging = hanging
        self._gateways = gateways
        self._of_gateways = GatewayControl(gateways)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        route = f"{request.method} {request.path.removeprefix('/_emulator/').strip('/')}"
        handler = self._handlers().get(route)
        if handler is None:
            return web.json_response({"error": f"unknown control route: {route}"}, status=404)
        try:
            query = json.loads(await request.read() or b"{}") if request.method == "POST" else dict(request.query)
            answer = handler(query)
            if asyncio.iscoroutine(answer):
                answer = await answer
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(answer)

    def _handlers(self) -> dict[str, t.Callable[[dict[str, t.Any]], t.Any]]:
        return {
            "GET routes": lambda _: sorted(self._handlers()),
            "GET counters": lambda _: {**self._account.counters.as_dict(), "hanging": self._hanging.count},
            "POST counters": self._reset_counters,
            "GET journal": lambda query: self._account.counters.journal[int(query.get("since", 0)) :],
            "GET dump": lambda query: self._dump("stable" in query),
            "GET settings": lambda _: self._account.settings.as_dict(),
            "POST settings": self._set_settings,
            "GET faults": lambda _: self._faults.as_dict(),
            "POST faults": self._set_faults,
            "POST clock": self._set_clock,
            "POST expire-tokens": lambda _: {"expired": self._account.identities.expire_all()},
            "GET hanging": self._wait_for_hanging,
            "POST release": self._release,
            "POST dynamic-secret": self._add_dynamic_secret,
            "POST lock": self._lock,
            "POST snapshot": self._snapshot,
            "POST reset": self._reset,
            **self._of_gateways.handlers(),
        }

    def _reset_counters(self, _query: dict[str, t.Any]) -> t.Any:
        before = self._account.counters.as_dict()
        # In place: requests under way hold a reference.
        vars(self._account.counters).update(vars(Counters()))
        return before

    def _set_settings(self, query: dict[str, t.Any]) -> t.Any:
        self._account.settings.update(query)
        return self._account.settings.as_dict()

    def _set_faults(self, query: dict[str, t.Any]) -> t.Any:
        self._faults.set(query)
        self._hanging.release()
        return self._faults.as_dict()

    def _set_clock(self, query: dict[str, t.Any]) -> t.Any:
        clock = self._account.clock
        if unknown := query.keys() - {"held", "advance"}:
            raise ValueError(f"unknown keys of the clock: {', '.join(sorted(unknown))}")
        clock.advance(float(query.get("advance", 0)))
        if "held" in query:
            (clock.hold if query["held"] else clock.release)()
        return {"now": rfc3339(clock.time())}

    async def _wait_for_hanging(self, query: dict[str, t.Any]) -> t.Any:
        """Answer as soon as a request hangs, at the latest after ``wait`` seconds."""
        end = asyncio.get_running_loop().time() + float(query.get("wait", 0))
        while not self._hanging.count and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)
        return {"hanging": self._hanging.count}

    def _release(self, _query: dict[str, t.Any]) -> t.Any:
        return {"released": self._hanging.release()}

    def _add_dynamic_secret(self, query: dict[str, t.Any]) -> t.Any:
        account = self._account
        now = account.clock.now()
        if account.store.get(query["name"]):
            raise ValueError(f"{query['name']} exists")
        account.store.add(Item(query["name"], account.store.new_id(), DYNAMIC, now, now))
        return {"name": query["name"]}

    def _lock(self, query: dict[str, t.Any]) -> t.Any:
        item = self._account.store.items[query["name"]]
        actions = list(query.get("actions", ()))
        if not {"read", "update"}.issuperset(actions):
            raise ValueError("actions must be read and update, one of them, or none")
        item.locks, item.locked_by = actions, str(query.get("by", "")) if actions else ""
        self._account.store.touch(item)
        return {"actions": item.locks, "locked_by": item.locked_by}

    def _snapshot(self, query: dict[str, t.Any]) -> t.Any:
        self._account.snapshot(query["name"])
        return {"items": len(self._account.store.items)}

    async def _reset(self, query: dict[str, t.Any]) -> t.Any:
        await self._gateways.reset()
        self._account.reset_items(query.get("snapshot", ""))
        self._account.reset_settings()
        self._account.clock.reset()
        self._account.reset_identities()
        self._reset_counters({})
        self._set_faults(self._account.config.get("faults", {}))
        return {"items": len(self._account.store.items)}

    def _dump(self, stable: bool) -> dict[str, t.Any]:
        items = self._account.store.items
        return {"items": {name: _dumped(items[name], stable) for name in sorted(items)}}


def _dumped(item: Item, stable: bool) -> dict[str, t.Any]:
    """Everything of an item. ``stable``: without ids and times, to compare the outcome of two runs."""
    versions: list[dict[str, t.Any]] = [
        {"version": v.number, "value": v.value, "protection_key": v.protection_key} for v in item.versions
    ]
    dumped: dict[str, t.Any] = {
        "type": item.kind,
        "sub_type": item.sub_type,
        "format": item.form,
        "description": item.description,
        "tags": item.tags,
        "delete_protection": item.delete_protection,
        "max_versions": item.max_versions,
        "last_version": item.last_version,
        "custom_fields": item.custom_fields,
        "versions": versions,
    }
    if not stable:
        dumped.update(id=item.id, created=rfc3339(item.created), modified=rfc3339(item.modified))
        for shown, version in zip(versions, item.versions, strict=True):
            shown.update(created=rfc3339(version.created), modified=rfc3339(version.modified))
    return dumped
