# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings: pages, paths, filters."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import typing as t
from urllib.parse import urlsplit

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator

TREE = ["/a", "/a/b", "/a/b/c", "/a/d", "/ab", "/z/deep/er/x", "/z/y"]


@pytest.fixture
def tree(sdk: Sdk) -> Sdk:
    for number, name in enumerate(TREE):
        sdk.create_secret(name=name, value="1", tags=["even"] if number % 2 == 0 else ["odd", "both"])
    return sdk


@pytest.fixture
def many(emulator: Emulator, sdk: Sdk) -> Sdk:
    """2,101 secrets in two folders."""
    address = urlsplit(emulator.url)
    client = http.client.HTTPConnection(address.hostname or "", address.port)
    for number in range(2101):
        body = {"name": f"/many/{number % 2}/{number:04}", "value": "1", "token": sdk.token}
        client.request("POST", "/create-secret", json.dumps(body))
        assert client.getresponse().read()
    client.close()
    return sdk


def pages(sdk: Sdk, **how: t.Any) -> list[list[str]]:
    """The names of each page, following next_page."""
    found = []
    token = ""
    while True:
        more = {"pagination_token": token} if token else {}
        answer = sdk.list_items(auto_pagination="disabled", **how, **more)
        found.append([item.item_name for item in answer.items or []])
        token = answer.next_page
        if not token:
            return found


def test_a_page_has_a_thousand_items_and_none_is_lost_or_doubled(emulator: Emulator, many: Sdk) -> None:
    emulator.control.settings(last_page_token=False)
    found = pages(many, path="/many")
    assert [len(page) for page in found] == [1000, 1000, 101]
    assert sorted(itertools.chain(*found)) == sorted(f"/many/{number % 2}/{number:04}" for number in range(2101))


def test_filters_apply_before_pages_are_cut(emulator: Emulator, tree: Sdk) -> None:
    emulator.control.settings(page_size=2, last_page_token=False)
    assert pages(tree, path="/a") == [["/a/b", "/a/b/c"], ["/a/d"]]
    assert pages(tree, path="/", tag="even") == [["/a", "/a/b/c"], ["/ab", "/z/y"]]


def test_automatic_pagination_gives_everything_in_one_answer(emulator: Emulator, tree: Sdk) -> None:
    emulator.control.settings(page_size=2, last_page_token=False)
    answer = tree.list_items(path="/")
    assert (len(answer.items), answer.next_page) == (10, "")
    emulator.control.settings(auto_pagination=False)
    answer = tree.list_items(path="/")
    assert len(answer.items) == 2
    assert answer.next_page


def test_items_that_come_and_go_between_pages_disturb_no_others(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(page_size=3, last_page_token=False)
    for name in "bdfhjl":
        sdk.create_secret(name=f"/p/{name}", value="1")
    first = sdk.list_items(path="/p", auto_pagination="disabled")
    assert [item.item_name for item in first.items] == ["/p/b", "/p/d", "/p/f"]
    sdk.delete_item(name="/p/f")
    sdk.delete_item(name="/p/j")
    sdk.create_secret(name="/p/a", value="1")
    sdk.create_secret(name="/p/k", value="1")
    second = sdk.list_items(path="/p", auto_pagination="disabled", pagination_token=first.next_page)
    assert [item.item_name for item in second.items] == ["/p/h", "/p/k", "/p/l"]
    assert second.next_page == ""


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_a_last_page_that_is_full_has_no_next_where_last_pages_have_no_token(
    emulator: Emulator, sdk: Sdk, count: int
) -> None:
    emulator.control.settings(page_size=3, last_page_token=False)
    for number in range(count):
        sdk.create_secret(name=f"/p/{number}", value="1")
    assert [len(page) for page in pages(sdk, path="/p")] == {2: [2], 3: [3], 4: [3, 1], 6: [3, 3]}[count]


def test_an_unknown_pagination_token_is_refused(sdk: Sdk) -> None:
    with refused(400, "pagination-token"):
        sdk.list_items(path="/", pagination_token="not a token")


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ({"path": "/"}, TREE),
        ({}, TREE),
        ({"path": "/a"}, ["/a/b", "/a/b/c", "/a/d"]),
        ({"path": "a/"}, ["/a/b", "/a/b/c", "/a/d"]),
        ({"path": "/a/b"}, ["/a/b/c"]),
        ({"path": "/a", "current_folder": True}, ["/a/b", "/a/d"]),
        ({"path": "/", "current_folder": True}, ["/a", "/ab"]),
        ({"path": "/none"}, []),
        ({"path": "/ab"}, []),
        ({"filter": "b"}, ["/a/b", "/a/b/c", "/ab"]),
        ({"path": "/a", "filter": "c"}, ["/a/b/c"]),
        ({"tag": "even"}, TREE[::2]),
        ({"tag": "both"}, TREE[1::2]),
        ({"tag": "eve"}, []),
        ({"path": "/z", "tag": "even"}, ["/z/y"]),
        ({"sub_types": ["password"]}, []),
    ],
    ids=str,
)
def test_what_a_listing_finds(tree: Sdk, how: dict[str, t.Any], names: list[str]) -> None:
    assert tree.names(**{"type": ["static-secret"], **how}) == names


