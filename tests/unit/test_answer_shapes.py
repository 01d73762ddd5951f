# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server answers, in whatever shape: it is understood, or it is a named error of what was asked for."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless import items
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.client import AkeylessClient
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.item import DAMAGED
from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import Item, ItemStore
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workdb import WorkDb
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.rate_limit import RateLimit
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import (
    Response,
    ServerClock,
    Transport,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.digests import Digests
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.metadata import describe, wanted_text
from ansible_collections.secretferry.akeyless.plugins.module_utils.source.snapshot import look_up, read_newest
from ansible_collections.secretferry.akeyless.plugins.module_utils.target.account import Account
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.client import VaultClient
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import KvReader, Mount

DIGESTS = Digests(b"key")
DATE = "2026-01-01T00:00:00Z"
ITEM = {
    "item_name": "/t/x", "item_type": "STATIC_SECRET", "last_version": 2, "modification_date": DATE,
    "item_tags": ["a"], "item_metadata": "about", "delete_protection": False, "item_versions": [{"version": 1}],
    "item_general_info": {"static_secret_info": {"max_versions": 10, "format": "json"}},
}  # fmt: skip
METADATA = {
    "created_time": DATE, "current_version": 1, "max_versions": 0, "custom_metadata": {"owner": "us"},
    "versions": {"1": {"created_time": DATE, "deletion_time": "", "destroyed": False}},
}  # fmt: skip
VERSION = {"version": 1, "created_time": DATE, "custom_metadata": None}
ENGINE = {"type": "kv", "options": {"version": "2"}}
V1, V2 = Mount("kv/", 1), Mount("kv/", 2)


class Server:
    """Answers every request with one text; it counts as the token's issuer, too."""

    token = "t-1"
    base_url = "http://server"
    requests = 0

    def __init__(self, body: bytes, status: int) -> None:
        self.clock = ServerClock()
        self._response = Response(status, {}, body)

    def credentials(self) -> dict[str, str]:
        return {"token": self.token}

    def headers(self) -> dict[str, str]:
        return {}

    def refresh(self, _stale: str) -> bool:
        return False

    async def send(self, *_request: t.Any) -> Response:
        return self._response


def _store(server: Server) -> ItemStore:
    return ItemStore(AkeylessClient(t.cast(Transport, server), server, RateLimit("Akeyless", 4)))


def _reader(server: Server) -> KvReader:
    return KvReader(VaultClient(t.cast(Transport, server), server, RateLimit("Vault", 4)))


def _use(item: Item | None) -> None:
    """What every run does with an item: it keeps it in the work database, with the digest of its description."""
    if item is not None:
        workdb = WorkDb()
        workdb.put_target(item, description_digest=DIGESTS.of_text(item.description))
        assert workdb.target(item.name)
        workdb.close()


async def _describe(server: Server) -> None:
    _use(await _store(server).describe("/t/x", versions=True))


async def _list(server: Server) -> None:
    async for item in _store(server).folder("/t"):
        _use(item)


async def _values(server: Server) -> None:
    for text in (await _store(server).values(["/t/x", "/t/y"])).values():
        DIGESTS.of_value(text, "json")


async def _metadata(server: Server) -> None:
    snapshot = await look_up(_reader(server), V2, "x", "all")
    assert snapshot.metadata is not None
    for mode in ("minimal", "full"):
        describe(wanted_text(mode, snapshot.metadata.block, snapshot.wanted), "/t", DIGESTS.of_text)


async def _newest(server: Server) -> None:
    snapshot = await read_newest(_reader(server), V2, "x")
    assert snapshot.metadata is not None
    describe(wanted_text("minimal", snapshot.metadata.block, ()), "/t", DIGESTS.of_text)


Ask = t.Callable[[Server], t.Awaitable[t.Any]]
READS: dict[str, tuple[Ask, t.Any]] = {
    "describe-item": (_describe, ITEM),
    "list-items": (_list, {"items": [ITEM], "folders": ["/t/f/"], "next_page": ""}),
    "get-secret-value": (_values, {"/t/x": "x", "/t/y": "{}"}),
    "one version": (lambda server: _store(server).value("/t/x", 1), {"/t/x": "x"}),
    "get-account-settings": (
        lambda server: Account.ask(_store(server)),
        {
            "general_settings": {"invalid_characters": "*"},
            "object_version_settings": {"items": [{"item-type": "static-secret", "max-versions": "20"}]},
        },
    ),
    "mounts": (lambda server: _reader(server).mounts(), {"data": {"secret": {"kv/": ENGINE}}}),
    "a mount": (lambda server: _reader(server).mount_of("kv/x"), {"data": {"path": "kv/", **ENGINE}}),
    "keys": (lambda server: _reader(server).list(V2, ""), {"data": {"keys": ["x", "f/"]}}),
    "metadata": (_metadata, {"data": METADATA}),
    "a version": (_newest, {"data": {"data": {"v": 1}, "metadata": VERSION}}),
    "a value of version 1": (lambda server: _reader(server).read(V1, "x"), {"data": {"v": 1}}),
}
WRITES: dict[str, Ask] = {
    "create-secret": lambda server: _store(server).create("/t/x", "x", tag="a"),
    "update-secret-val": lambda server: _store(server).append("/t/x", "x", 1),
    "update-item": lambda server: _store(server).update("/t/x", description="d"),
    "delete-item": lambda server: _store(server).delete("/t/x"),
    "delete a version": lambda server: _store(server).delete_version("/t/x", 1),
}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([-1, 0, 1, 2**63, 10**30, 1e999, 0.5, "", "x", "7", "\ud800", "static-secret", DATE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "x", "version"]), inner),
    max_leaves=5,
)
DEEP = b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.fixture(autouse=True, scope="module")
def no_tries() -> t.Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(items, "_TRIES", 1)
        patch.setattr(items, "_pause", lambda _attempt: asyncio.sleep(0))
        yield


