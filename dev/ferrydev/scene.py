# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KV mount of a test's own, and the target beside it."""

from __future__ import annotations

import itertools
import json
import typing as t

import httpx

from ferrydev.emulator import Emulator
from ferrydev.migrating import Migration
from ferrydev.vault import Vault

_numbers = itertools.count(1)


class Kv:
    """A fresh KV mount, or the given one, and what tests do to it."""

    def __init__(self, vault: Vault, version: int = 2, mount: str = "") -> None:
        self.vault = vault
        self.version = version
        self.mount = mount or vault.enable_kv(f"kv{next(_numbers):04}", version).strip("/")

    def put(self, path: str, *values: dict[str, t.Any]) -> None:
        """Write values, each a version of its own."""
        for value in values:
            if self.version == 2:
                self.vault.request("POST", f"{self.mount}/data/{path}", json={"data": value})
            else:
                self.vault.request("POST", f"{self.mount}/{path}", json=value)

    def describe(self, path: str, **metadata: t.Any) -> None:
        """Write metadata: custom_metadata, max_versions and the like."""
        self.vault.request("POST", f"{self.mount}/metadata/{path}", json=metadata)

    def delete(self, path: str, *versions: int) -> None:
        self.vault.request("POST", f"{self.mount}/delete/{path}", json={"versions": list(versions)})

    def undelete(self, path: str, *versions: int) -> None:
        self.vault.request("POST", f"{self.mount}/undelete/{path}", json={"versions": list(versions)})

    def destroy(self, path: str, *versions: int) -> None:
        self.vault.request("POST", f"{self.mount}/destroy/{path}", json={"versions": list(versions)})

    def remove(self, path: str) -> None:
        area = "metadata/" if self.version == 2 else ""
        self.vault.request("DELETE", f"{self.mount}/{area}{path}")


class Scene:
    """One mount, one migration of it, and the target."""

    def __init__(self, vault: Vault, emulator: Emulator, version: int = 2, **options: t.Any) -> None:
        self.kv = Kv(vault, version)
        self.emulator = emulator
        self.migration = Migration(vault, emulator, source={"paths": [f"{self.kv.mount}/"]}, **options)

    def item(self, path: str) -> dict[str, t.Any]:
        """The item of a source path, as the emulator holds it."""
        return t.cast("dict[str, t.Any]", self.emulator.control.dump()[self.name(path)])

    def name(self, path: str) -> str:
        return f"/migrated/{self.kv.mount}/{path}"

    def values(self, path: str) -> list[t.Any]:
        """The item's values, oldest first, decoded."""
        return [json.loads(version["value"]) for version in self.item(path)["versions"]]

    def texts(self, path: str) -> list[str]:
        """The item's values, oldest first, as they are."""
        return [version["value"] for version in self.item(path)["versions"]]

    def call(self, command: str, **body: t.Any) -> dict[str, t.Any]:
        """A command at the target that the migration did not give."""
        answer = httpx.post(f"{self.emulator.url}/{command}", json={"token": self.emulator.token(), **body})
        assert answer.status_code == 200, answer.text
        return t.cast("dict[str, t.Any]", answer.json())

    def steps(self, result: t.Any) -> dict[str, str]:
        """Path in the mount to action, of a result's plan."""
        cut = len(self.kv.mount) + 1
        return {line["source"][cut:]: line["action"] for line in result.values["plan"]}
