# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP: finds the command, applies faults, checks the body, executes, counts."""

from __future__ import annotations

import asyncio
import json
import math
import re
import typing as t
from email.utils import formatdate

from aiohttp import web

from .account import Account
from .commands import COMMANDS, Command
from .control import Control
from .errors import ApiError, bad_request
from .faults import Faults, Rule
from .gateway.commands import GATEWAY_COMMANDS, NEEDED, ONE_PASSWORD_KEYS, At
from .gateway.gateways import Gateways
from .hanging import Hanging
from .kv_proxy import PREFIX, asked_for, kv_refusal, read_through_proxy
from .schema import Schema
from .wording import worded

__all__ = ["Emulator"]

_JSON = {"Content-Type": "application/json"}
_READ = Command()


class Emulator:
    """The handler of an ``aiohttp.web.Server``."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.faults = Faults(account.config.get("faults"))
        self.gateways = Gateways(account, self.handle)
        self._hanging = Hanging()
        self._schema = Schema()
        self._control = Control(account, self.faults, self._hanging, self.gateways)

    async def handle(self, request: web.BaseRequest, at: At | None = None) -> web.Response:
        """Answer; ``at``: the request came to a Gateway, not to the public API."""
        path = request.path
        if path.startswith("/_emulator/"):
            return await self._control.handle(request)
        if path.startswith(PREFIX):
            return await self._through_kv_proxy(request)
        route = path.removeprefix("/api/v2").strip("/")
        counters = self.account.counters
        counters.requests += 1
        counters.routes[route] = counters.routes.get(route, 0) + 1
        write = _is_write(route, at)
        counters.writes += write
        content = await request.read()
        if self.faults.active:
            response, outcome = await self._faulty(request, route, write, content, at)
        else:
            response, outcome = self._execute(request.method, route, content, at)
        counters.statuses[outcome] = counters.statuses.get(outcome, 0) + 1
        if self.account.settings.journal:
            counters.journal.append([route, _named(content), outcome])
        if not self.account.clock.true:
            response.headers["Date"] = formatdate(self.account.clock.time() / 1_000_000, usegmt=True)
        return response

    async def _through_kv_proxy(self, request: web.BaseRequest) -> web.Response:
        counters = self.account.counters
        counters.requests += 1
        counters.routes["kv-proxy"] = counters.routes.get("kv-proxy", 0) + 1
        struck = self.faults.strike("kv-proxy", write=False, named=True)
        answer = await self._struck(request, struck, "before")
        if answer is None:
            response = read_through_proxy(self.account, request)
            answer = await self._struck(request, struck, "after") or (response, str(response.status))
        response, outcome = answer
        counters.statuses[outcome] = counters.statuses.get(outcome, 0) + 1
        if self.account.settings.journal:
            counters.journal.append(["kv-proxy", asked_for(request)[2], outcome])
        return response

    async def _faulty(
        self, request: web.BaseRequest, route: str, write: bool, content: bytes, at: At | None
    ) -> tuple[web.Response, str]:
        faults = self.faults
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        wait = faults.rate_limit.refuse() if faults.rate_limit else 0
        if wait:
            return _refusal(429, "too many requests", wait), "429"
        struck = faults.strike(route, write)
        if instead := await self._struck(request, struck, "before"):
            return instead
        answer = self._execute(request.method, route, content, at)
        return await self._struck(request, struck, "after") or answer

    async def _struck(self, request: web.BaseRequest, struck: list[Rule], when: str) -> tuple[web.Response, str] | None:
        """Do what the rules say at this time. What it gives back is answered in place of the true answer."""
        for rule in struck:
            if rule.when == when and (instead := await self._strike(request, rule)):
                return instead
        return None

    async def _strike(self, request: web.BaseRequest, rule: Rule) -> tuple[web.Response, str] | None:
        """Do what the rule says. What it gives back is answered in place of the true answer."""
        if rule.action == "error" and request.path.startswith(PREFIX):
            return kv_refusal(rule.status, rule.text), f"{rule.status} {rule.when}"
        if rule.action == "error":
            return _refusal(rule.status, rule.text, rule.retry_after), f"{rule.status} {rule.when}"
        if rule.action == "expire_tokens":
            self.account.identities.expire_all()
            return None
        if rule.action == "delay":
            await asyncio.sleep(rule.delay_ms / 1000)
            return None
        if rule.action == "hang" and await self._hanging.hold(request):
            return None
        if request.transport is not None:
            request.transport.abort()
        self.account.counters.dropped += 1
        return web.Response(), f"dropped {rule.when}"

    def _execute(self, method: str, route: str, content: bytes, at: At | None) -> tuple[web.Response, str]:
        try:
            answer = self._answer(method, route, content, at)
        except ApiError as error:
            return _refusal(error.status, worded(error, self.account.settings.error_texts, route)), str(error.status)
        return web.Response(body=json.dumps(answer).encode(), headers=_JSON), "200"

    def _answer(self, method: str, route: str, content: bytes, at: At | None) -> dict[str, t.Any]:
        account = self.account
        if at and route in GATEWAY_COMMANDS:
            return self._answer_at(at, method, route, content)
        command = COMMANDS.get(route)
        if command is None:
            if route.startswith("gateway-"):
                raise bad_request(f"command is not available on public gateway '{route}'")
            raise ApiError(404, f"unknown command '{route}'")
        if method != "POST":
            raise ApiError(405, f"method {method} is not allowed")
        body = _decoded(content)
        self._schema.check(route, body)
        if command.open:
            return command.open(account, body)
        assert command.handler is not None
        caller = account.identities.caller(body)
        with caller.named_in_refusals():
            answer = command.handler(account, caller, body)
        account.counters.writes_applied += command.write
        return answer

    def _answer_at(self, at: At, method: str, route: str, content: bytes) -> dict[str, t.Any]:
        """A command that only Gateways have, and only for callers who may use its migrations."""
        cluster = at.instance.cluster
        if method != "POST":
            raise ApiError(405, f"method {method} is not allowed")
        body = _decoded(content)
        needed = None if cluster.settings.require_sdk_keys else NEEDED.get(route)
        self._schema.check(route, body, needed, ONE_PASSWORD_KEYS if cluster.settings.takes_1password else None)
        caller = self.account.identities.caller(body)
        command = GATEWAY_COMMANDS[route]
        with caller.named_in_refusals():
            cluster.must_be_allowed(caller)
            answer = command.handler(at, caller, body)
        self.account.counters.writes_applied += command.write
        return answer


def _is_write(route: str, at: At | None) -> bool:
    command = GATEWAY_COMMANDS.get(route) if at else None
    return (command or COMMANDS.get(route, _READ)).write


def _decoded(content: bytes) -> t.Any:
    try:
        body = json.loads(content)
        if b"\\ud" in content.lower():
            # Half of a surrogate pair is no character. A server in Go makes U+FFFD of it.
            body = json.loads(re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(body, ensure_ascii=False)))
    except (ValueError, RecursionError):
        raise bad_request("invalid request body: it is not valid JSON") from None
    return body


def _refusal(status: int, text: str, retry_after: float = 0) -> web.Response:
    headers = {**_JSON, "Retry-After": str(math.ceil(retry_after))} if retry_after else _JSON
    return web.Response(status=status, body=json.dumps({"error": text}).encode() + b"\n", headers=headers)


def _named(content: bytes) -> str:
    """The names in a body, never a value."""
    try:
        body = json.loads(content)
        return str(body.get("name") or ",".join(body.get("names") or body.get("item") or ()) or body.get("path", ""))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ""
