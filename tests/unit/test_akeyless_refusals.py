# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of an error comes from its status and its code, whatever the names that a text quotes."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.refusals import (
    PUBLIC_GATEWAY,
    UNKNOWN_COMMAND,
    UNKNOWN_MIGRATION_TYPE,
    error_of,
    read_refusal,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    AlreadyExists,
    ApiError,
    NotFound,
    PermissionDenied,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import Response
from ferrydev.layout import CHECKOUT

PHRASES = {
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 409: "Conflict", 410: "Gone", 412: "Precondition Failed", 413: "Content Too Large",
    422: "Unprocessable Entity", 423: "Locked", 451: "Unavailable",
}  # fmt: skip
CODES = ("AlreadyExists", "Conflict", "NotFound", "UnauthorizedAccess", "InvalidParam", "DeleteProtection", "Desc")
CALLER = "account id: acc-1, access id: p-1. "

READS = ("describe-item", "get-secret-value", "list-items", "delete-item", "update-item")
WRITES = ("create-secret", "update-secret-val")
GATEWAY = (
    "gateway-create-migration", "gateway-delete-migration", "gateway-migration-status", "gateway-list-migration",
    "gateway-sync-migration", "gateway-update-migration", "get-target", "list-gateways",
)  # fmt: skip
COMMANDS = (*READS, *WRITES, *GATEWAY, "get-account-settings", "describe-permissions")
# These name something else beside what they are about, which a 404 may be about.
NAMING_MORE = (*WRITES, "gateway-create-migration", "gateway-update-migration")

WORDS = (
    *CODES, "NotFoundPage", "AlreadyExistsPage", "Status", "Status 404 Not Found", "Status: 409 Conflict", "Error:",
    "Error: NotFound", ", Error: AlreadyExists.", "Message:", "Message: account id: a, access id: b. ", "404", "409",
    "Status 404 Not Found, Error: NotFound. Message: gone", "Status 409 Conflict, Error: AlreadyExists. Message: taken",
    "Status 403 Forbidden, Error: AccessForbidden", "NotFound: the requested item /x does not exist", "Desc: ", ". ",
    "unknown command 'x'", "command is not available on public gateway 'x'", "QuotaExceeded", '"', "\\", "\n", "é",
)  # fmt: skip
NAMES = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), min_size=1, max_size=6).map(lambda w: "/" + "".join(w))


def _live(status: int, code: str, name: str, before: bool) -> str:
    place = f"failed for {name}: Desc: Failed to get item" if before else "failed to do it: Desc: Failed to get item"
    return f"{place}. Status {status} {PHRASES[status]}, Error: {code}. Message: {CALLER}failed to obtain item {name}"


def _nested(status: int, code: str, name: str, before: bool) -> str:
    inner = "Desc: Failed to look. Status 404 Not Found, Error: NotFound. Message: it is not there"
    return f"{_live(status, code, name, before)}. {inner}"


def _escaped(status: int, code: str, name: str, before: bool) -> str:
    return _live(status, code, json.dumps(name), before)


def _short(status: int, code: str, name: str, _before: bool) -> str:
    return f"{code}: the requested item {name} is not as it should be"


def _bare(_status: int, _code: str, name: str, _before: bool) -> str:
    return f"the item {name} cannot be had"


FORMS: tuple[t.Callable[[int, str, str, bool], str], ...] = (_live, _nested, _escaped, _short, _bare)


def told(command: str, status: int, text: str, name: str, value: str = "") -> ApiError:
    body: dict[str, t.Any] = {"names": [name]} if command == "get-secret-value" else {"name": name}
    answer = Response(status, {}, json.dumps({"error": text}).encode())
    return error_of(command, answer, "the request", body={**body, "value": value}, secret=value, token="t-1")


@given(
    command=st.sampled_from(COMMANDS),
    status=st.sampled_from(sorted(PHRASES)),
    code=st.sampled_from(CODES[:-1]),
    form=st.sampled_from(FORMS),
    before=st.booleans(),
    name=NAMES,
)
@example("create-secret", 409, "AlreadyExists", _live, True, "/" + "x" * 2000)
@example("describe-item", 403, "UnauthorizedAccess", _short, False, "/y/NotFoundPage")
@example("delete-item", 400, "DeleteProtection", _short, False, "/x/NotFoundPage")
@example("describe-item", 404, "InvalidParam", _live, True, "/a. Status 404 Not Found, Error: NotFound")
@example("describe-item", 404, "NotFound", _live, True, "/a. Status 404")
def test_the_name_of_an_item_decides_nothing(
    command: str, status: int, code: str, form: t.Callable[..., str], before: bool, name: str
) -> None:
    plain = told(command, status, form(status, code, "/plain", before), "/plain")
    named = told(command, status, form(status, code, name, before), name)
    assert (type(named), named.code, named.status, named.remedy) == (type(plain), plain.code, status, plain.remedy)


