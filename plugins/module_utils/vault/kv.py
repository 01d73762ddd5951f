# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading KV mounts exactly: mounts, listings, metadata and versions. Never writes; a read-only token is enough.

Facts of the API: Vault's documentation of the KV secrets engine, versions 1 and 2, and of ``sys/internal/ui/mounts``.
"""

from __future__ import annotations

import contextlib
import functools
import json
import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ..errors import ApiError, NotFound, OptionError, PermissionDenied
from ..http.transport import Response
from ..rawjson import members_of, slice_of, text_of
from .client import VaultClient

__all__ = ["KvReader", "Metadata", "Mount", "Reading", "VersionState", "encode_path"]


@dataclass(frozen=True)
class Mount:
    """A KV mount: its ``path`` with a trailing slash, and ``version`` 1 or 2."""

    path: str
    version: int


@dataclass(frozen=True)
class VersionState:
    """The state of one version, from the metadata.

    :ivar deletion_time: RFC 3339 or empty; it may lie in the future.
    :ivar deleted: the metadata names who deleted it (Vault 1.21 and newer), so it is deleted, whatever the clocks say.
    """

    number: int
    created: str
    deletion_time: str
    destroyed: bool
    deleted: bool = False


@dataclass(frozen=True)
class Metadata:
    """The metadata block of a KV v2 secret: ``block`` whole, and its versions in ascending order of number."""

    block: dict[str, t.Any]
    versions: tuple[VersionState, ...]

    @property
    def created(self) -> str:
        """When the secret was created. A later secret of the same path has another time."""
        return str(self.block.get("created_time", ""))

    @property
    def current_version(self) -> int:
        """The number of the newest version, deleted or not; 0 where none was ever written."""
        return int(self.block.get("current_version") or 0)

    @property
    def custom(self) -> dict[str, str]:
        """``custom_metadata``, ``{}`` where there is none."""
        return self.block.get("custom_metadata") or {}


@dataclass(frozen=True)
class Reading:
    """One version's value: ``text`` is the JSON object exactly as Vault sent it, ``None`` where it is deleted.

    ``created``, ``version`` and ``custom`` come with a KV v2 answer, and are empty for KV v1.
    """

    text: str | None
    version: int = 0
    created: str = ""
    custom: t.Mapping[str, str] | None = None


@functools.lru_cache(maxsize=1024)  # each version of a secret is read by itself
def encode_path(path: str) -> str:
    """Percent-encode each segment of a path exactly once.

    Dot segments too, and the slash behind an empty segment: a proxy, or Vault itself, would resolve them.
    """
    *folders, name = path.split("/")
    return "".join(f"{_encode(folder)}/" if folder else "%2F" for folder in folders) + _encode(name)


def _encode(segment: str) -> str:
    return segment.replace(".", "%2E") if segment in (".", "..") else quote(segment, safe="")


class KvReader:
    """Reads KV v1 and v2 mounts through a :class:`VaultClient`."""

    def __init__(self, client: VaultClient, kv_version: int | None = None) -> None:
        self.client = client
        self._kv_version = kv_version
        self.values_read = 0

    async def mounts(self) -> list[Mount]:
        """All KV mounts that the token may see, by path.

        ``sys/internal/ui/mounts`` shows them to any token with a right below them; ``sys/mounts`` is often forbidden.
        """
        answer = await self.client.get("sys/internal/ui/mounts", "the list of mounts")
        with _understood("the list of mounts"):
            engines = json.loads(answer.body)["data"].get("secret") or {}
            found = [
                Mount(path, self._version_of(path, engine))
                for path, engine in engines.items()
                if engine.get("type") in ("kv", "generic")
            ]
        return sorted(found, key=lambda mount: mount.path)

    async def mount_of(self, path: str) -> Mount:
        """The mount of ``path``.

        :raises OptionError: there is none, or it is no KV mount, or Vault does not say and ``kv_version`` is not given.
        """
        try:
            answer = await self.client.get(f"sys/internal/ui/mounts/{encode_path(path.strip('/'))}", f"mount of {path}")
        except (PermissionDenied, NotFound):
            if self._kv_version:
                return Mount(path.strip("/").partition("/")[0] + "/", self._kv_version)
            raise OptionError(
                "source.paths",
                f"Vault shows no mount for {path}",
                "Check its spelling and the namespace; if the token may not see the mount's type, give"
                " source.kv_version (1 or 2)",
            ) from None
        with _understood(f"mount of {path}"):
            data = json.loads(answer.body)["data"]
            mount = str(data["path"])
        if data.get("type") not in ("kv", "generic"):
            raise OptionError(
                "source.paths", f"{path} is in {mount}, a mount of type {data.get('type')}", "Only KV mounts migrate"
            )
        return Mount(mount, self._version_of(mount, data))

    def _version_of(self, path: str, engine: dict[str, t.Any]) -> int:
        try:
            return self._kv_version or int((engine.get("options") or {}).get("version", 1))
        except (AttributeError, OverflowError, TypeError, ValueError):
            raise OptionError("source.kv_version", f"the KV version of {path} is unknown", "Give 1 or 2") from None

    async def list(self, mount: Mount, folder: str) -> list[str]:
        """The names in ``folder`` (relative to the mount, empty or with a trailing slash); folders end in a slash.

        :raises NotFound: there is nothing there. Vault answers so for a folder that does not exist.
        :raises PermissionDenied: the folder may not be listed.
        """
        area = "metadata/" if mount.version == 2 else ""
        path = f"{encode_path(mount.path)}{area}{encode_path(folder)}"
        what = f"list of {mount.path}{folder}"
        answer = await self.client.get(f"{path}?list=true", what)
        with _understood(what):
            keys = json.loads(answer.body)["data"]["keys"]
            if not isinstance(keys, list):
                raise TypeError
            return [text_of(key) for key in keys]

    async def metadata(self, mount: Mount, secret: str) -> Metadata:
        """The metadata block of a KV v2 secret. Reads no value."""
        what = f"metadata of {mount.path}{secret}"
        answer = await self.client.get(f"{encode_path(mount.path)}metadata/{encode_path(secret)}", what)
        with _understood(what):
            block = json.loads(answer.body)["data"]
            for number in ("current_version", "max_versions"):
                int(block.get(number) or 0)
            dict(block.get("custom_metadata") or {})
            versions = tuple(
                VersionState(
                    int(number),
                    text_of(state.get("created_time")),
                    text_of(state.get("deletion_time")),
                    bool(state.get("destroyed")),
                    bool(state.get("deleted_by")),
                )
                for number, state in sorted((block.get("versions") or {}).items(), key=lambda pair: int(pair[0]))
            )
        return Metadata(block, versions)

    async def read(self, mount: Mount, secret: str, version: int | None = None) -> Reading:
        """One version's value; the current one's without ``version``. KV v1 knows only the current one.

        :raises NotFound: there is no such secret or version at all. A deleted or destroyed one is a
            :class:`Reading` without text: Vault answers 404 *with* a body for it.
        """
        self.values_read += 1
        area = "data/" if mount.version == 2 else ""
        query = f"?version={version}" if version and mount.version == 2 else ""
        what = f"value of {mount.path}{secret}" + (f" version {version}" if version else "")
        answer = await self.client.get(
            f"{encode_path(mount.path)}{area}{encode_path(secret)}{query}", what, allow_missing=True
        )
        with _understood(what):
            return _reading(mount, answer, what)


@contextlib.contextmanager
def _understood(what: str) -> t.Iterator[None]:
    """Parse an answer. One that is not Vault's fails this path only; its text could be a value, so it is not shown."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ApiError(
            f"{what}: the answer is not one that Vault gives", "Check source.url and what stands in front of the server"
        ) from None


def _reading(mount: Mount, answer: Response, what: str) -> Reading:
    text = answer.body.decode("utf-8")
    if mount.version == 1:
        if answer.status == 404:
            raise NotFound(f"{what}: not found", status=404)
        return Reading(_object(slice_of(text, "data"), what))
    answered = members_of(text, "data") or {}
    if "metadata" not in answered and answer.status == 404:
        raise NotFound(f"{what}: not found", status=404)
    metadata = json.loads(answered["metadata"])
    value = answered.get("data")
    return Reading(
        # 404 with a body is a deleted version; null with 200 is a version that was written as null.
        None if answer.status == 404 else "null" if value == "null" else _object(value, what),
        int(metadata.get("version", 0)),
        text_of(metadata.get("created_time")),
        dict(metadata.get("custom_metadata") or {}),
    )


def _object(text: str | None, what: str) -> str:
    if text is None or not text.startswith("{"):
        raise ApiError(f"{what}: the answer holds no JSON object", "Is this really a KV mount? Check source.kv_version")
    return text
