# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a Vault as the Gateway does: mounts, folders, metadata, versions. Its own reader, over plain HTTP."""

from __future__ import annotations

import json
import ssl
import typing as t
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from urllib.parse import quote

import httpx

__all__ = ["Mount", "Place", "SourceError", "VaultReader"]

_SPACE = " \t\r\n"


class SourceError(Exception):
    """The source did not give what was asked. ``status`` is 0 where it did not answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Mount:
    """A KV mount: ``path`` without slashes at its ends, ``version`` 1 or 2."""

    namespace: str
    path: str
    version: int


@dataclass(frozen=True)
class Place:
    """A path below a mount, not encoded. ``forbidden``: a folder that may not be listed."""

    mount: Mount
    path: str
    forbidden: bool = False

    @property
    def full(self) -> str:
        return "/".join(filter(None, (self.mount.namespace, self.mount.path, self.path)))


class VaultReader:
    """One source for the length of a run. Every method raises SourceError."""

    def __init__(self, url: str, token: str, ca_cert: str = "") -> None:
        self._token = token
        self._base = url.rstrip("/")
        verify = ssl.create_default_context(cafile=ca_cert) if ca_cert else True
        self._client = httpx.AsyncClient(verify=verify, timeout=30, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def namespaces(self, wanted: list[str]) -> list[str]:
        """The wanted namespaces, all of them where none is named, each with its children."""
        found: list[str] = []
        for name in wanted or [""]:
            await self._add_namespaces(name.strip("/"), found)
        return found

    async def mounts(self, namespace: str) -> list[Mount]:
        """The KV mounts that the token may see."""
        answer = json.loads(await self._get(namespace, "sys/internal/ui/mounts"))
        listed: dict[str, t.Any] = answer["data"].get("secret") or {}
        return [
            Mount(namespace, path.strip("/"), int((mount.get("options") or {}).get("version") or 1))
            for path, mount in sorted(listed.items())
            if mount["type"] in ("kv", "generic")
        ]

    async def walk(self, mount: Mount, folder: str = "") -> t.AsyncIterator[Place]:
        """Every secret below a folder; folders that may not be listed too, and are marked."""
        try:
            names = await self._list(mount, folder)
        except SourceError as error:
            if error.status != 403:
                raise
            yield Place(mount, folder, forbidden=True)
            return
        for name in names:
            if name.endswith("/"):
                async for place in self.walk(mount, folder + name):
                    yield place
            else:
                yield Place(mount, folder + name)

    async def metadata(self, place: Place) -> dict[str, t.Any] | None:
        """The metadata block; None for KV version 1, and for what no longer exists."""
        if place.mount.version == 1:
            return None
        text = await self._get(place.mount.namespace, f"{_area(place.mount, 'metadata')}{_coded(place.path)}")
        return t.cast("dict[str, t.Any]", json.loads(text)["data"]) if text else None

    async def value(self, place: Place, number: int = 0) -> str | None:
        """The JSON text of a version, as Vault sent it; None for one that is deleted, destroyed or no longer kept."""
        mount = place.mount
        route = f"{_area(mount, 'data')}{_coded(place.path)}"
        text = await self._get(mount.namespace, f"{route}?version={number}" if number else route)
        if not text:
            return None
        value = _member(text, "data")
        if mount.version == 2:
            value = _member(value, "data")
        return None if value == "null" else value

    async def _list(self, mount: Mount, folder: str) -> list[str]:
        text = await self._get(mount.namespace, f"{_area(mount, 'metadata')}{_coded(folder)}?list=true")
        return t.cast("list[str]", json.loads(text)["data"]["keys"]) if text else []

    async def _add_namespaces(self, name: str, found: list[str]) -> None:
        found.append(name)
        try:
            text = await self._get(name, "sys/namespaces?list=true")
        except SourceError as error:
            # Where namespaces are unknown, or may not be listed, there are no children.
            if error.status in (400, 403, 404, 405):
                return
            raise
        for child in (json.loads(text).get("data") or {}).get("keys") or [] if text else []:
            await self._add_namespaces(f"{name}/{child.strip('/')}".strip("/"), found)

    async def _get(self, namespace: str, route: str) -> str:
        """The text of an answer, empty for 404."""
        headers = {"X-Vault-Token": self._token, "X-Vault-Request": "true"}
        if namespace:
            headers["X-Vault-Namespace"] = quote(namespace)
        try:
            # The target is set by hand: a path with dots must not be tidied up.
            target = f"/v1/{route}".encode("ascii")
            answer = await self._client.request("GET", self._base, headers=headers, extensions={"target": target})
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise SourceError(0, f"GET {self._base}/v1/{route}: {type(error).__name__}: {error}") from None
        if answer.status_code == 404:
            return ""
        if answer.status_code >= 400:
            raise SourceError(
                answer.status_code,
                f"Error making API request. URL: GET {self._base}/v1/{route} Code: {answer.status_code}."
                f" Errors: * {_errors(answer)}",
            )
        return answer.text


def _errors(answer: httpx.Response) -> str:
    try:
        return ", ".join(error.strip() for error in answer.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no JSON"


def _area(mount: Mount, area: str) -> str:
    return f"{_coded(mount.path)}/{area}/" if mount.version == 2 else f"{_coded(mount.path)}/"


def _coded(path: str) -> str:
    return "/".join(quote(segment, safe="") for segment in path.split("/"))


def _member(text: str, wanted: str) -> str:
    """The text of a member of a JSON object, exactly as it stands: numbers are not to be rounded."""
    decoder = json.JSONDecoder()
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        at = _skip(text, _skip(text, at) + 1)
        _value, end = decoder.raw_decode(text, at)
        if key == wanted:
            return text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return "null"


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