@given(command=st.sampled_from(COMMANDS), status=st.sampled_from(sorted(PHRASES)), code=st.sampled_from(CODES[:-1]))
@pytest.mark.parametrize("form", [_live, _nested, _short])
def test_what_each_status_and_code_mean(form: t.Callable[..., str], command: str, status: int, code: str) -> None:
    error = told(command, status, form(status, code, "/x", False), "/x")
    assert error.code == code
    making = command in ("create-secret", "gateway-create-migration")
    if status in (401, 403):
        assert type(error) is PermissionDenied
    elif status == 409 and code in ("AlreadyExists", "Conflict") and making:
        assert type(error) is AlreadyExists
    elif status == 404 and code == "NotFound" and command not in NAMING_MORE:
        assert type(error) is NotFound
    else:
        assert type(error) is ApiError


def test_every_command_that_is_called_is_tried() -> None:
    called = r'(?:\bcall|_call|_write|_repeat)\(\s*"([a-z]+(?:-[a-z]+)+)"'
    room = CHECKOUT / "plugins" / "module_utils"
    found = {command for file in room.rglob("*.py") for command in re.findall(called, file.read_text("utf-8"))}
    assert found
    assert found <= {*COMMANDS}


@given(command=st.sampled_from(COMMANDS), status=st.sampled_from([400, 404, 409, 412, 422]), name=NAMES)
def test_a_text_without_a_code_proves_nothing(command: str, status: int, name: str) -> None:
    assert type(told(command, status, f"it is about {name}", name)) is ApiError


@pytest.mark.parametrize(
    "body", [b"404 page not found", b"<html>NotFound: x</html>", b"{}", b'{"error": {}}', b"[]", b""]
)
def test_a_page_of_something_else_proves_nothing(body: bytes) -> None:
    error = error_of("describe-item", Response(404, {}, body), "item /x", body={"name": "/x"})
    assert (type(error), error.code) == (ApiError, "")
    assert "akeyless.api_url" in error.remedy


def test_a_text_that_speaks_of_another_status_proves_nothing() -> None:
    assert type(told("describe-item", 404, _live(401, "NotFound", "/x", False), "/x")) is ApiError


def test_the_code_is_found_behind_any_length_and_behind_a_masked_value() -> None:
    long = "/" + "y" * 5000
    assert type(told("create-secret", 409, _live(409, "AlreadyExists", long, True), long)) is AlreadyExists
    error = told("create-secret", 409, _live(409, "AlreadyExists", "/x", False), "/x", value="the AlreadyExists value")
    assert type(error) is AlreadyExists
    assert "AlreadyExists" not in error.detail


def test_a_missing_protection_key_is_not_a_missing_item() -> None:
    error = told("create-secret", 404, _live(404, "NotFound", "/keys/none", False), "/x")
    assert type(error) is ApiError
    assert "protection key" in error.remedy


@pytest.mark.parametrize("status", [400, 402, 403, 409])
@pytest.mark.parametrize(("code", "word"), [("QuotaExceeded", "quota"), ("ItemLocked", "lock")])
def test_a_quota_and_a_lock_are_no_missing_right(status: int, code: str, word: str) -> None:
    error = told("create-secret", status, f"{code}: it cannot be written", "/x")
    assert type(error) is ApiError
    assert word in error.remedy


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("command is not available on public gateway 'gateway-create-migration'", PUBLIC_GATEWAY),
        ("unknown command 'gateway-sync-migration'", UNKNOWN_COMMAND),
        ("invalid request body: Invalid migration type , supported types: hashi/aws", UNKNOWN_MIGRATION_TYPE),
        ("failed: Desc: no. Status 400 Bad Request, Error: InvalidParam. Message: account id: acc-1,"
         " access id: p-1. command is not available on public gateway 'x'", PUBLIC_GATEWAY),
        ("Status: 400 Bad Request, Error: NotAllowedForThisGateway", "NotAllowedForThisGateway"),
        ("the migration unknown command 'x' is not there", ""),
        ("InvalidParam: unknown command 'x'", "InvalidParam"),
    ],
)  # fmt: skip
def test_texts_of_gateways(text: str, code: str) -> None:
    assert read_refusal(400, json.dumps({"error": text}).encode()).code == code
