# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official Akeyless SDK, with a little less ceremony: ``sdk.create_secret(name="/a", value="b")``."""

from __future__ import annotations

import contextlib
import json
import typing as t
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import akeyless as _akeyless
import pytest
import urllib3

# The SDK has no types.
akeyless: t.Any = _akeyless

_SCHEMA = Path(__file__).resolve().parents[2] / "dev" / "akeyless_emulator" / "schema.json"
_KNOWN = json.loads(_SCHEMA.read_text("utf-8"))
ROUTES: dict[str, dict[str, t.Any]] = _KNOWN["routes"]
"""Every command of the public API that the emulator has, with the facts of its model."""
GATEWAY_ROUTES: dict[str, dict[str, t.Any]] = _KNOWN["gateway_routes"]
"""The same of the commands that only Gateways have."""
SDK_NEEDS = {"hosts": "", "si_target_name": "", "si_users_path_template": ""}
"""What the SDK's models require of migrations of every type, though it concerns two of them."""
_METHODS = {
    "assoc-role-am": "assoc_role_auth_method",
    "create-auth-method-oauth2": "create_auth_method_o_auth2",
    "create-auth-method-k8s": "create_auth_method_k8_s",
    "create-auth-method-aws-iam": "create_auth_method_awsiam",
    "gateway-migration-status": "gateway_status_migration",
}
_FACTS = {**ROUTES, **GATEWAY_ROUTES}
_BODY_OPTIONAL = {"gateway_migrate_personal_items"}
_ROUTE_OF = {method: route for route in _FACTS for method in [_METHODS.get(route, route.replace("-", "_"))]}


class Sdk:
    """Every call of ``akeyless.V2Api`` that the emulator has; keywords are the fields of the call's model."""

    def __init__(self, url: str, token: str = "", *, uid_token: str = "") -> None:
        self.url = url
        self.token = token
        self._credentials = {"uid_token": uid_token} if uid_token else {"token": token}
        self._api = akeyless.V2Api(akeyless.ApiClient(akeyless.Configuration(host=url)))

    def __getattr__(self, method: str) -> t.Callable[..., t.Any]:
        facts = _FACTS[_ROUTE_OF[method]]
        call = getattr(self._api, method)
        model = getattr(akeyless, facts["model"])

        def invoke(*, timeout: float = 30, **values: t.Any) -> t.Any:
            credentials = self._credentials if "token" in facts["keys"] else {}
            # The SDK ignores a timeout that is a float, but takes a pair.
            body = model(**{**credentials, **values})
            # Where a call could do without a body, the SDK takes it by its name only.
            named = {method: body} if method in _BODY_OPTIONAL else {}
            return call(*([] if named else [body]), **named, _request_timeout=(timeout, timeout))

        return invoke

    def value(self, name: str, **how: t.Any) -> t.Any:
        return self.get_secret_value(names=[name], **how)[name]

    def names(self, **how: t.Any) -> list[str]:
        return [item.item_name for item in self.list_items(**how).items or []]


@contextlib.contextmanager
def refused(status: int, text: str = "") -> Iterator[pytest.ExceptionInfo[t.Any]]:
    """The call inside raises ApiException with this status, and an error that contains ``text``."""
    with pytest.raises(akeyless.ApiException) as caught:
        yield caught
    assert caught.value.status == status
    assert caught.value.body.endswith(b"}\n" if isinstance(caught.value.body, bytes) else "}\n")
    body = json.loads(caught.value.body)
    assert list(body) == ["error"]
    assert text in body["error"]


@contextlib.contextmanager
def disconnected() -> Iterator[None]:
    """The connection of the call inside is lost before any answer."""
    with pytest.raises(urllib3.exceptions.ProtocolError):
        yield


def raw(
    url: str, route: str, body: t.Any = None, *, content: bytes | None = None, method: str = "POST"
) -> tuple[int, t.Any, Message]:
    """Plain HTTP, for what the SDK does not send or hides: status, decoded body, headers."""
    data = content if content is not None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/{route}", data if method == "POST" else None, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers
