# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests of the harness to a Vault server as its administrator, over plain HTTP and without hvac."""

from __future__ import annotations

import json as jsonlib
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, overload
from urllib.parse import quote

import httpx

from ferrydev.audit import AuditCounts, AuditLog

USER_AGENT = "ferrydev"
"""Marks the harness's own requests in the audit log."""


class VaultError(Exception):
    """Vault answered with an error: ``status`` is the HTTP status, ``errors`` the texts of its body."""

    def __init__(self, method: str, path: str, status: int, errors: list[str]) -> None:
        super().__init__(f"{method} {path}: {status} {'; '.join(errors)}")
        self.status = status
        self.errors = errors


def encode_path(path: str) -> str:
    """Percent-encodes each segment of a path exactly once; the slashes stay."""
    return "/".join(quote(segment, safe="") for segment in path.split("/"))


@dataclass(frozen=True)
class AppRole:
    """A login by AppRole: all that a client needs."""

    role: str
    role_id: str
    secret_id: str = field(repr=False)
    mount: str = "approle"


class VaultAdmin:
    """Administration of the server at ``addr`` with its root token."""

    def __init__(self, addr: str, root_token: str, audit_path: Path, ca_cert: Path | None = None) -> None:
        self.addr = addr
        self.root_token = root_token
        self.ca_cert = ca_cert
        self._audit = AuditLog(audit_path)
        # One for each thread: httpx's pool now and then closes a connection that another thread is reading from.
        self._clients: dict[int, httpx.Client] = {}

    # One request

    @overload
    def request(
        self, method: str, path: str, *, json: Any = None, content: str | bytes | None = None, token: str | None = None,
        headers: dict[str, str] | None = None, raw: Literal[True],
    ) -> httpx.Response: ...  # fmt: skip
    @overload
    def request(
        self, method: str, path: str, *, json: Any = None, content: str | bytes | None = None, token: str | None = None,
        headers: dict[str, str] | None = None, raw: Literal[False] = False,
    ) -> Any: ...  # fmt: skip
    def request(
        self, method: str, path: str, *, json: Any = None, content: str | bytes | None = None, token: str | None = None,
        headers: dict[str, str] | None = None, raw: bool = False,
    ) -> Any:  # fmt: skip
        """One request; the parsed body, None for an empty one.

        ``path`` goes onto the wire after ``/v1/`` exactly as it is given, so the caller encodes it. ``content`` is a
        JSON text sent as it is (numbers that Python would change), ``token`` defaults to root, ``""`` sends none.
        With ``raw`` the response itself, whatever its status; without it VaultError for 400 and up.
        """
        thread = threading.get_ident()
        client = self._clients.get(thread) or self._clients.setdefault(thread, self._make_client())
        sent = dict(headers or {})
        token = self.root_token if token is None else token
        if token:
            sent["X-Vault-Token"] = token
        if json is not None:
            content = jsonlib.dumps(json)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        # The request target is set by hand: httpx would tidy up a path with dots.
        response = client.request(
            method, self.addr, content=content, headers=sent, extensions={"target": b"/v1/" + path.encode("ascii")}
        )
        if raw:
            return response
        if response.status_code >= 400:
            raise VaultError(method, path, response.status_code, _errors(response))
        return response.json() if response.content else None

    def close(self) -> None:
        """Closes the connections."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _make_client(self) -> httpx.Client:
        verify = ssl.create_default_context(cafile=str(self.ca_cert)) if self.ca_cert else True
        # Connections are kept for good: where several threads share a client, one may close a connection that has just
        # expired while another begins to use it.
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=None)
        return httpx.Client(
            verify=verify, limits=limits, timeout=30.0, trust_env=False, headers={"User-Agent": USER_AGENT}
        )

    # Mounts

    def enable_kv(self, mount: str, version: int = 2, **config: Any) -> str:
        """Mounts KV at ``mount`` and returns it. ``config`` goes to the mount's own config (``max_versions``, ...)."""
        path = encode_path(mount)
        self.request("POST", f"sys/mounts/{path}", json={"type": "kv", "options": {"version": str(version)}})
        self._audit.kv_versions[mount] = version
        if version == 2 and config:
            self.request("POST", f"{path}/config", json=config)
        return mount

    def disable_mount(self, mount: str) -> None:
        """Unmounts, and forgets what was there."""
        self.request("DELETE", f"sys/mounts/{encode_path(mount)}")
        self._audit.kv_versions.pop(mount, None)

    # Policies, logins and tokens

    def write_policy(self, name: str, rules: str) -> str:
        """Writes an ACL policy in HCL and returns its name."""
        self.request("PUT", f"sys/policies/acl/{encode_path(name)}", json={"policy": rules})
        return name

    def enable_auth(self, kind: str, mount: str | None = None) -> str:
        """Enables an auth method (``approle``, ``userpass``) unless it is there already; its mount."""
        mount = mount or kind
        known = self.request("GET", "sys/auth")["data"]
        if f"{mount}/" not in known:
            self.request("POST", f"sys/auth/{encode_path(mount)}", json={"type": kind})
        return mount

    def approle(
        self, role: str, policies: list[str], *, token_ttl: str = "1h", token_max_ttl: str = "4h",
        mount: str = "approle", **options: Any,
    ) -> AppRole:  # fmt: skip
        """Makes a role and a secret id. ``options`` are Vault's (``secret_id_num_uses``, ``token_num_uses``, ...)."""
        self.enable_auth("approle", mount)
        path = f"auth/{encode_path(mount)}/role/{encode_path(role)}"
        wanted = {"token_policies": policies, "token_ttl": token_ttl, "token_max_ttl": token_max_ttl, **options}
        self.request("POST", path, json=wanted)
        role_id = self.request("GET", f"{path}/role-id")["data"]["role_id"]
        secret_id = self.request("POST", f"{path}/secret-id", json={})["data"]["secret_id"]
        return AppRole(role, role_id, secret_id, mount)

    def login_approle(self, login: AppRole) -> str:
        """A token for the role."""
        body = {"role_id": login.role_id, "secret_id": login.secret_id}
        answer = self.request("POST", f"auth/{encode_path(login.mount)}/login", json=body, token="")
        return str(answer["auth"]["client_token"])

    def userpass(self, user: str, password: str, policies: list[str], **options: Any) -> None:
        """Makes a user of the userpass method."""
        self.enable_auth("userpass")
        wanted = {"password": password, "token_policies": policies, **options}
        self.request("POST", f"auth/userpass/users/{encode_path(user)}", json=wanted)

    def token(self, policies: list[str], ttl: str = "1h", **options: Any) -> str:
        """A new token. ``options`` are Vault's (``renewable``, ``num_uses``, ``explicit_max_ttl``, ``period``, ...)."""
        body = {"policies": policies, "ttl": ttl, "no_parent": True, **options}
        return str(self.request("POST", "auth/token/create", json=body)["auth"]["client_token"])

    def wrapped_token(self, policies: list[str], ttl: str = "1h", wrap_ttl: str = "5m", **options: Any) -> str:
        """A wrapping token: ``sys/wrapping/unwrap`` gives the new token for it, once."""
        body = {"policies": policies, "ttl": ttl, "no_parent": True, **options}
        answer = self.request("POST", "auth/token/create", json=body, headers={"X-Vault-Wrap-TTL": wrap_ttl})
        return str(answer["wrap_info"]["token"])

    # Faults

    def rate_limit(self, name: str, rate: float, path: str = "", **options: Any) -> None:
        """Limits requests per second (``interval`` changes that) on a mount (``kv/``) or, with no path, everywhere.

        The 429 then carries Retry-After: Vault leaves it out unless its quota configuration asks for it.
        """
        self.request("POST", "sys/quotas/config", json={"enable_rate_limit_response_headers": True})
        self.request("POST", f"sys/quotas/rate-limit/{name}", json={"rate": rate, "path": path, **options})

    def remove_rate_limit(self, name: str) -> None:
        """Removes a limit."""
        self.request("DELETE", f"sys/quotas/rate-limit/{name}")

    def seal(self) -> None:
        """Seals the server for good: every later request gets 503."""
        self.request("PUT", "sys/seal")

    # The audit log

    def audit_reset(self) -> None:
        """Counting starts here; the first call enables the file audit device."""
        if not self._audit.enabled:
            options = {"file_path": str(self._audit.path), "elide_list_responses": "true"}
            self.request("PUT", "sys/audit/ferrydev", json={"type": "file", "options": options})
            self._audit.enabled = True
        self._audit.reset()

    def audit_counts(self, since: int | None = None) -> AuditCounts:
        """The requests since ``audit_reset``, or since the ``position`` of an earlier answer.

        The harness's own requests are left out. Exact for every request that has been answered: Vault writes its line
        before it answers. Requests that a rate limit refused are not in the log.
        """
        if not self._audit.enabled:
            raise RuntimeError("Nothing was recorded: call audit_reset() before what is to be counted.")
        return self._audit.counts(since)


def _errors(response: httpx.Response) -> list[str]:
    try:
        found = response.json().get("errors") or []
    except ValueError:
        return [response.reason_phrase]
    return [str(text) for text in found]
