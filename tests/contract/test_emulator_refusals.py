# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals: the status tells what happened, the words are the service's, and the names in them are data."""

from __future__ import annotations

import re
import typing as t

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator, Gateway

ADMIN, POWERLESS = "p-emulator0admin", "p-powerless"
WORDS = ("AlreadyExists", "NotFound", "UnauthorizedAccess", "DeleteProtection", "Conflict", "NotAllowedForThisGateway")
_LIVE = re.compile(
    r".+: Desc: .+\. Status (?P<status>\d{3}) [A-Z][A-Za-z ]+, Error: (?P<code>\w+)\."
    r" Message: account id: acc-emulator, access id: (?P<access_id>[\w-]+)\. .+",
    re.DOTALL,
)


@pytest.fixture
def live(emulator: Emulator, sdk: Sdk) -> Sdk:
    """The administrator, where errors are worded as the service's."""
    emulator.control.settings(error_texts="live", auth_method_refusal="AccessForbidden")
    sdk.create_secret(name="/taken", value="1")
    sdk.create_secret(name="/kept", value="1", delete_protection="true")
    return sdk


def tokens(emulator: Emulator) -> dict[str, str]:
    return {ADMIN: emulator.token(), POWERLESS: emulator.login(POWERLESS, "powerless-key")}


CASES: list[tuple[str, str, dict[str, t.Any], int, str]] = [
    (ADMIN, "describe-item", {"name": "/none"}, 404, "NotFound"),
    (ADMIN, "get-secret-value", {"names": ["/none"]}, 404, "NotFound"),
    (ADMIN, "update-secret-val", {"name": "/none", "value": "1"}, 404, "NotFound"),
    (ADMIN, "delete-item", {"name": "/none"}, 404, "NotFound"),
    (ADMIN, "delete-item", {"name": "/kept"}, 400, "DeleteProtection"),
    (ADMIN, "create-secret", {"name": "/taken", "value": "1"}, 409, "AlreadyExists"),
    (ADMIN, "create-secret", {"name": "/n", "value": "1", "protection_key": "/none"}, 404, "NotFound"),
    (ADMIN, "create-secret", {"name": "/n", "value": "1", "protection_key": "/keys/rsa"}, 400, "InvalidType"),
    (ADMIN, "create-secret", {"name": "/n", "value": "1", "description": "d" * 1025}, 400, "InvalidParam"),
    (ADMIN, "update-secret-val", {"name": "/taken", "value": "1", "last-version": 7}, 409, "VersionConflict"),
    (POWERLESS, "describe-item", {"name": "/taken"}, 401, "UnauthorizedAccess"),
    (POWERLESS, "describe-item", {"name": "/none"}, 401, "UnauthorizedAccess"),
    (POWERLESS, "create-secret", {"name": "/n", "value": "1"}, 401, "UnauthorizedAccess"),
    (POWERLESS, "delete-item", {"name": "/taken"}, 401, "UnauthorizedAccess"),
    (POWERLESS, "create-role", {"name": "/r"}, 401, "UnauthorizedAccess"),
    (POWERLESS, "create-auth-method", {"name": "/m"}, 403, "AccessForbidden"),
    (POWERLESS, "create-auth-method-k8s", {"name": "/m"}, 403, "AccessForbidden"),
    (ADMIN, "create-auth-method", {"name": "powerless"}, 409, "AlreadyExists"),
]


@pytest.mark.parametrize(("who", "route", "body", "status", "code"), CASES, ids=lambda value: str(value)[:40])
def test_a_live_text_has_status_code_and_ids_in_their_places(
    emulator: Emulator, live: Sdk, who: str, route: str, body: dict[str, t.Any], status: int, code: str
) -> None:
    answered, answer, _ = raw(live.url, route, {**body, "token": tokens(emulator)[who]})
    found = _LIVE.fullmatch(answer["error"])
    assert found, answer
    assert (answered, found["status"], found["code"], found["access_id"]) == (status, str(status), code, who)