def _places(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from _places(member, (*path, key))


def _with(value: t.Any, path: tuple[t.Any, ...], other: t.Any) -> t.Any:
    if not path:
        return other
    changed = copy.copy(value)
    changed[path[0]] = _with(value[path[0]], path[1:], other)
    return changed


def _ask(ask: Ask, body: bytes, status: int = 200) -> None:
    """Ask; a named error is as good as an answer, and any other error fails the test."""

    async def asking() -> None:
        await ask(Server(body, status))

    with contextlib.suppress(SecretferryError):
        asyncio.run(asking())


@pytest.mark.parametrize("read", READS)
@given(data=st.data(), status=st.sampled_from([200, 200, 200, 400, 404]))
def test_a_read(read: str, data: st.DataObject, status: int) -> None:
    ask, documented = READS[read]
    place = data.draw(st.sampled_from([*_places(documented)]))
    _ask(ask, json.dumps(_with(documented, place, data.draw(ANYTHING))).encode(), status)


@pytest.mark.parametrize("write", WRITES)
@given(
    answer=ANYTHING,
    member=st.sampled_from(["name", "updated", "item_name", "error"]),
    status=st.sampled_from([200, 400]),
)
def test_a_write(write: str, answer: t.Any, member: str, status: int) -> None:
    for body in (answer, {member: answer}):
        _ask(WRITES[write], json.dumps(body).encode(), status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"null", DEEP], ids=["empty", "html", "bytes", "null", "deep"]
)
@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("command", [*READS, *WRITES])
def test_no_json_at_all(command: str, status: int, body: bytes) -> None:
    _ask(READS[command][0] if command in READS else WRITES[command], body, status)


@pytest.mark.parametrize("command", READS)
def test_the_documented_answer_is_understood(command: str) -> None:
    ask, documented = READS[command]
    if command == "list-items":
        documented = {**documented, "folders": []}

    async def asking() -> None:
        await ask(Server(json.dumps(documented).encode(), 200))

    asyncio.run(asking())


@pytest.mark.parametrize(
    "wrong", [{"last_version": "many"}, {"item_versions": [{}]}, {"item_tags": "a"}, {"item_type": 1}]
)
def test_a_listed_item_in_another_shape_leaves_the_others(wrong: dict[str, t.Any]) -> None:
    answer = {"items": [{**ITEM, **wrong}, {**ITEM, "item_name": "/t/y"}]}

    async def listed() -> list[tuple[str, str]]:
        server = Server(json.dumps(answer).encode(), 200)
        return [(item.name, item.type) async for item in _store(server).folder("/t")]

    assert asyncio.run(listed()) == [("/t/x", DAMAGED), ("/t/y", "STATIC_SECRET")]
