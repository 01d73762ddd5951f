# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``canary_secrets``: ten secrets in an empty folder of a KV version 2 mount, changed and removed again."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import typing as t

from ..common.result import Mask, Params, Result
from ..credential.scope import open_operator
from ..errors import NotFound, OptionError, SecretferryError
from ..options.spec import operator_spec, source_spec
from ..vault.kv import KvReader, Mount, encode_path
from ..vault.operator import as_operator, missing_right
from ..vault.session import VaultSession
from .tree import MARK, CanarySecret, secrets_of

__all__ = ["canary_secrets", "canary_secrets_spec"]

_REVISIONS = (1, 2)
_MOST = 50  # folders that are looked into; canaries need a few


def canary_secrets_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "path": {"type": "str", "required": True},
        "revision": {"type": "int", "choices": list(_REVISIONS), "default": 1},
        "source": source_spec(),
        "operator_auth": operator_spec(),
    }


async def canary_secrets(params: Params, *, check: bool, mask: Mask) -> Result:
    """Write the secrets, bring them to a revision, or remove them.

    :raises SecretferryError: the folder holds secrets of others, or Vault rejects or denies a request.
    """
    path = params["path"].strip("/")
    if not path:
        raise OptionError("path", "names no mount", "Give a folder of a KV mount, such as secret/secretferry-first-run")
    try:
        async with open_operator(params, mask) as (reader, session):
            mount = await reader.mount_of(path)
            if mount.version != 2:
                raise OptionError("path", f"{mount.path} is a mount of KV version 1", "Give a folder of version 2")
            folder = _CanaryFolder(reader, session, mount, f"{path}/".removeprefix(mount.path), mask)
            there = await folder.newest_versions()
            if params["state"] == "absent":
                return await _absent(folder, there, check)
            return await _present(folder, there, params["revision"], check)
    except SecretferryError as error:
        raise as_operator(error) from None


async def _present(folder: _CanaryFolder, there: dict[str, int], revision: int, check: bool) -> Result:
    wanted = {canary.path: canary for canary in secrets_of(revision)}
    before = {canary.path: canary for canary in secrets_of(1)} if there else {}
    result = _result(there, wanted)
    if there == _versions(wanted):
        return result
    if there and (revision == 1 or there != _versions(before)):
        raise SecretferryError(
            f"{folder.name} holds canary secrets already, and not all of them as they were written",
            "Remove them with state: absent, then run again",
        )
    result.changed = True
    if not check:
        for path, canary in wanted.items():
            await folder.write(canary, before.get(path))
        for path in before.keys() - wanted.keys():
            await folder.remove(path)
    return result


async def _absent(folder: _CanaryFolder, there: dict[str, int], check: bool) -> Result:
    result = _result(there, ())
    result.changed = bool(there)
    if not check:
        for path in there:
            await folder.remove(path)
        if left := await folder.newest_versions():
            raise SecretferryError(f"{folder.name}{next(iter(left))} is there after its removal", "Run again")
    return result


def _result(before: t.Iterable[str], after: t.Iterable[str]) -> Result:
    texts = ["".join(f"{path}\n" for path in sorted(paths)) for paths in (before, after)]
    return Result(
        values={"secrets": sorted(after)},
        diff=[{"before": texts[0], "after": texts[1]}] if texts[0] != texts[1] else [],
    )


def _versions(canaries: t.Mapping[str, CanarySecret]) -> dict[str, int]:
    return {path: canary.versions for path, canary in canaries.items()}


class _CanaryFolder:
    """The folder of the secrets.

    :param folder: its path in the mount, empty or with a trailing slash.
    """

    def __init__(self, reader: KvReader, session: VaultSession, mount: Mount, folder: str, mask: Mask) -> None:
        self.name = f"{mount.path}{folder}"
        self._reader = reader
        self._session = session
        self._mount = mount
        self._folder = folder
        self._mask = mask

    async def newest_versions(self) -> dict[str, int]:
        """The secrets that are there: path to the number of the newest version.

        :raises SecretferryError: one of them has no mark.
        """
        found: dict[str, int] = {}
        folders = [""]
        for looked_into in range(_MOST):
            if looked_into == len(folders):
                return found
            names: list[str] = []
            with contextlib.suppress(NotFound):
                names = await self._reader.list(self._mount, self._folder + folders[looked_into])
            for name in names:
                path = folders[looked_into] + name
                if name.endswith("/"):
                    folders.append(path)
                    continue
                metadata = await self._reader.metadata(self._mount, self._folder + path)
                if not MARK.items() <= metadata.custom.items():
                    raise self._foreign(path)
                found[path] = metadata.current_version
        raise self._foreign(folders[-1])

    def _foreign(self, path: str) -> SecretferryError:
        return SecretferryError(
            f"{self.name} holds what is none of this module's, such as {path}", "Give a path that holds nothing"
        )

    async def write(self, canary: CanarySecret, before: CanarySecret | None) -> None:
        """Write a secret, or only what it has more than ``before``."""
        known = before or CanarySecret(canary.path, versions=0)
        if before is None:
            # First of all, so that an incomplete secret has the mark, too.
            await self._post("metadata", canary.path, {"custom_metadata": {**MARK, **canary.custom}})
        for _version in range(known.versions, canary.versions):
            value = secrets.token_hex(16)
            self._mask([value])
            await self._post("data", canary.path, {"data": {"canary": value, **canary.data}})
        for area, numbers, done in (
            ("delete", canary.deleted, known.deleted),
            ("destroy", canary.destroyed, known.destroyed),
        ):
            if more := sorted(set(numbers) - set(done)):
                await self._post(area, canary.path, {"versions": more})

    async def remove(self, path: str) -> None:
        """Remove a secret with all its versions."""
        with contextlib.suppress(NotFound), missing_right("delete", where := self._place("metadata", path)):
            await asyncio.to_thread(self._session.client.adapter.delete, f"/v1/{where}")

    async def _post(self, area: str, path: str, body: dict[str, t.Any]) -> None:
        with missing_right("create and update", where := self._place(area, path)):
            await asyncio.to_thread(self._session.client.adapter.post, f"/v1/{where}", json=body)

    def _place(self, area: str, path: str) -> str:
        return encode_path(f"{self._mount.path}{area}/{self._folder}{path}")
