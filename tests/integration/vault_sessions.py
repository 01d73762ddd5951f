# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions with the source Vault for the tests of logins: on a real Vault with AppRole and userpass, or a recorder."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from recorder import Answer

from ansible_collections.secretferry.akeyless.plugins.module_utils.http.session import Retries
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import resolve_source
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.session import VaultSession
from ferrydev.vault import Vault

AUTH = {"client_token": "hvs.recorded", "accessor": "acc", "policies": ["default"], "lease_duration": 60}
LOGGED_IN = Answer({"auth": {**AUTH, "renewable": True}})


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def vault_with_logins() -> Iterator[Vault]:
    """A Vault where the policy ``reader`` may read ``secret/app``, and not ``secret/closed``."""
    with Vault.start() as vault:
        vault.enable_auth("approle")
        vault.enable_auth("userpass")
        vault.write_policy("reader", 'path "secret/data/app" { capabilities = ["read"] }')
        vault.request("POST", "secret/data/app", json={"data": {"k": "v"}})
        vault.request("POST", "secret/data/closed", json={"data": {"k": "v"}})
        vault.request("POST", "auth/userpass/users/me.too", json={"password": "pass-word", "policies": "reader"})
        yield vault


def open_session(url: str, auth: dict[str, t.Any], clock: t.Any = time.monotonic, **source: t.Any) -> VaultSession:
    settings = resolve_source({"url": url, "auth": auth, **source}, {"HOME": "/nonexistent"})
    return VaultSession(settings, clock=clock, retries=Retries(sleep=lambda _seconds: None))


def role(server: Vault, **options: t.Any) -> dict[str, t.Any]:
    """The auth options of a new AppRole."""
    name = f"role-{time.monotonic_ns()}"
    server.request("POST", f"auth/approle/role/{name}", json={"token_policies": ["reader"], **options})
    role_id = server.request("GET", f"auth/approle/role/{name}/role-id")["data"]["role_id"]
    auth = {"method": "approle", "role_id": role_id, "name": name}
    if options.get("bind_secret_id", True):
        auth["secret_id"] = server.request("POST", f"auth/approle/role/{name}/secret-id")["data"]["secret_id"]
    return auth


def approle(server: Vault, clock: t.Any = time.monotonic, **options: t.Any) -> VaultSession:
    auth = role(server, **options)
    del auth["name"]
    return open_session(server.addr, auth, clock)


def revoke(server: Vault, token: str) -> None:
    server.request("POST", "auth/token/revoke", json={"token": token})


def can_read(server: Vault, who: VaultSession | str, path: str = "app") -> bool:
    """Whether a session, or a token, may read ``secret/<path>``."""
    token = who if isinstance(who, str) else who.token
    return server.request("GET", f"secret/data/{path}", token=token, raw=True).status_code == 200


def wait_until(condition: t.Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
