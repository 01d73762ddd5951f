# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canary items of a probe: made in its own folder, with random values, and all removed again."""

from __future__ import annotations

import contextlib
import json
import secrets
import typing as t
from dataclasses import dataclass, field

from ..akeyless.client import Uncertain
from ..akeyless.items import ItemStore
from ..akeyless.values import same_value, text_of
from ..common.result import Mask
from ..errors import ApiError, NotFound, PermissionDenied, SecretferryError
from ..http.rate_limit import RETRYABLE

__all__ = ["TAG", "Answer", "Canaries", "removal"]

TAG = "secretferry:probe"
"""The tag of every canary. What is in the folder without it belongs to others."""

_RIGHTS = "Give the caller's role create, read, update, delete and list on {folder}/* in Akeyless, as an item rule"
_UNDERSCORED = ("delete_protection", "protection_key")


@dataclass(frozen=True)
class Answer:
    """An answer to a command: 200 with its ``content``, or a refusal with Akeyless's ``code`` for it."""

    status: int
    code: str = ""
    content: t.Mapping[str, t.Any] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the command was executed."""
        return self.status < 300

    @property
    def words(self) -> str:
        """For a report: status and code."""
        return f"{self.status} {self.code}".strip()


class Canaries:
    """The items of one probe.

    Leaves are names below the folder. Every name is remembered before it is sent, so that :meth:`remove` finds it
    whatever happens in between.

    :param folder: the probe's own, which holds nothing else.
    :param mask: is called with every value.
    """

    def __init__(self, store: ItemStore, folder: str, mask: Mask) -> None:
        self.store = store
        self.client = store.client
        self.folder = folder
        self._mask = mask
        self._names: dict[str, None] = {}  # in the order of their creation

    def name(self, leaf: str) -> str:
        """The full name of an item."""
        return f"{self.folder}/{leaf}"

    def value(self) -> str:
        """A new random value, as JSON."""
        text = secrets.token_hex(16)
        self._mask([text])
        return json.dumps({"canary": text})

    async def ask(self, command: str, leaf: str, secret: str = "", **body: t.Any) -> Answer:
        """Send a command about an item, and take a refusal as an answer.

        :param secret: the value in the body.
        :param body: further members, with underscores for the dashes of those that have some.
        :raises ApiError: the server failed, or it is unknown whether the command took effect.
        """
        try:
            return Answer(200, content=await self._call(command, leaf, secret, body))
        except ApiError as error:
            if not _refused(error):
                raise
            return Answer(error.status, error.code)

    async def make(self, leaf: str, **body: t.Any) -> str:
        """Create an item, and return its value.

        :param body: further members, as in :meth:`ask`; None leaves one out that is sent otherwise.
        :raises ApiError: Akeyless rejects it.
        """
        value = self.value()
        await self._must("create-secret", leaf, value, {**_plain(value), **body})
        return value

    async def try_to_make(self, leaf: str, value: str = "", **body: t.Any) -> Answer:
        """Create an item, and take a refusal as an answer.

        :raises ApiError: also for 401 or 403, which say nothing of the item: a right, a quota.
        """
        value = value or self.value()
        self._mask([value])
        answer = await self.ask("create-secret", leaf, value, **{**_plain(value), **body})
        if answer.status in (401, 403):
            raise ApiError(f"create {self.name(leaf)}: {answer.words}", status=answer.status)
        return answer

    async def write(self, leaf: str, last_version: int, *, keep: bool) -> tuple[str, Answer]:
        """Update an item's value on condition of its version: the new value, and the answer."""
        value = self.value()
        more = {"value": value, "format": "json", "keep_prev_version": str(keep).lower(), "last_version": last_version}
        return value, await self.ask("update-secret-val", leaf, value, **more)

    async def append(self, leaf: str, last_version: int) -> str:
        """Add a version, and return its value.

        :raises ApiError: Akeyless rejects it.
        """
        value, answer = await self.write(leaf, last_version, keep=True)
        if not answer.ok:
            raise ApiError(f"update {self.name(leaf)}: {answer.words}", status=answer.status)
        return value

    async def described(self, leaf: str) -> dict[str, t.Any]:
        """The item as describe-item shows it.

        :raises NotFound, ApiError: as their names say.
        """
        return await self._call("describe-item", leaf, "", {"show_versions": True})

    async def versions(self, leaf: str) -> tuple[int, list[int]]:
        """The item's last version, and the numbers of those that are kept."""
        item = await self.described(leaf)
        kept = sorted(int(version["version"]) for version in item.get("item_versions") or ())
        return int(item.get("last_version") or 0), kept

    async def is_there(self, leaf: str) -> bool:
        """Whether describe-item shows the item."""
        return (await self.ask("describe-item", leaf)).ok

    async def values(self, *leaves: str, version: int = 0) -> Answer:
        """The values of several items, by full name; of one version where one is named."""
        more: dict[str, t.Any] = {"version": version} if version else {}
        return await self.ask("get-secret-value", leaves[0], names=[self.name(leaf) for leaf in leaves], **more)

    async def read(self, leaf: str, version: int = 0) -> t.Any:
        """An item's value as it is answered, None where the answer is an error."""
        return (await self.values(leaf, version=version)).content.get(self.name(leaf))

    async def holds(self, leaf: str, value: str, version: int = 0) -> bool:
        """Whether an item has this value, as text or decoded."""
        read = await self.read(leaf, version)
        return read is not None and same_value(text_of(read), value)

    async def clear(self, *, only_look: bool) -> None:
        """See that the folder is empty, and remove what a probe that was killed has left there.

        :param only_look: whether what was left may stay.
        :raises SecretferryError: there are items of others, or something could not be removed.
        """
        found = [item async for item in self.store.folder(self.folder)]
        if foreign := sorted(item.name for item in found if TAG not in item.tags):
            raise SecretferryError(
                f"{self.folder} holds {len(foreign)} items that are none of this module's, such as {foreign[0]}",
                "Give another target_location or name",
            )
        if only_look:
            return
        self._names.update({item.name: None for item in found})
        if remaining := await self.remove():
            raise SecretferryError(
                f"{remaining[0]}, which an earlier probe made, cannot be removed", f"Remove it: {removal(remaining[0])}"
            )

    async def tidy(self) -> list[str]:
        """Delete every canary that there is by now. Returns the names of those that may still be there."""
        for name in reversed(list(self._names)):
            with contextlib.suppress(SecretferryError):
                await self._remove(name)
                del self._names[name]
        return list(self._names)

    async def remove(self) -> list[str]:
        """Delete every canary, and look whether any is left. Returns the names of those that may still be there."""
        remaining = await self.tidy()
        try:
            listed = [item.name async for item in self.store.folder(self.folder) if TAG in item.tags]
        except SecretferryError:
            return sorted(remaining)  # each was asked for by itself
        return sorted({*remaining, *listed})

    async def _remove(self, name: str) -> None:
        leaf = name.removeprefix(f"{self.folder}/")
        try:
            item = await self.described(leaf)
        except NotFound:
            return
        if item.get("delete_protection"):
            await self._call("update-item", leaf, "", {"delete_protection": "false"})
        await self._call("delete-item", leaf, "", {})
        if await self.is_there(leaf):
            raise SecretferryError(f"{name} is there after its deletion")

    async def _must(self, command: str, leaf: str, value: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
        try:
            return await self._call(command, leaf, value, body)
        except PermissionDenied as error:
            remedy = _RIGHTS.format(folder=self.folder.rpartition("/")[0])
            raise PermissionDenied(error.message, remedy, status=error.status, words=error.words) from None

    async def _call(self, command: str, leaf: str, value: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
        name = self.name(leaf)
        given = {key: one for key, one in body.items() if one is not None}
        sent = {(key if key in _UNDERSCORED else key.replace("_", "-")): one for key, one in given.items()}
        if "names" not in sent:
            sent["name"] = name
        known = name in self._names
        if command == "create-secret":
            self._names[name] = None
        # A repeated deletion or creation would be answered differently, and the first answer is what counts.
        repeatable = command in ("describe-item", "get-secret-value", "update-item")
        try:
            return await self.client.call(command, sent, what=f"{command} {name}", repeatable=repeatable, secret=value)
        except ApiError as error:
            if command == "create-secret" and not known and _refused(error):
                del self._names[name]
            raise


def _refused(error: ApiError) -> bool:
    """Whether the command was not executed, and will not be."""
    return 400 <= error.status < 500 and error.status not in RETRYABLE and not isinstance(error, Uncertain)


def _plain(value: str) -> dict[str, t.Any]:
    return {"value": value, "format": "json", "tags": [TAG], "delete_protection": "false"}


def removal(name: str) -> str:
    """The command of Akeyless's CLI that removes an item."""
    return f"akeyless delete-item --name {json.dumps(name, ensure_ascii=False)}"
