# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command list-items: folders, pages, filters."""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from .account import Account
from .errors import invalid_param
from .items_shown import full_view, minimal_view
from .rights import Caller
from .store import DYNAMIC, STATIC, Item

__all__ = ["list_items"]

Body = dict[str, t.Any]

_TYPES = ("static-secret", "key", "dynamic-secret", "classic-key", "rotated-secret", "certificate", "usc")
_KINDS = {STATIC: "static-secret", DYNAMIC: "dynamic-secret"}


def list_items(account: Account, caller: Caller, body: Body) -> Body:
    """A page of the items under ``path``, by name, that the caller may list.

    Those below its folders are among them where the setting ``listing`` is ``recursive``. ``folders`` are those
    directly in the path, on the first page.
    """
    settings = account.settings
    path = "/" + body.get("path", "").strip("/")
    prefix = path if path == "/" else f"{path}/"
    wanted = _filter(account, body)
    here_only = body.get("current-folder", False) or settings.listing == "flat"
    token = body.get("pagination-token", "")
    one_page = body.get("auto-pagination", "enabled") == "disabled" or not settings.auto_pagination
    size = settings.page_size if one_page else len(account.store.items)
    view = minimal_view if body.get("minimal-view") else full_view
    after, turn = _place_of(token)
    page: list[Body] = []
    more = False
    last = ""
    for item in account.store.under(prefix, "" if settings.endless_pages != "no" else after):
        if here_only and "/" in item.name[len(prefix) :]:
            continue
        if not wanted(item) or not caller.can("list", item.name):
            continue
        if len(page) == size:
            more = True
            break
        last = item.name
        page.append(view(account, caller, item))
    folders = [] if token else [f for f in account.store.folders(prefix) if _may_see_folder(account, caller, f)]
    next_page = ""
    if page and (more or settings.last_page_token or settings.endless_pages != "no"):
        next_page = _token(last, turn + 1 if settings.endless_pages == "new_tokens" else 0)
    return {"items": page or None, "folders": folders or None, "next_page": next_page}


def _token(name: str, turn: int) -> str:
    place: Body = {"i": name, **({"n": turn} if turn else {})}
    return base64.b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def _place_of(token: str) -> tuple[str, int]:
    """The name behind which a page begins, and the page's number where the setting ``endless_pages`` counts them."""
    if not token:
        return "", 0
    try:
        place = json.loads(base64.b64decode(token, validate=True))
        return str(place["i"]), int(place.get("n", 0))
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise invalid_param("invalid pagination-token") from None


def _filter(account: Account, body: Body) -> t.Callable[[Item], bool]:
    part, tag, after = body.get("filter", ""), body.get("tag", ""), body.get("modified-after", 0)
    # What counts is the date that is shown.
    unit = 1 if account.settings.date_resolution == "microseconds" else 1_000_000
    earliest = after * 1_000_000 // unit + 1 if after else 0
    sub_types = body.get("sub-types", ())
    types = [kind.lower().replace("_", "-") for kind in body.get("type", ())]
    for kind in types:
        if kind not in _TYPES:
            raise invalid_param(f"invalid item type: {kind}")
    if body.get("advanced-filter") or body.get("sra-only") or body.get("ara-only"):
        raise invalid_param("the emulator has no advanced-filter, sra-only and ara-only")

    def wanted(item: Item) -> bool:
        return (
            part in item.name
            and (not tag or tag in item.tags)
            and item.modified // unit >= earliest
            and (not types or _KINDS.get(item.kind, "key") in types)
            and (not sub_types or item.sub_type in sub_types)
        )

    return wanted


def _may_see_folder(account: Account, caller: Caller, folder: str) -> bool:
    return caller.admin or any(caller.can("list", item.name) for item in account.store.under(folder))
