# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write counts when its documented answer came. That an item is missing is shown by reading it, not by an error."""

from __future__ import annotations

import asyncio
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless import items
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.client import AkeylessClient
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import ItemStore
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    AlreadyExists,
    ApiError,
    Changed,
    NotFound,
    PermissionDenied,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.rate_limit import RateLimit
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import Response, Transport

Body = dict[str, t.Any]
Answer = Response | None
# What a proxy in between may answer instead: nothing, or no answer of this command.
UNDOCUMENTED = [b"", b"{}", b'{"status": "ok"}', b"<html></html>", b"[]", b'{"name": ""}', b'{"updated": false}']


def refusal(status: int, code: str, name: str) -> Response:
    text = f"failed: Desc: Failed. Status {status} Reason, Error: {code}. Message: account id: a, access id: b. {name}"
    return Response(status, {}, json.dumps({"error": text}).encode())


class Account:
    """Items of one account, behind something that may answer in the service's place.

    :ivar instead: by command, what is answered instead, one after the other; an entry is the answer, and whether the
        command takes effect all the same. ``None`` for the service's own answer.
    """

    token = "t-1"
    base_url = "http://akeyless"

    def __init__(self) -> None:
        self.items: dict[str, Body] = {}
        self.instead: dict[str, list[tuple[Answer, bool]]] = {}
        self.asked: list[str] = []

    def credentials(self) -> dict[str, str]:
        return {"token": self.token}

    def refresh(self, _stale: str) -> bool:
        return False

    async def send(self, _method: str, path: str, _headers: t.Any, body: bytes) -> Response:
        command, asked = path.strip("/"), json.loads(body)
        self.asked.append(command)
        planned = self.instead.get(command) or [(None, True)]
        answer, effective = planned.pop(0) if len(planned) > 1 else planned[0]
        own = getattr(self, f"_{command.replace('-', '_')}")(asked) if effective else None
        given = answer or own
        assert given is not None
        return given

    def _answer(self, name: str, of: t.Callable[[Body], Body]) -> Response:
        if name not in self.items:
            return refusal(404, "NotFound", name)
        return Response(200, {}, json.dumps(of(self.items[name])).encode())

    def _create_secret(self, asked: Body) -> Response:
        name = asked["name"]
        if name in self.items:
            return refusal(409, "AlreadyExists", name)
        self.items[name] = {
            "item_name": name,
            "item_tags": asked["tags"],
            "item_metadata": asked.get("description", ""),
            "last_version": 1,
            "values": [asked["value"]],
        }
        return Response(200, {}, json.dumps({"name": name}).encode())

    def _update_secret_val(self, asked: Body) -> Response:
        def update(item: Body) -> Body:
            if asked["keep-prev-version"] == "true":
                item["values"].append(asked["value"])
                item["last_version"] += 1
            else:
                item["values"][-1] = asked["value"]
            return {"name": asked["name"]}

        return self._answer(asked["name"], update)

    def _update_item(self, asked: Body) -> Response:
        def update(item: Body) -> Body:
            item["item_metadata"] = asked.get("description", item["item_metadata"])
            kept = [*item["item_tags"], *asked.get("add-tag", ())]
            item["item_tags"] = [tag for tag in kept if tag not in asked.get("rm-tag", ())]
            return {"updated": True}

        return self._answer(asked["name"], update)

    def _delete_item(self, asked: Body) -> Response:
        def delete(_item: Body) -> Body:
            return {"item_name": self.items.pop(asked["name"])["item_name"]}

        return self._answer(asked["name"], delete)

    def _describe_item(self, asked: Body) -> Response:
        return self._answer(
            asked["name"],
            lambda item: {**item, "item_versions": [{"version": n + 1} for n in range(len(item["values"]))]},
        )

    def _get_secret_value(self, asked: Body) -> Response:
        number = asked.get("version") or 0
        return self._answer(asked["names"][0], lambda item: {asked["names"][0]: item["values"][number - 1]})


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_attempt: int) -> None:
        return None

    monkeypatch.setattr(items, "_pause", at_once)


