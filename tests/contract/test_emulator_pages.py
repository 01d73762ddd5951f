# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings as the service was seen to give them: tokens on last pages, folders instead of what is below them."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator

TREE = ["/a", "/a/b", "/a/b/c", "/a/d", "/only/folders/x", "/z/y"]


@pytest.fixture
def tree(sdk: Sdk) -> Sdk:
    for name in TREE:
        sdk.create_secret(name=name, value="1", tags=["odd" if name == "/a/d" else "even"])
    return sdk


def token_of(name: str) -> str:
    """The token that a recording shows behind a page that ends with this name."""
    return base64.b64encode(json.dumps({"i": name}, separators=(",", ":")).encode()).decode()


def listed(sdk: Sdk, **how: t.Any) -> tuple[list[str] | None, list[str] | None, str]:
    """Names, folders and next_page of one answer."""
    _, answer, _ = raw(sdk.url, "list-items", {"token": sdk.token, "type": ["static-secret"], **how})
    items = answer["items"]
    return [item["item_name"] for item in items] if items is not None else None, answer["folders"], answer["next_page"]


@pytest.mark.parametrize("paging", ["enabled", "disabled"])
def test_a_last_page_can_have_a_token_with_its_last_name(emulator: Emulator, tree: Sdk, paging: str) -> None:
    emulator.control.settings(last_page_token=True)
    names, _, token = listed(tree, path="/a", **{"auto-pagination": paging})
    assert (names, token) == (["/a/b", "/a/b/c", "/a/d"], token_of("/a/d"))
    behind = listed(tree, path="/a", **{"auto-pagination": paging, "pagination-token": token})
    assert behind == (None, None, "")
    emulator.control.settings(last_page_token=False)
    assert listed(tree, path="/a", **{"auto-pagination": paging})[2] == ""


def test_an_empty_listing_never_has_a_token(emulator: Emulator, tree: Sdk) -> None:
    emulator.control.settings(last_page_token=True, endless_pages="same_token")
    assert listed(tree, path="/none") == (None, None, "")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_with_tokens_on_last_pages_nothing_is_lost_or_doubled(emulator: Emulator, sdk: Sdk, count: int) -> None:
    emulator.control.settings(last_page_token=True, page_size=2)
    wanted = [f"/p/{number}" for number in range(count)]
    for name in wanted:
        sdk.create_secret(name=name, value="1")
    found: list[str] = []
    names, _, token = listed(sdk, path="/p", **{"auto-pagination": "disabled"})
    while names:
        found += names
        names, _, token = listed(sdk, path="/p", **{"auto-pagination": "disabled", "pagination-token": token})
    assert (found, token) == (wanted, "")


@pytest.mark.parametrize("wrong", ["not a token", "bm90IGpzb24=", "e30=", "WzFd"])
def test_a_token_that_was_never_given_is_refused(sdk: Sdk, wrong: str) -> None:
    with refused(400, "pagination-token"):
        sdk.list_items(path="/", pagination_token=wrong)


def test_pages_that_never_end(emulator: Emulator, tree: Sdk) -> None:
    how = {"path": "/a", "auto-pagination": "disabled"}
    for form, different in (("same_token", 1), ("new_tokens", 4)):
        emulator.control.settings(endless_pages=form, page_size=2)
        seen = [listed(tree, **how)]
        for _ in range(3):
            seen.append(listed(tree, **how, **{"pagination-token": seen[-1][2]}))
        assert {tuple(names or ()) for names, _, _ in seen} == {("/a/b", "/a/b/c")}
        assert len({token for _, _, token in seen}) == different


@pytest.mark.parametrize(
    ("path", "flat", "recursive", "folders"),
    [
        ("/a", ["/a/b", "/a/d"], ["/a/b", "/a/b/c", "/a/d"], ["/a/b/"]),
        ("/a/b", ["/a/b/c"], ["/a/b/c"], None),
        ("/only", None, ["/only/folders/x"], ["/only/folders/"]),
        ("/", ["/a"], TREE, ["/a/", "/keys/", "/only/", "/z/"]),
        ("/none", None, None, None),
    ],
)
def test_a_path_lists_its_folders_or_what_is_below_them(
    emulator: Emulator,
    tree: Sdk,
    path: str,
    flat: list[str] | None,
    recursive: list[str] | None,
    folders: list[str] | None,
) -> None:
    emulator.control.settings(last_page_token=False, listing="flat")
    assert listed(tree, path=path) == (flat, folders, "")
    assert listed(tree, path=path, **{"current-folder": True}) == (flat, folders, "")
    emulator.control.settings(listing="recursive")
    assert listed(tree, path=path) == (recursive, folders, "")
    assert listed(tree, path=path, **{"current-folder": True}) == (flat, folders, "")


@pytest.mark.parametrize("last_page_token", [True, False])
def test_descending_by_folders_finds_everything(emulator: Emulator, tree: Sdk, last_page_token: bool) -> None:
    emulator.control.settings(listing="flat", page_size=1, last_page_token=last_page_token)
    found, paths = [], ["/"]
    for path in paths:
        how = {"path": path, "auto-pagination": "disabled"}
        names, folders, token = listed(tree, **how)
        paths += folders or []
        while names:
            found += names
            names, more, token = listed(tree, **how, **{"pagination-token": token}) if token else (None, None, "")
            assert more is None
    assert sorted(found) == sorted(TREE)


def test_filters_of_a_flat_listing_leave_the_folders(emulator: Emulator, tree: Sdk) -> None:
    emulator.control.settings(listing="flat", last_page_token=False)
    assert listed(tree, path="/a", tag="odd") == (["/a/d"], ["/a/b/"], "")
    assert listed(tree, path="/a", filter="c") == (None, ["/a/b/"], "")


def test_folders_that_the_caller_may_not_list_are_left_out(emulator: Emulator, tree: Sdk) -> None:
    emulator.control.settings(listing="flat", last_page_token=False)
    tree.create_secret(name="/apps/open/x", value="1")
    tree.create_secret(name="/apps/secret/x", value="1")
    reader = Sdk(emulator.url, emulator.login("p-reader", "reader-key"))
    assert listed(reader, path="/apps") == (None, ["/apps/open/"], "")
    assert listed(reader, path="/") == (None, ["/apps/"], "")
