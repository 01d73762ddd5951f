# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listing a folder of Akeyless with all that is below it, whether or not a listing includes subfolders.

The documentation of ``list-items`` does not say whether the listing of a path includes what is in its subfolders; it
shows that an answer names these in ``folders``. So every folder that is named and of which no item was listed is
listed by itself: none at all where listings include subfolders, empty folders aside.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections import deque
from dataclasses import dataclass, field

from ..errors import ApiError, NotFound, PermissionDenied
from .client import AkeylessClient
from .item import Item, strange_answer

__all__ = ["items_below", "items_in"]

_AT_ONCE = 8  # folders whose first page is asked for at the same time
_MOST_PAGES = 10_000  # of 1,000 items each
_MOST_EMPTY_PAGES = 20  # in a row
_MOST_FOLDERS = 200_000
_DEEPEST = 200  # folders in folders: a server that names a folder in every answer, whatever was asked, is noticed

_ENDLESS = "Check akeyless.api_url and what stands in front of it; if it is Akeyless itself, report this to its support"


async def items_below(client: AkeylessClient, path: str) -> t.AsyncIterator[Item]:
    """Every item in ``path`` and below, of all types, a page of 1,000 at a time.

    The order is that of the service within a folder. A subfolder that the caller may not list is left out, as listings
    that include subfolders leave it out.

    :raises ApiError: the pages or the folders have no end, or the answers are not those of Akeyless.
    """
    top = _Folder(client, path)
    async for item in top.items():
        yield item
    known = {top.name}
    waiting = deque(top.unlisted(known))
    while waiting:
        if len(known) > _MOST_FOLDERS:
            raise ApiError(f"list of {path}: it names more than {_MOST_FOLDERS} folders", _ENDLESS)
        if waiting[0].count("/") - top.name.count("/") > _DEEPEST:
            raise ApiError(f"list of {path}: it names more than {_DEEPEST} folders in each other", _ENDLESS)
        some = [_Folder(client, waiting.popleft()) for _place in range(min(_AT_ONCE, len(waiting)))]
        await _begin(some)
        for folder in some:
            async for item in folder.items():
                yield item
            waiting += folder.unlisted(known)


async def items_in(client: AkeylessClient, path: str, containing: str) -> t.AsyncIterator[Item]:
    """The items directly in ``path`` whose names contain a text; others may come where the service does not filter."""
    async for item in _Folder(client, path, {"filter": containing, "current-folder": True}).items():
        yield item


async def _begin(folders: t.Sequence[_Folder]) -> None:
    """Get the first page of each; a failure only when none is under way any more."""
    for failure in await asyncio.gather(*(folder.begin() for folder in folders), return_exceptions=True):
        if isinstance(failure, PermissionDenied):
            continue
        if failure is not None:
            raise failure


@dataclass(frozen=True)
class _Page:
    items: tuple[Item, ...] = ()
    folders: tuple[str, ...] = ()
    token: str = ""

    @classmethod
    def of(cls, answer: dict[str, t.Any], what: str) -> _Page:
        if not {"items", "folders"} & {*answer}:
            raise strange_answer(what)
        items, folders = ([] if answer.get(part) is None else answer[part] for part in ("items", "folders"))
        token = answer.get("next_page") or ""
        if not isinstance(items, list) or not isinstance(folders, list) or not isinstance(token, str):
            raise strange_answer(what)
        if not all(isinstance(folder, str) for folder in folders):
            raise strange_answer(what)
        return cls(tuple(Item.listed(entry, what) for entry in items), tuple(folders), token)


@dataclass
class _Folder:
    """One folder's listing, page by page.

    :ivar more: further members of the request.
    """

    client: AkeylessClient
    path: str
    more: dict[str, t.Any] = field(default_factory=dict)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = _plain(self.path)
        self._first: _Page | None = None
        self._named: set[str] = set()
        self._covered: set[str] = set()

    async def begin(self) -> None:
        """Get the first page."""
        self._first = _Page()  # for one that may not be listed
        self._first = await self._page("")

    async def items(self) -> t.AsyncIterator[Item]:
        """The items of all pages, once.

        :raises ApiError: the pages do not end.
        """
        page = self._first if self._first is not None else await self._page("")
        tokens: set[str] = set()
        contents: set[int] = set()
        last, empty = "", 0
        for _page in range(_MOST_PAGES):
            self._named.update(self._below(folder) for folder in page.folders)
            # Behind a token that names the last item, a page may begin with that item.
            fresh = page.items[1:] if page.items and page.items[0].name == last else page.items
            for item in fresh:
                self._cover(item.name)
                yield item
            if not page.token or (page.token in tokens and not fresh):
                return
            if page.token in tokens:
                raise ApiError(f"{self._what}: a page's token came a second time", _ENDLESS)
            tokens.add(page.token)
            if page.items:
                last, empty = page.items[-1].name, 0
                content = hash(tuple(item.name for item in page.items))
                if content in contents:
                    raise ApiError(f"{self._what}: the same items came a second time", _ENDLESS)
                contents.add(content)
            else:
                empty += 1
                if empty > _MOST_EMPTY_PAGES:
                    raise ApiError(f"{self._what}: {empty} pages without an item, and another is named", _ENDLESS)
            page = await self._page(page.token)
        raise ApiError(f"{self._what}: more than {_MOST_PAGES} pages", _ENDLESS)

    def unlisted(self, known: set[str]) -> list[str]:
        """The folders that were named and of which no item was listed, but for those in ``known``, which grows."""
        found = sorted(self._named - self._covered - known - {""})
        known.update(found)
        return found

    @property
    def _what(self) -> str:
        return f"list of {self.path}"

    async def _page(self, token: str) -> _Page:
        body: dict[str, t.Any] = {"path": self.path, "auto-pagination": "disabled", "minimal-view": False, **self.more}
        if token:
            body["pagination-token"] = token
        try:
            answer = await self.client.call("list-items", body, what=self._what, repeatable=True)
        except NotFound as error:
            if token:
                raise ApiError(error.message, "Run again", status=error.status, words=error.words) from None
            return _Page()
        return _Page.of(answer, self._what)

    def _below(self, folder: str) -> str:
        """A named folder's whole name; empty for what does not lie below this one."""
        name = _plain(folder)
        if not folder.startswith("/") and not name.startswith(f"{self.name}/"):
            name = f"{self.name}{name}"
        return name if name.startswith(f"{self.name}/") and name != f"{self.name}/" else ""

    def _cover(self, name: str) -> None:
        """Take note that an item was listed, for all the folders that it lies in."""
        folder = _plain(name).rpartition("/")[0]
        while len(folder) > len(self.name) and folder not in self._covered:
            self._covered.add(folder)
            folder = folder.rpartition("/")[0]


def _plain(path: str) -> str:
    """A name with one slash before it and none behind; empty for the whole account."""
    name = path.strip("/")
    return f"/{name}" if name else ""
