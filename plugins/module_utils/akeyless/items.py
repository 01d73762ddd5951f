# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Static secrets of Akeyless, written so that an answer that was lost never becomes a version too many.

Facts of the API: see client.py. What is assumed of it is listed in docs/assumptions.md.
"""

from __future__ import annotations

import asyncio
import typing as t

from ..errors import AlreadyExists, ApiError, Changed, NotFound, PermissionDenied
from .client import AkeylessClient, Uncertain
from .item import Item
from .listing import items_below, items_in
from .values import remembered, same_value, text_of

__all__ = ["Item", "ItemStore", "same_value"]

_TRIES = 6
# What answers of writes are documented to have (the models CreateSecretOutput and the like of the official SDK).
_ANSWERS = {
    "create-secret": ("name",),
    "update-secret-val": ("name",),
    "update-item": ("updated",),
    "delete-item": ("item_name", "item_id", "deletion_date", "version_deleted"),
}


class ItemStore:
    """The static secrets of one account."""

    def __init__(self, client: AkeylessClient) -> None:
        self.client = client
        self.values_read = 0
        self.writes = 0
        self._protection_key = ""

    def protect_with(self, key: str) -> None:
        """Encrypt what is written from now on with this protection key, instead of the account's default one."""
        self._protection_key = key

    def folder(self, path: str, containing: str = "") -> t.AsyncIterator[Item]:
        """Every item in ``path`` and below, of all types and in no promised order; see listing.py.

        :param containing: only items directly in ``path`` whose name contains this, where the server can leave others
            out; some may come all the same.
        :raises ApiError: the listing has no end, or is not one of Akeyless.
        """
        return items_in(self.client, path, containing) if containing else items_below(self.client, path)

    async def describe(self, name: str, *, versions: bool = False) -> Item | None:
        """One item; ``versions``: with the numbers of those that are kept.

        :returns: ``None`` only where Akeyless says by status and code that there is none.
        :raises PermissionDenied, ApiError: it is unknown whether there is one.
        """
        body: dict[str, t.Any] = {"name": name, **({"show-versions": True} if versions else {})}
        try:
            answer = await self.client.call("describe-item", body, what=f"item {name}", repeatable=True)
        except NotFound:
            return None
        return Item.of(answer, f"item {name}", name)

    async def values(self, names: t.Sequence[str], version: int = 0) -> dict[str, str]:
        """The values of several items in one request: the current ones, or those of one version number.

        :raises NotFound, PermissionDenied: already where one of them cannot be had.
        """
        self.values_read += len(names)
        body: dict[str, t.Any] = {"names": list(names), "ignore-cache": "true"}
        if version:
            body["version"] = version
        what = f"value of {names[0]}" + (f" version {version}" if version else "")
        answer = await self.client.call("get-secret-value", body, what=what, repeatable=True)
        return {name: remembered(name, text_of(answer[name])) for name in names if name in answer}

    async def value(self, name: str, version: int) -> str | None:
        """The value of one version, ``None`` where it is no longer kept."""
        self.values_read += 1
        try:
            answer = await self.client.call(
                "get-secret-value",
                {"names": [name], "version": version, "ignore-cache": "true"},
                what=f"value of {name} version {version}",
                repeatable=True,
            )
        except NotFound:
            return None
        return remembered(name, text_of(answer[name])) if name in answer else None

    async def create(
        self,
        name: str,
        value: str,
        *,
        tag: str,
        more_tags: t.Sequence[str] = (),
        description: str = "",
        max_versions: int = 0,
        form: str = "json",
        passing: bool = False,
    ) -> None:
        """Create an item whose version 1 is ``value``.

        :param passing: it will be deleted in the course of things, so it is not protected from that, even where an
            account protects new items by default.
        :raises AlreadyExists: an item of that name is there, and this call did not make it.
        """
        body: dict[str, t.Any] = {"name": name, "value": value, "format": form, "tags": [tag, *more_tags]}
        if description:
            body["description"] = description
        if max_versions:
            body["max-versions"] = str(max_versions)
        if passing:
            body["delete_protection"] = "false"
        if self._protection_key:
            body["protection_key"] = self._protection_key
        lost = False
        for attempt in range(_TRIES):
            try:
                await self._write("create-secret", body, f"create {name}", value)
                return
            except PermissionDenied:
                raise
            except ApiError as error:
                if not lost and not isinstance(error, Uncertain):
                    raise
                # This answer or an earlier one may be lost: look at the item before anything is sent again.
                lost = True
                item = await self.describe(name)
                if item is not None:
                    # This call created it only if it is exactly what this request describes.
                    if (
                        item.last_version == 1
                        and {tag, *more_tags} <= {*item.tags}
                        and same_value(await self.value(name, 1), value)
                    ):
                        return
                    raise AlreadyExists(f"create {name}: another program created it meanwhile") from None
                if not isinstance(error, (AlreadyExists, Uncertain)):
                    raise
                await _pause(attempt)
        raise _gave_up(f"create {name}")

    async def append(self, name: str, value: str, last_version: int, *, form: str = "json") -> None:
        """Add ``value`` as version ``last_version + 1``.

        :raises Changed: the item's newest version is not ``last_version``: another program wrote.
        """
        await self._update(name, value, last_version, form, keep=True)

    async def replace(
        self, name: str, value: str, last_version: int, *, form: str = "json", own_key: bool = False
    ) -> None:
        """Put ``value`` in place of version ``last_version``, the newest.

        An account can be set to force new versions (``force-new-versions``): then it becomes a new one all the same.
        Where that matters, ask :meth:`describe`.

        :param own_key: encrypt it with the key that the item has, instead of the one of :meth:`protect_with`.
        :raises Changed: the item's newest version is not ``last_version``.
        """
        await self._update(name, value, last_version, form, keep=False, own_key=own_key)

    async def _update(
        self, name: str, value: str, last_version: int, form: str, *, keep: bool, own_key: bool = False
    ) -> None:
        what = f"{'append to' if keep else 'replace'} {name}"
        body: dict[str, t.Any] = {
            "name": name,
            "value": value,
            "format": form,
            # Always sent: without it, a default of the account counts.
            "keep-prev-version": "true" if keep else "false",
            "last-version": last_version,
        }
        if self._protection_key and not own_key:
            body["key"] = self._protection_key
        for attempt in range(_TRIES):
            try:
                await self._write("update-secret-val", body, what, value)
                return
            except PermissionDenied:
                raise
            except ApiError as error:
                # Lost, failed or refused: look at the item before anything is sent again.
                item = await self.describe(name)
                last = item.last_version if item else 0
                if isinstance(error, Uncertain):
                    settled = last if last == last_version + 1 or not keep else 0
                    if settled and same_value(await self.value(name, settled), value):
                        return
                    if last == last_version:
                        await _pause(attempt)
                        continue
                elif last == last_version:
                    raise
                elif attempt and last == last_version + 1 and same_value(await self.value(name, last), value):
                    return  # an earlier attempt of this call arrived late, so this one failed
                raise Changed(f"{what}: it was at version {last_version} and is now at {last or 'none'}") from None
        raise _gave_up(what)

    async def update(
        self,
        name: str,
        *,
        description: str | None = None,
        add_tags: t.Sequence[str] = (),
        remove_tags: t.Sequence[str] = (),
        max_versions: int = 0,
    ) -> None:
        """Change an item's description, tags or number of kept versions. Safe to repeat, and repeated."""
        body: dict[str, t.Any] = {"name": name}
        if description is not None:
            body["description"] = description
        if add_tags:
            body["add-tag"] = list(add_tags)
        if remove_tags:
            body["rm-tag"] = list(remove_tags)
        if max_versions:
            body["max-versions"] = str(max_versions)
        for attempt in range(_TRIES):
            try:
                await self._repeat("update-item", body, f"update {name}")
                return
            except Uncertain:
                item = await self.describe(name)
                if item is None:
                    raise NotFound(f"update {name}: there is no such item any more") from None
                if (
                    description in (None, item.description)
                    and {*add_tags} <= {*item.tags}
                    and not {*remove_tags} & {*item.tags}
                    and (not max_versions or item.max_versions in (0, max_versions))
                ):
                    return
                await _pause(attempt)
        raise _gave_up(f"update {name}")

    async def delete(self, name: str) -> bool:
        """Delete an item with all its versions. Safe to repeat, and repeated.

        :returns: ``False`` where there was none, as a look at the item shows: a refusal does not prove it.
        """

        async def is_deleted() -> bool:
            return await self.describe(name) is None

        return await self._delete({"name": name}, f"delete {name}", is_deleted)

    async def delete_version(self, name: str, version: int) -> bool:
        """Delete one version of an item. Safe to repeat, and repeated.

        :returns: ``False`` where there was none, as a look at the item shows.
        """

        async def is_deleted() -> bool:
            item = await self.describe(name, versions=True)
            return item is None or (bool(item.versions) and version not in item.versions)

        return await self._delete({"name": name, "version": version}, f"delete {name} version {version}", is_deleted)

    async def _delete(self, body: dict[str, t.Any], what: str, is_deleted: t.Callable[[], t.Awaitable[bool]]) -> bool:
        for attempt in range(_TRIES):
            try:
                await self._repeat("delete-item", body, what)
                return True
            except NotFound as error:
                if await is_deleted():
                    return False
                raise ApiError(
                    f"{what}: Akeyless says that it is not there, and shows it", "Run again", status=error.status
                ) from None
            except Uncertain:
                if await is_deleted():
                    return True
                await _pause(attempt)
        raise _gave_up(what)

    async def _write(self, command: str, body: dict[str, t.Any], what: str, value: str) -> None:
        self.writes += 1
        remembered(str(body["name"]), value)
        await self.client.call(command, body, what=what, repeatable=False, secret=value, answered_by=_ANSWERS[command])

    async def _repeat(self, command: str, body: dict[str, t.Any], what: str) -> None:
        """Send a write that does no harm when it is sent twice."""
        self.writes += 1
        await self.client.call(command, body, what=what, repeatable=True, answered_by=_ANSWERS[command])


def _gave_up(what: str) -> ApiError:
    return ApiError(f"{what}: {_TRIES} tries without a clear answer", "Check Akeyless' status, then run again")


async def _pause(attempt: int) -> None:
    await asyncio.sleep(0.1 * 2**attempt)