@pytest.mark.parametrize(("who", "route", "body", "status", "code"), CASES, ids=lambda value: str(value)[:40])
def test_a_plain_text_begins_with_the_code_and_has_the_same_status(
    emulator: Emulator, live: Sdk, who: str, route: str, body: dict[str, t.Any], status: int, code: str
) -> None:
    emulator.control.settings(error_texts="plain")
    answered, answer, _ = raw(live.url, route, {**body, "token": tokens(emulator)[who]})
    assert answered == status
    assert answer["error"].startswith(f"{code}: ") is (code != "InvalidParam")
    assert "Desc:" not in answer["error"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", ["live", "plain"])
def test_texts_quote_names_whatever_words_these_are_made_of(emulator: Emulator, sdk: Sdk, form: str, word: str) -> None:
    emulator.control.settings(error_texts=form)
    name = f"/y/{word}Page"
    powerless = tokens(emulator)[POWERLESS]
    sdk.create_secret(name=name, value="1", delete_protection="true")
    for route, more, token, status in (
        ("describe-item", {}, powerless, 401),
        ("delete-item", {}, powerless, 401),
        ("create-secret", {"value": "1"}, powerless, 401),
        ("create-secret", {"value": "1"}, sdk.token, 409),
        ("delete-item", {}, sdk.token, 400),
    ):
        answered, answer, _ = raw(sdk.url, route, {"name": name, "token": token, **more})
        assert answered == status
        assert name in answer["error"]


@pytest.mark.parametrize("code", ["AlreadyExists", "Conflict"])
def test_a_taken_name_is_a_409_of_either_code(emulator: Emulator, live: Sdk, code: str) -> None:
    emulator.control.settings(already_exists_code=code)
    with refused(409, f"Error: {code}. "):
        live.create_secret(name="/taken", value="1")
    with refused(409, f"Error: {code}. "):
        live.update_item(name="/kept", new_name="/taken")
    with refused(409, f"Error: {code}. "):
        live.create_role(name="reader")


def test_a_missing_protection_key_is_not_found_by_its_own_name(live: Sdk) -> None:
    with refused(404, "failed to obtain item /keys/none"):
        live.create_secret(name="/n", value="1", protection_key="/keys/none")


def test_who_may_not_make_auth_methods_is_forbidden_or_unauthorized(emulator: Emulator, live: Sdk) -> None:
    powerless = Sdk(live.url, tokens(emulator)[POWERLESS])
    with refused(403, "Status 403 Forbidden, Error: AccessForbidden. "):
        powerless.create_auth_method(name="/m")
    emulator.control.settings(auth_method_refusal="UnauthorizedAccess")
    with refused(401, "Status 401 Unauthorized, Error: UnauthorizedAccess. "):
        powerless.create_auth_method(name="/m")


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("create-secret", {"name": "/a", "value": 1}, 400),
        ("no-such-command", {}, 404),
        ("gateway-create-migration", {}, 400),
    ],
)
def test_what_the_api_itself_refuses_is_worded_the_same_everywhere(
    emulator: Emulator, live: Sdk, route: str, body: dict[str, t.Any], status: int
) -> None:
    texts = []
    for form in ("live", "plain"):
        emulator.control.settings(error_texts=form)
        answered, answer, _ = raw(live.url, route, {**body, "token": live.token})
        assert answered == status
        texts.append(answer["error"])
    assert texts[0] == texts[1]
    assert "Status" not in texts[0]


def test_a_gateway_refuses_callers_in_the_same_form(gateway_emulator: Emulator, gateway: Gateway) -> None:
    gateway_emulator.control.settings(error_texts="live")
    token = gateway_emulator.login(POWERLESS, "powerless-key")
    status, answer, _ = raw(gateway.url, "gateway-list-migration", {"token": token})
    found = _LIVE.fullmatch(answer["error"])
    assert found
    assert (status, found["status"], found["code"]) == (401, "401", "NotAllowedForThisGateway")


def test_an_expired_token_is_a_401_of_another_code_than_a_missing_right(emulator: Emulator, live: Sdk) -> None:
    emulator.control.expire_tokens()
    with refused(401, "Status 401 Unauthorized, Error: Unauthorized. "):
        live.describe_item(name="/taken")
