# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with listings: subfolders, pages, what an entry shows, filters."""

from __future__ import annotations

import typing as t

from ..errors import NotFound
from ..stopping import stop
from .assumption import Seen
from .canaries import TAG, Canaries

__all__ = ["TRIES", "folder_vanishes"]

_Seen = t.AsyncIterator[Seen]
_FOLDER = "listing"
_LOOKS = 10
_PAUSE = 0.5  # seconds between two looks for an item that was created
_MOST_PAGES = 5
_FIELDS = {
    "item_tags": "tags",
    "item_metadata": "description",
    "last_version": "last version",
    "modification_date": "date",
}


async def listed(canaries: Canaries) -> _Seen:
    """A folder with an item, and another item in a subfolder."""
    direct, below = f"{_FOLDER}/direct", f"{_FOLDER}/sub/below"
    await canaries.make(below)
    await canaries.make(direct, description="a canary", tags=[TAG, "second-tag"])
    folder = canaries.name(_FOLDER)
    looks = 0
    page: dict[str, t.Any] = {}
    while looks < _LOOKS and canaries.name(direct) not in _names(page):
        await stop.sleep(_PAUSE if looks else 0)
        page = await _page(canaries, folder)
        looks += 1
    found = canaries.name(direct) in _names(page)
    at_once = found and looks == 1
    later = f"after {looks} looks" if found else f"not in {looks} looks"
    yield Seen("listing_at_once", at_once, "at once" if at_once else later)

    entries = [one for one in page.get("items") or () if one.get("item_name") == canaries.name(direct)]
    entry: dict[str, t.Any] = entries[0] if entries else {}
    item = await canaries.described(direct)
    lacking = [word for key, word in _FIELDS.items() if not entry.get(key) or entry[key] != item.get(key)]
    shown = f"not shown, or not as described: {', '.join(lacking)}" if lacking else ", ".join(_FIELDS.values())
    yield Seen("listing_fields", not lacking, shown)

    shows = canaries.name(below) in _names(page)
    named = "/sub" in [f"/{one.strip('/')}".removeprefix(folder) for one in page.get("folders") or ()]
    reached = shows or (named and canaries.name(below) in _names(await _page(canaries, f"{folder}/sub")))
    yield Seen(
        "listing_subfolders",
        reached,
        f"what is in subfolders is {'' if shows else 'not '}shown; subfolders are {'' if named else 'not '}named",
    )
    yield await _end(canaries, folder, page)

    here = _names(await _page(canaries, folder, current_folder=True))
    left_out = canaries.name(below) not in here
    yield Seen(
        "current_folder",
        left_out and canaries.name(direct) in here,
        "they are left out" if left_out else "they are not left out",
    )
    filtered = _names(await _page(canaries, folder, filter="direct"))
    left_out = canaries.name(below) not in filtered
    yield Seen(
        "listing_filter",
        left_out and canaries.name(direct) in filtered,
        "other names are left out" if left_out else "other names are not left out",
    )


async def _end(canaries: Canaries, folder: str, page: dict[str, t.Any]) -> Seen:
    """Follow the pages of a listing behind the one that shows all."""
    if not page.get("next_page"):
        return Seen("listing_end", True, "the last page has no token")
    last = _names(page)[-1:]
    tokens: set[str] = set()
    for _page_number in range(_MOST_PAGES):
        token = str(page["next_page"])
        page = await _page(canaries, folder, pagination_token=token)
        names = _names(page)
        if not names:
            return Seen("listing_end", True, "the last page has a token; the page behind it is empty")
        if names != last or token in tokens:
            break
        if not page.get("next_page"):
            return Seen("listing_end", True, "the last page has a token; its last item comes once more")
        tokens.add(token)
    return Seen("listing_end", False, "the pages do not end: the same items come again")


async def folder_vanishes(canaries: Canaries) -> Seen:
    """Whether the canaries' folder is named once they are all deleted. This try comes last."""
    parent, _slash, own = canaries.folder.rpartition("/")
    page = await _page(canaries, parent or "/")
    folders = [f"/{one.strip('/')}" for one in page.get("folders") or ()]
    there = canaries.folder in folders or f"/{own}" in folders
    return Seen(
        "folder_vanishes", not there, "the empty folder is still named" if there else "it is not named any more"
    )


async def _page(canaries: Canaries, path: str, **more: t.Any) -> dict[str, t.Any]:
    body = {"path": path, "auto-pagination": "disabled", "minimal-view": False}
    body |= {key.replace("_", "-"): value for key, value in more.items()}
    try:
        return await canaries.client.call("list-items", body, what=f"list of {path}", repeatable=True)
    except NotFound:
        return {}


def _names(page: t.Mapping[str, t.Any]) -> list[str]:
    return [str(item.get("item_name")) for item in page.get("items") or ()]


TRIES = (
    (
        listed,
        ("listing_at_once", "listing_fields", "listing_subfolders", "listing_end", "current_folder", "listing_filter"),
    ),
)
"""What is tried, and which assumptions each settles."""