def does(account: Account, work: t.Callable[[ItemStore], t.Awaitable[t.Any]]) -> t.Any:
    async def all_of_it() -> t.Any:
        client = AkeylessClient(t.cast("Transport", account), account, RateLimit("Akeyless", 4))
        return await work(ItemStore(client))

    return asyncio.run(all_of_it())


def create(store: ItemStore) -> t.Awaitable[None]:
    return store.create("/x", "v1", tag="ours", description="d")


def item(account: Account, *values: str, name: str = "/x") -> None:
    account.items[name] = {
        "item_name": name,
        "item_tags": ["ours"],
        "item_metadata": "d",
        "last_version": len(values),
        "values": [*values],
    }


@pytest.mark.parametrize("body", UNDOCUMENTED)
def test_an_item_without_a_name_is_an_error_of_that_item(account: Account, body: bytes) -> None:
    account.instead["describe-item"] = [(Response(200, {}, body), False)]
    with pytest.raises(ApiError, match="item /x: the answer is not one that Akeyless gives"):
        does(account, lambda store: store.describe("/x"))


@pytest.mark.parametrize("effective", [True, False])
@pytest.mark.parametrize("body", UNDOCUMENTED)
class TestAnUndocumentedAnswer:
    """Whether or not the write took effect, it took effect once in the end."""

    def _instead(self, account: Account, command: str, body: bytes, effective: bool) -> None:
        account.instead[command] = [(Response(200, {}, body), effective), (None, True)]

    def test_to_a_creation(self, account: Account, body: bytes, effective: bool) -> None:
        self._instead(account, "create-secret", body, effective)
        does(account, create)
        assert account.items["/x"]["values"] == ["v1"]
        assert account.asked.count("create-secret") == (1 if effective else 2)

    def test_to_a_new_version(self, account: Account, body: bytes, effective: bool) -> None:
        item(account, "v1")
        self._instead(account, "update-secret-val", body, effective)
        does(account, lambda store: store.append("/x", "v2", 1))
        assert account.items["/x"]["values"] == ["v1", "v2"]

    def test_to_a_replacement(self, account: Account, body: bytes, effective: bool) -> None:
        item(account, "v1")
        self._instead(account, "update-secret-val", body, effective)
        does(account, lambda store: store.replace("/x", "v2", 1))
        assert account.items["/x"]["values"] == ["v2"]

    def test_to_a_change_of_metadata(self, account: Account, body: bytes, effective: bool) -> None:
        item(account, "v1")
        self._instead(account, "update-item", body, effective)
        does(account, lambda store: store.update("/x", description="new", add_tags=["more"], remove_tags=["ours"]))
        assert (account.items["/x"]["item_metadata"], account.items["/x"]["item_tags"]) == ("new", ["more"])
        assert account.asked.count("update-item") == (1 if effective else 2)

    def test_to_a_deletion(self, account: Account, body: bytes, effective: bool) -> None:
        item(account, "v1")
        self._instead(account, "delete-item", body, effective)
        assert does(account, lambda store: store.delete("/x")) is True
        assert "/x" not in account.items
        assert account.asked.count("delete-item") == (1 if effective else 2)


@pytest.mark.parametrize(
    ("command", "work"),
    [
        ("create-secret", create),
        ("update-secret-val", lambda store: store.append("/y", "v2", 1)),
        ("update-item", lambda store: store.update("/y", description="new")),
        ("delete-item", lambda store: store.delete("/y")),
        ("delete-item", lambda store: store.delete_version("/y", 1)),
    ],
)
def test_a_write_that_is_never_answered_as_documented_fails(
    account: Account, command: str, work: t.Callable[[ItemStore], t.Awaitable[t.Any]]
) -> None:
    item(account, "v1", name="/y")
    account.instead[command] = [(Response(200, {}, b"{}"), False)]
    with pytest.raises(ApiError, match="without a clear answer"):
        does(account, work)


def test_a_documented_answer_costs_no_look(account: Account) -> None:
    async def all_of_it(store: ItemStore) -> None:
        await create(store)
        await store.append("/x", "v2", 1)
        await store.update("/x", description="new")
        await store.delete("/x")

    does(account, all_of_it)
    assert account.asked == ["create-secret", "update-secret-val", "update-item", "delete-item"]


