# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Independent readers of both sides: what tests compare the collection's work with.

They share no code with the collection: Vault over plain HTTP, Akeyless by its official SDK.
"""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any, Literal

import httpx

from ferrydev.jsontext import json_equal, json_member, parse_exact
from ferrydev.vault import Vault, VaultError, encode_path

__all__ = ["SourceSecret", "SourceVersion", "TargetItem", "json_equal", "json_member", "parse_exact", "read_akeyless",
           "read_vault"]  # fmt: skip

State = Literal["readable", "deleted", "destroyed", "forbidden"]


@dataclass(frozen=True)
class SourceVersion:
    """One version that the metadata names. ``data`` is the JSON text of its data, byte for byte as Vault sent it."""

    number: int
    state: State
    data: str | None = field(default=None, repr=False)
    created_time: str = ""
    deletion_time: str = ""
    """May lie in the future: then the version is still readable."""


@dataclass(frozen=True)
class SourceSecret:
    """One secret. KV v1 has one version, number 1, and no metadata.

    ``metadata`` is the parsed block, ``metadata_text`` its JSON text as Vault sent it; both None for KV v1,
    and when it may not be read: then ``versions`` holds what reading the current version gave.
    """

    mount: str
    path: str
    kv: int
    versions: dict[int, SourceVersion]
    metadata: dict[str, Any] | None = None
    metadata_text: str | None = None

    @property
    def full_path(self) -> str:
        return f"{self.mount}/{self.path}"

    @property
    def readable(self) -> list[int]:
        """The numbers of the readable versions, oldest first."""
        return sorted(number for number, version in self.versions.items() if version.state == "readable")

    @property
    def current(self) -> SourceVersion | None:
        """The newest version, readable or not."""
        return self.versions[max(self.versions)] if self.versions else None


def read_vault(
    vault: Vault,
    mounts: dict[str, int],
    *,
    token: str | None = None,
    forbidden: list[str] | None = None,
    workers: int = 4,
) -> dict[str, SourceSecret]:
    """Everything in ``mounts`` (mount -> KV version), by ``mount/path``.

    ``token`` defaults to root. Folders that it may not list and secrets of which it may read neither metadata nor data
    are left out; their ``mount/path`` (folders with a slash at the end) is appended to ``forbidden``.
    """
    reader = _VaultReader(vault, token, [] if forbidden is None else forbidden)
    found: dict[str, SourceSecret] = {}
    with ThreadPoolExecutor(workers) as pool:
        for mount, kv in mounts.items():
            paths = reader.walk(mount, kv, "")
            for secret in pool.map(partial(reader.secret, mount, kv), paths):
                if secret is not None:
                    found[secret.full_path] = secret
    return found


class _VaultReader:
    def __init__(self, vault: Vault, token: str | None, forbidden: list[str]) -> None:
        self.vault = vault
        self.token = token
        self.forbidden = forbidden

    def get(self, method: str, path: str, accept: tuple[int, ...] = (200, 404, 403)) -> httpx.Response:
        response = self.vault.request(method, path, token=self.token, raw=True)
        if response.status_code not in accept:
            raise VaultError(method, path, response.status_code, [response.text[:200]])
        return response

    def walk(self, mount: str, kv: int, folder: str) -> list[str]:
        base = encode_path(mount) + ("/metadata/" if kv == 2 else "/")
        response = self.get("LIST", base + encode_path(folder))
        if response.status_code == 403:
            self.forbidden.append(f"{mount}/{folder}")
        if response.status_code != 200:
            return []
        paths: list[str] = []
        for key in response.json()["data"]["keys"]:
            paths += self.walk(mount, kv, folder + key) if key.endswith("/") else [folder + key]
        return paths

    def secret(self, mount: str, kv: int, path: str) -> SourceSecret | None:
        if kv == 1:
            response = self.get("GET", f"{encode_path(mount)}/{encode_path(path)}")
            if response.status_code != 200:
                self.forbidden.append(f"{mount}/{path}")
                return None
            only = SourceVersion(1, "readable", json_member(response.text, "data"))
            return SourceSecret(mount, path, 1, {1: only})

        response = self.get("GET", f"{encode_path(mount)}/metadata/{encode_path(path)}", (200, 403))
        if response.status_code == 403:
            current = self.without_metadata(mount, path)
            return None if current is None else SourceSecret(mount, path, 2, {current.number: current})
        metadata = response.json()["data"]
        versions = {int(number): self.version(mount, path, int(number), known)
                    for number, known in metadata["versions"].items()}  # fmt: skip
        return SourceSecret(mount, path, 2, versions, metadata, json_member(response.text, "data"))

    def version(self, mount: str, path: str, number: int, known: dict[str, Any]) -> SourceVersion:
        times = {"created_time": known["created_time"], "deletion_time": known["deletion_time"]}
        response = self.get("GET", f"{encode_path(mount)}/data/{encode_path(path)}?version={number}")
        if response.status_code == 200:
            return SourceVersion(number, "readable", json_member(response.text, "data", "data"), **times)
        if response.status_code == 403:
            return SourceVersion(number, "forbidden", **times)
        if known["destroyed"]:
            return SourceVersion(number, "destroyed", **times)
        if known["deletion_time"] and _time(known["deletion_time"]) <= datetime.now(timezone.utc):
            return SourceVersion(number, "deleted", **times)
        raise AssertionError(f"{mount}/{path}: version {number} is neither readable nor deleted nor destroyed")

    def without_metadata(self, mount: str, path: str) -> SourceVersion | None:
        response = self.get("GET", f"{encode_path(mount)}/data/{encode_path(path)}")
        if response.status_code == 403:
            self.forbidden.append(f"{mount}/{path}")
            return None
        known = response.json()["data"]["metadata"]
        times = {"created_time": known["created_time"], "deletion_time": known["deletion_time"]}
        if response.status_code == 200:
            return SourceVersion(known["version"], "readable", json_member(response.text, "data", "data"), **times)
        return SourceVersion(known["version"], "destroyed" if known["destroyed"] else "deleted", **times)


def _time(text: str) -> datetime:
    # Python 3.10 reads neither the Z nor nanoseconds.
    whole, _, _fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class TargetItem:
    """One item as the SDK shows it: ``versions`` maps each version to its value, ``values`` gives them oldest first."""

    name: str
    item_id: int
    item_type: str
    sub_type: str
    description: str
    tags: list[str]
    last_version: int
    versions: dict[int, str] = field(repr=False)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    """The whole answer of describe-item."""

    @property
    def values(self) -> list[str]:
        return [self.versions[number] for number in sorted(self.versions)]


def read_akeyless(url: str, token: str, location: str = "/", *, values: bool = True) -> dict[str, TargetItem]:
    """Every item below ``location``, by name, with the value of each of its versions unless ``values`` is False."""
    # The SDK takes a second to import, and not every user of this file needs it.
    akeyless: Any = importlib.import_module("akeyless")

    with akeyless.ApiClient(akeyless.Configuration(host=url)) as client:
        api = akeyless.V2Api(client)
        below = "/" + f"{location.strip('/')}/".lstrip("/")
        names: list[str] = []
        page = ""
        while True:
            wanted = akeyless.ListItems(
                token=token, path=location, pagination_token=page or None, auto_pagination="disabled"
            )
            answer = api.list_items(wanted)
            names += [item.item_name for item in answer.items or [] if item.item_name.startswith(below)]
            page = answer.next_page or ""
            if not page:
                break
        assert len(names) == len(set(names)), "list-items named an item twice"
        return {name: _target_item(akeyless, api, token, name, values) for name in names}


def _target_item(akeyless: Any, api: Any, token: str, name: str, values: bool) -> TargetItem:
    item = api.describe_item(akeyless.DescribeItem(token=token, name=name, show_versions=True))
    numbers = sorted({version.version for version in item.item_versions or []} | {item.last_version})
    found: dict[int, str] = {}
    for number in numbers if values else ():
        answer = api.get_secret_value(akeyless.GetSecretValue(token=token, names=[name], version=number))
        found[number] = answer[name]
    return TargetItem(
        name=item.item_name, item_id=item.item_id, item_type=item.item_type, sub_type=item.item_sub_type or "",
        description=item.item_metadata or "", tags=sorted(item.item_tags or []), last_version=item.last_version,
        versions=found, raw=item.to_dict(),
    )  # fmt: skip
