# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder's listing is the same, whether or not the service includes subfolders, and however it makes pages."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.client import AkeylessClient
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import ItemStore
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import ApiError, NotFound, PermissionDenied

Body = dict[str, t.Any]


class Service:
    """Answers ``list-items`` for these names.

    :param deep: a listing includes subfolders.
    :param nested: ``folders`` names all folders below, not only those directly below.
    :param last_token: the last page has a token, too.
    :param again: what is behind such a token: nothing, or the last item once more.
    :param empty: folders without an item that the caller may list.
    :param hidden: folders that may not be listed.
    """

    def __init__(
        self,
        names: t.Iterable[str],
        *,
        deep: bool = True,
        nested: bool = False,
        size: int = 1000,
        last_token: bool = False,
        again: bool = False,
        slash: str = "/",
        empty: t.Iterable[str] = (),
        hidden: t.Iterable[str] = (),
    ) -> None:
        self.names = sorted(set(names))
        self.deep, self.nested, self.size = deep, nested, size
        self.last_token, self.again, self.slash = last_token, again, slash
        self.empty, self.hidden = set(empty), set(hidden)
        self.received: list[Body] = []

    async def call(self, command: str, body: Body, **_rest: t.Any) -> Body:
        assert command == "list-items"
        self.received.append(body)
        await asyncio.sleep(0)
        folder = "/" + body["path"].strip("/")
        if folder in self.hidden:
            raise PermissionDenied("no right", status=401)
        prefix = folder.rstrip("/") + "/"
        deep = self.deep and not body.get("current-folder")
        below = [n for n in self.names if n.startswith(prefix) and (deep or "/" not in n[len(prefix) :])]
        below = [n for n in below if body.get("filter", "") in n]
        token = body.get("pagination-token", "")
        start = int(token) if token else 0
        page = below[start : start + self.size]
        more = start + self.size < len(below)
        folders = self._folders(prefix) if not token else []
        next_page = str(start + self.size) if more or (self.last_token and page) else ""
        if self.again and not page and token and below:
            page, next_page = below[-1:], token
        return {
            "items": [{"item_name": n, "item_type": "STATIC_SECRET", "last_version": 1} for n in page] or None,
            "folders": folders or None,
            "next_page": next_page,
        }

    def _folders(self, prefix: str) -> list[str]:
        found = set()
        for name in [*self.names, *(f"{folder}/x" for folder in self.empty)]:
            if name.startswith(prefix):
                parts = name[len(prefix) :].split("/")[:-1]
                found |= {"/".join(parts[: n + 1]) for n in range(len(parts) if self.nested else min(1, len(parts)))}
        return sorted(f"{prefix}{folder}{self.slash}" for folder in found)


def listed(service: t.Any, path: str = "/t", containing: str = "") -> list[str]:
    async def names() -> list[str]:
        store = ItemStore(t.cast("AkeylessClient", service))
        return [item.name async for item in store.folder(path, containing)]

    return asyncio.run(names())


PARTS = st.sampled_from(["a", "b", "ab", "NotFound", "x y", "é"])
NAMES = st.lists(PARTS, min_size=1, max_size=5).map(lambda parts: "/t/" + "/".join(parts))


@given(
    names=st.lists(NAMES, max_size=30),
    deep=st.booleans(),
    nested=st.booleans(),
    size=st.integers(1, 4),
    last_token=st.booleans(),
    again=st.booleans(),
    slash=st.sampled_from(["/", ""]),
)
def test_every_item_is_listed_once_in_either_form(
    names: list[str], deep: bool, nested: bool, size: int, last_token: bool, again: bool, slash: str
) -> None:
    service = Service(
        names, deep=deep, nested=nested, size=size, last_token=last_token, again=again and last_token, slash=slash
    )
    assert sorted(listed(service)) == sorted(set(names))


@given(names=st.lists(NAMES, max_size=30), nested=st.booleans(), empty=st.sets(NAMES, max_size=3))
def test_a_listing_that_includes_subfolders_costs_one_request_and_one_for_each_empty_folder(
    names: list[str], nested: bool, empty: set[str]
) -> None:
    covered = {name[:at] for name in names for at in range(len(name)) if name[at] == "/"}
    bare = {folder for folder in empty if folder not in covered and folder not in names}
    service = Service(names, nested=nested)
    assert sorted(listed(service)) == sorted(set(names))
    assert len(service.received) == 1
    with_empty = Service(names, nested=nested, empty=bare)
    assert sorted(listed(with_empty)) == sorted(set(names))
    folders = {folder[:at] for folder in bare for at in range(3, len(folder) + 1) if f"{folder}/"[at] == "/"}
    received = [body["path"] for body in with_empty.received]
    assert len(received) == len(set(received))
    assert {*received} <= {"/t", *(folders - covered)}


def test_the_whole_account_is_listed() -> None:
    names = ["/a", "/t/x", "/u/v/w"]
    for deep in (True, False):
        assert sorted(listed(Service(names, deep=deep), "/")) == names