@pytest.mark.parametrize("delete", [ItemStore.delete, lambda store, name: store.delete_version(name, 1)])
class TestADeletionThatIsRefused:
    def test_of_what_is_not_there(self, account: Account, delete: t.Callable[..., t.Any]) -> None:
        assert does(account, lambda store: delete(store, "/x")) is False
        assert account.asked == ["delete-item", "describe-item"]

    def test_as_not_there_and_it_is(self, account: Account, delete: t.Callable[..., t.Any]) -> None:
        item(account, "v1", "v2")
        account.instead["delete-item"] = [(refusal(404, "NotFound", "/x"), False)]
        with pytest.raises(ApiError, match="and shows it") as caught:
            does(account, lambda store: delete(store, "/x"))
        assert not isinstance(caught.value, NotFound)

    def test_and_the_look_too(self, account: Account, delete: t.Callable[..., t.Any]) -> None:
        account.instead["delete-item"] = [(refusal(404, "NotFound", "/x"), False)]
        account.instead["describe-item"] = [(refusal(401, "UnauthorizedAccess", "/x"), False)]
        with pytest.raises(PermissionDenied):
            does(account, lambda store: delete(store, "/x"))


WORDS = st.sampled_from(
    ["NotFound", "AlreadyExists", "NotFoundPage", "404", "Conflict", ": ", "/", ". Error: NotFound"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(lambda words: "/y/" + "".join(words))


@given(name=NAMES)
def test_without_rights_nothing_is_known_of_an_item(name: str) -> None:
    account = Account()
    item(account, "v1", name=name)
    for command in ("describe-item", "get-secret-value", "create-secret", "update-secret-val", "update-item"):
        account.instead[command] = [(refusal(401, "UnauthorizedAccess", name), False)]
    account.instead["delete-item"] = [(refusal(400, "DeleteProtection", name), False)]
    for work in (
        lambda store: store.describe(name),
        lambda store: store.value(name, 1),
        lambda store: store.create(name, "v", tag="ours"),
        lambda store: store.append(name, "v", 1),
        lambda store: store.update(name, description="new"),
    ):
        with pytest.raises(PermissionDenied):
            does(account, work)
    with pytest.raises(ApiError) as caught:
        does(account, lambda store: store.delete(name))
    assert type(caught.value) is ApiError


@given(name=NAMES, status=st.sampled_from([400, 404, 409]), code=st.sampled_from(["InvalidParam", "VersionConflict"]))
def test_what_a_refused_update_means_is_looked_up(name: str, status: int, code: str) -> None:
    account = Account()
    item(account, "v1", "v2", name=name)
    account.instead["update-secret-val"] = [(refusal(status, code, name), False)]
    with pytest.raises(Changed):
        does(account, lambda store: store.append(name, "v", 1))
    with pytest.raises(ApiError) as caught:
        does(account, lambda store: store.append(name, "v", 2))
    assert type(caught.value) is ApiError


@pytest.mark.parametrize("refused", [refusal(409, "AlreadyExists", "/x"), refusal(400, "Taken", "/x")])
def test_after_a_lost_creation_any_refusal_is_looked_into(account: Account, refused: Response) -> None:
    account.instead["create-secret"] = [(Response(502, {}, b""), True), (refused, False)]
    account.instead["describe-item"] = [(refusal(404, "NotFound", "/x"), False), (None, True)]
    does(account, create)
    assert account.items["/x"]["values"] == ["v1"]


def test_an_item_that_others_created_is_reported(account: Account) -> None:
    item(account, "other")
    with pytest.raises(AlreadyExists):
        does(account, create)
    account.instead["create-secret"] = [(Response(200, {}, b"{}"), False)]
    with pytest.raises(AlreadyExists, match="meanwhile"):
        does(account, create)


def test_a_missing_protection_key_is_an_error_of_that_item(account: Account) -> None:
    account.instead["create-secret"] = [(refusal(404, "NotFound", "/keys/none"), False)]
    with pytest.raises(ApiError, match="create /x") as caught:
        does(account, create)
    assert type(caught.value) is ApiError
    assert "protection key" in caught.value.remedy
