# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests are held against the SDK's models."""

from __future__ import annotations

import json
import typing as t
from email.utils import parsedate_to_datetime

import pytest
from official_sdk import GATEWAY_ROUTES, ROUTES, raw

from akeyless_emulator.commands import COMMANDS
from akeyless_emulator.gateway.commands import GATEWAY_COMMANDS
from akeyless_emulator.generate_schema import table_of_installed_sdk
from akeyless_emulator.schema import TABLE
from ferrydev.emulator import Emulator

_OF_TYPE: dict[str, t.Any] = {"str": "text", "int": 7, "bool": True, "list[str]": ["a"], "dict(str, str)": {"a": "b"}}


def _smallest(route: str) -> dict[str, t.Any]:
    """A body with only the required keys."""
    return {key: _OF_TYPE[ROUTES[route]["keys"][key]] for key in ROUTES[route]["required"]}


def test_the_table_of_models_is_that_of_the_installed_sdk() -> None:
    assert json.loads(TABLE.read_text("utf-8")) == table_of_installed_sdk()


def test_every_command_has_its_model() -> None:
    assert ROUTES.keys() == COMMANDS.keys()
    assert GATEWAY_ROUTES.keys() == GATEWAY_COMMANDS.keys()


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_an_unknown_key_is_refused(emulator: Emulator, route: str) -> None:
    status, body, _ = raw(emulator.url, route, {**_smallest(route), "no-such-key": "x"})
    assert (status, body) == (
        400,
        {"error": f"invalid request body: unknown key 'no-such-key' for command '{route}'"},
    )


@pytest.mark.parametrize(
    ("route", "key"), [(route, key) for route in sorted(ROUTES) for key in ROUTES[route]["required"]]
)
def test_a_missing_required_key_is_refused(emulator: Emulator, route: str, key: str) -> None:
    body = _smallest(route)
    del body[key]
    status, answer, _ = raw(emulator.url, route, body)
    assert status == 400
    assert answer["error"] == f"invalid request body: missing required key(s) for command '{route}': {key}"


@pytest.mark.parametrize(
    ("route", "key", "wrong"),
    [
        ("create-secret", "name", 7),
        ("create-secret", "value", None),
        ("create-secret", "value", {"a": "b"}),
        ("create-secret", "tags", "tag"),
        ("create-secret", "tags", ["a", 7]),
        ("create-secret", "max-versions", 20),
        ("create-secret", "multiline_value", "true"),
        ("create-secret", "item-custom-fields", ["a"]),
        ("create-secret", "item-custom-fields", {"a": 1}),
        ("create-secret", "delete_protection", True),
        ("update-secret-val", "last-version", "3"),
        ("update-secret-val", "last-version", True),
        ("update-secret-val", "last-version", 3.0),
        ("update-secret-val", "keep-prev-version", True),
        ("get-secret-value", "names", "/a"),
        ("list-items", "minimal-view", 1),
        ("list-items", "pagination-token", None),
    ],
)
def test_a_value_of_another_type_is_refused(emulator: Emulator, route: str, key: str, wrong: t.Any) -> None:
    status, answer, _ = raw(emulator.url, route, {**_smallest(route), key: wrong})
    assert status == 400
    assert answer["error"].startswith(f"invalid request body: key '{key}' must be a")


@pytest.mark.parametrize("keys", [{"delete-protection": "true"}, {"protection-key": "/keys/aes128"}, {"tag": ["a"]}])
def test_near_misses_of_key_names_are_refused(emulator: Emulator, admin_token: str, keys: dict[str, t.Any]) -> None:
    status, _, _ = raw(emulator.url, "create-secret", {"name": "/a", "value": "b", "token": admin_token, **keys})
    assert status == 400
    assert "/a" not in emulator.control.dump()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"name=/a", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(emulator: Emulator, content: bytes) -> None:
    status, answer, _ = raw(emulator.url, "create-secret", content=content)
    assert status == 400
    assert answer["error"].startswith("invalid request body: ")


@pytest.mark.parametrize("command", sorted(route for route in GATEWAY_ROUTES if route.startswith("gateway-")))
def test_gateway_commands_are_not_on_the_public_api(emulator: Emulator, command: str) -> None:
    status, answer, _ = raw(emulator.url, command, {})
    assert (status, answer) == (400, {"error": f"command is not available on public gateway '{command}'"})


@pytest.mark.parametrize("command", ["create-aes-key", "no-such-command", "", "v2/create-secret"])
def test_unknown_commands_are_refused(emulator: Emulator, command: str) -> None:
    status, answer, _ = raw(emulator.url, command, {})
    assert (status, answer) == (404, {"error": f"unknown command '{command}'"})


def test_commands_are_posted(emulator: Emulator) -> None:
    status, _, _ = raw(emulator.url, "list-items", method="GET")
    assert status == 405


def test_the_api_is_at_the_root_and_under_api_v2(emulator: Emulator, admin_token: str) -> None:
    status, _, _ = raw(emulator.url, "api/v2/create-secret", {"name": "/a", "value": "b", "token": admin_token})
    assert status == 200
    assert raw(emulator.url, "get-secret-value", {"names": ["/a"], "token": admin_token})[1] == {"/a": "b"}
    assert emulator.control.counters()["routes"] == {"create-secret": 1, "get-secret-value": 1}


@pytest.mark.parametrize(("route", "status"), [("list-items", 200), ("create-secret", 400), ("nothing", 404)])
def test_every_answer_is_json_with_a_date(emulator: Emulator, admin_token: str, route: str, status: int) -> None:
    answered, _, headers = raw(emulator.url, route, {"token": admin_token})
    assert answered == status
    assert parsedate_to_datetime(headers["Date"]).tzinfo
    assert headers["Content-Type"].startswith("application/json")