def test_direct_items_by_a_part_of_their_names_cost_one_request() -> None:
    service = Service(["/t/lease-0", "/t/a/lease-1", "/t/x"], deep=True)
    assert listed(service, containing="/lease-") == ["/t/lease-0"]
    assert [(body["filter"], body["current-folder"]) for body in service.received] == [("/lease-", True)]


def test_a_subfolder_that_may_not_be_listed_is_left_out_and_the_folder_itself_is_not() -> None:
    names = ["/t/a/x", "/t/b/x", "/t/c"]
    assert sorted(listed(Service(names, deep=False, hidden=["/t/a"]))) == ["/t/b/x", "/t/c"]
    with pytest.raises(PermissionDenied):
        listed(Service(names, hidden=["/t"]))


def test_what_is_not_there_lists_nothing() -> None:
    class Missing:
        async def call(self, *_command: t.Any, **_rest: t.Any) -> Body:
            raise NotFound("nothing")

    assert listed(Missing()) == []


def test_a_folder_that_is_removed_during_the_walk_is_an_error() -> None:
    class Vanishing(Service):
        async def call(self, command: str, body: Body, **rest: t.Any) -> Body:
            if "pagination-token" in body:
                raise NotFound("nothing", status=404)
            return await super().call(command, body, **rest)

    with pytest.raises(ApiError) as caught:
        listed(Vanishing(["/t/a", "/t/b"], size=1))
    assert not isinstance(caught.value, NotFound)


class Script:
    """Pages that a function makes of their number."""

    def __init__(self, page: t.Callable[[int], Body]) -> None:
        self.page = page
        self.received = 0

    async def call(self, *_command: t.Any, **_rest: t.Any) -> Body:
        self.received += 1
        return self.page(self.received)


def page(names: t.Iterable[str], token: str, folders: t.Iterable[str] = ()) -> Body:
    return {"items": [{"item_name": name} for name in names] or None, "folders": [*folders] or None, "next_page": token}


@pytest.mark.parametrize(
    ("pages", "most"),
    [
        (lambda n: page(["/t/a", "/t/b"], "same"), 2),
        (lambda n: page(["/t/a", "/t/b"], f"{n}"), 2),
        (lambda n: page([f"/t/{n % 3}", "/t/b"], f"{n}"), 4),
        (lambda n: page([f"/t/{n}", f"/t/b{n}"], f"{n % 3}"), 4),
        (lambda n: page([], f"{n}"), 21),
        (lambda n: page(["/t/a"], f"{n}"), 2),
        (
            lambda n: page(["/t/a"], "", ["x"]),
            202,
        ),  # relative: each answer names a folder in the one that was asked for
    ],
)
def test_pages_without_an_end_are_an_error_soon(pages: t.Callable[[int], Body], most: int) -> None:
    service = Script(pages)
    with pytest.raises(ApiError, match="list of /t") as caught:
        listed(service)
    assert caught.value.remedy
    assert service.received <= most


def test_ever_new_items_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Script(lambda n: page([f"/t/{n}"], f"{n}"))
    with pytest.raises(ApiError, match="more than 10000 pages"):
        listed(service)


def test_a_page_that_the_service_left_empty_is_not_the_end() -> None:
    pages = [page(["/t/a"], "1"), page([], "2"), page([], "3"), page(["/t/b"], "")]
    assert listed(Script(lambda n: pages[n - 1])) == ["/t/a", "/t/b"]


def test_a_page_may_begin_with_the_last_item_of_the_page_before() -> None:
    pages = [page(["/t/a", "/t/b"], "1"), page(["/t/b", "/t/c"], "2"), page(["/t/c"], "2")]
    assert listed(Script(lambda n: pages[n - 1])) == ["/t/a", "/t/b", "/t/c"]


def test_folders_that_name_each_other_or_lie_elsewhere_are_listed_once_or_never() -> None:
    service = Script(lambda n: page([], "", ["/t/", "/t/a/", "/t/b", "/u/", "/", "", "/tt/x"]))
    assert listed(service) == []
    assert service.received == 3


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"items": {}},
        {"items": "x"},
        {"items": [{}]},
        {"items": [None]},
        {"items": [{"item_name": None}]},
        {"items": None, "folders": "x"},
        {"items": None, "folders": [1]},
        {"items": None, "next_page": 7},
    ],
)
def test_an_answer_that_is_not_documented_is_an_error(answer: Body) -> None:
    with pytest.raises(ApiError, match="not one that Akeyless gives"):
        listed(Script(lambda _n: answer))


def test_folders_whose_first_pages_are_asked_for_together_fail_together() -> None:
    class Failing(Service):
        async def call(self, command: str, body: Body, **rest: t.Any) -> Body:
            if body["path"] == "/t/a3":
                raise ApiError("it failed", status=400)
            return await super().call(command, body, **rest)

    with pytest.raises(ApiError, match="it failed"):
        listed(Failing([f"/t/a{n}/x" for n in range(20)], deep=False))