@pytest.mark.parametrize(
    ("types", "count"),
    [(["static-secret"], 7), (["key"], 3), (["key", "static-secret"], 10), ([], 10), (["dynamic-secret"], 0)],
)
def test_listings_of_types(tree: Sdk, types: list[str], count: int) -> None:
    assert len(tree.names(path="/", type=types)) == count


def test_an_unknown_type_is_refused(sdk: Sdk) -> None:
    with refused(400, "invalid item type"):
        sdk.list_items(path="/", type=["painting"])


@pytest.mark.parametrize(
    ("path", "folders"), [("/", ["/a/", "/keys/", "/z/"]), ("/a", ["/a/b/"]), ("/z", ["/z/deep/"]), ("/a/b", None)]
)
def test_folders_directly_below_are_listed(tree: Sdk, path: str, folders: list[str] | None) -> None:
    assert tree.list_items(path=path).folders == folders


def test_the_empty_answer_has_nulls(emulator: Emulator, admin_token: str) -> None:
    _, answer, _ = raw(emulator.url, "list-items", {"path": "/nothing/here", "token": admin_token})
    assert answer == {"items": None, "folders": None, "next_page": ""}


def test_a_listing_shows_items_as_describe_does_and_never_a_value(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="canary-4711", description="d", tags=["t"])
    _, answer, _ = raw(emulator.url, "list-items", {"path": "/", "type": ["static-secret"], "token": sdk.token})
    _, described, _ = raw(emulator.url, "describe-item", {"name": "/a", "token": sdk.token})
    assert answer["items"] == [described]
    assert "canary" not in str(answer)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", described["modification_date"])
    assert emulator.control.counters()["values_read"] == 0


def test_the_minimal_view_leaves_the_metadata_out(tree: Sdk) -> None:
    item = tree.list_items(path="/z", minimal_view=True).items[0]
    assert item.item_name == "/z/deep/er/x"
    assert item.item_id
    assert (item.item_metadata, item.item_tags, item.last_version) == (None, None, None)


@pytest.mark.parametrize("resolution", ["seconds", "microseconds"])
def test_only_items_modified_later_are_listed(emulator: Emulator, tree: Sdk, resolution: str) -> None:
    emulator.control.settings(date_resolution=resolution)
    newest = tree.describe_item(name=TREE[-1]).modification_date.timestamp()
    assert tree.names(path="/", modified_after=int(newest) + 1) == []
    assert tree.names(path="/", modified_after=int(newest) - 60, type=["static-secret"]) == TREE


@pytest.mark.parametrize("how", [{"advanced_filter": "x"}, {"sra_only": True}, {"ara_only": True}])
def test_filters_that_the_emulator_lacks_are_refused_not_ignored(sdk: Sdk, how: dict[str, t.Any]) -> None:
    with refused(400):
        sdk.list_items(path="/", **how)
