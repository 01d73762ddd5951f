# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HashiCorp Vault Proxy, as far as applications read static secrets through it: GETs below ``/v1/``.

Paths and tokens as docs.akeyless.io has them ("HashiCorp Vault Proxy", "HashiCorp Vault Proxy Authentication
Methods"): KV version 2 at ``/v1/<engine>/data/<item>``, version 1 at ``/v1/<engine>/<item>``, any engine name; the
token is an Akeyless token, or ``<access id>..<access key>``. An item whose value is no JSON object gives an object with
one member, named as the item without its leading slash. The rest of the answers' shape is assumed.
"""

from __future__ import annotations

import json
import typing as t
from urllib.parse import unquote

from aiohttp import web

from .account import Account
from .errors import ApiError
from .items_read import get_secret_value
from .wording import worded

__all__ = ["PREFIX", "asked_for", "kv_refusal", "read_through_proxy"]

PREFIX = "/v1/"


def asked_for(request: web.BaseRequest) -> tuple[str, bool, str]:
    """The engine, whether it is of KV version 2, and the item's name."""
    engine, _slash, rest = request.raw_path.partition("?")[0].removeprefix(PREFIX).partition("/")
    return engine, rest.startswith("data/"), "/" + unquote(rest.removeprefix("data/"))


def read_through_proxy(account: Account, request: web.BaseRequest) -> web.Response:
    engine, versioned, name = asked_for(request)
    if request.method != "GET" or not engine or name == "/":
        return kv_refusal(405, "unsupported operation")
    try:
        text = _value(account, request.headers.get("X-Vault-Token", ""), name)
    except ApiError as error:
        # Vault says 403 where Akeyless says 401.
        status = 403 if error.status == 401 else error.status
        return kv_refusal(status, worded(error, account.settings.error_texts, "get-secret-value"))
    data = _data(text, name)
    answer = {"data": data, "metadata": {"version": 1, "deletion_time": "", "destroyed": False}} if versioned else data
    return web.json_response({"request_id": "emulator", "lease_duration": 0, "data": answer})


def kv_refusal(status: int, text: str) -> web.Response:
    return web.json_response({"errors": [text]}, status=status)


def _value(account: Account, token: str, name: str) -> str:
    if ".." in token:
        access_id, _dots, access_key = token.partition("..")
        token = account.identities.log_in(
            {"access-type": "access_key", "access-id": access_id, "access-key": access_key}, account.settings.token_ttl
        )
    caller = account.identities.caller({"token": token})
    with caller.named_in_refusals():
        value = get_secret_value(account, caller, {"names": [name]})[name]
    return value if isinstance(value, str) else json.dumps(value)


def _data(text: str, name: str) -> dict[str, t.Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return value if isinstance(value, dict) else {name[1:]: text}
