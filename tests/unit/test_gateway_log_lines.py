# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of Gateway logs, in every form that is known."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.causes import CAUSES, cause_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.lines import parse_line

NOON = 1_795_521_600.0  # 2026-11-24T12:00:00Z
RECORD = {
    "level": "error",
    "time": "2026-11-24T12:00:00.250Z",
    "msg": "failed to migrate secret",
    "migration_name": "wave-1",
    "migration_id": "0b9c-1",
    "secret_name": "/gw/kv/a b",
    "error": "item_metadata too long. maximum length is 1024",
    "instance": "gateway-0",
}
PLAIN = (
    "2026/11/24 12:00:00 [ERROR] migration 'wave-1' (0b9c-1): failed to migrate secret '/gw/kv/a b':"
    " item_metadata too long. maximum length is 1024"
)


def wrapped_by_docker(line: str) -> str:
    return json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2026-11-24T12:00:00.5Z"})


FORMS = {
    "json": json.dumps(RECORD),
    "plain": PLAIN,
    "docker json": wrapped_by_docker(json.dumps(RECORD)),
    "docker plain": wrapped_by_docker(PLAIN),
    "containerd": f"2026-11-24T12:00:00.5Z stderr F {json.dumps(RECORD)}",
    "kubectl": f"[pod/gateway-0/akeyless] {PLAIN}",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    line = parse_line(FORMS[form])
    assert (line.name, line.number, line.item) == ("wave-1", "0b9c-1", "/gw/kv/a b")
    assert (line.level, line.event) == ("error", "failure")
    assert line.time == pytest.approx(NOON, abs=0.5)
    assert cause_of(line.text, line.item).name == "description_too_long"
    assert line.instance in ("gateway-0", "")
    assert line.structured == ("json" in form or form == "containerd")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T14:00:00+02:00", NOON),
        ("2026-11-24T14:00:00+0200", NOON),
        ("2026-11-24T12:00:00.123456789Z", NOON + 0.123456789),
        ("2026-11-24 12:00:00,500", NOON + 0.5),
        (NOON, NOON),
        (int(NOON * 1000), NOON),
        (int(NOON * 1_000_000_000), NOON),
        ("2026-13-24T12:00:00Z", None),
        ("yesterday", None),
        (True, None),
        (7, None),
    ],
)
def test_times(told: t.Any, seconds: float | None) -> None:
    assert parse_line(json.dumps({"ts": told, "msg": "x"})).time == (seconds and pytest.approx(seconds))


@pytest.mark.parametrize(
    ("message", "event", "counts"),
    [
        ("migration started", "started", {}),
        ("migration completed total=3 migrated=2 failed=1", "completed", {"total": 3, "migrated": 2, "failed": 1}),
        ("migration failed, cannot read the source", "failed", {}),
        ("listening on port 8000", "", {}),
    ],
)
@pytest.mark.parametrize("form", ["json", "plain"])
def test_starts_and_ends_of_runs(message: str, event: str, counts: dict[str, int], form: str) -> None:
    level = "error" if event == "failed" else "info"
    json_line = json.dumps({"level": level, "msg": message, "migration": "m"})
    text = json_line if form == "json" else f"2026/11/24 12:00:00 [{level.upper()}] migration 'm': {message}"
    line = parse_line(text)
    assert (line.event, line.counts, line.name) == (event, counts, "m")


def test_a_source_is_read_off_its_address() -> None:
    line = parse_line(
        "2026/11/24 12:00:00 [WARN] secret skipped: Error making API request."
        " URL: GET https://vault:8200/v1/kv/data/a%20b/c?version=2 Code: 403. Errors: * permission denied"
    )
    assert (line.source, line.item, line.event) == ("kv/a b/c", "", "failure")


@pytest.mark.parametrize("field", ["secret", "value", "data", "token"])
def test_fields_that_may_be_values_are_no_paths(field: str) -> None:
    line = parse_line(json.dumps({"level": "error", "msg": "failed", field: "/CANARY/x"}))
    assert "CANARY" not in f"{line.item}{line.source}{line.name}{line.number}{line.instance}"


TEXTS = {
    "item_metadata too long. maximum length is 1024": "description_too_long",
    "item_name too long. maximum length is 400": "name_too_long",
    "secret value too long. maximum length is 16384": "value_too_long",
    "invalid item name: the account forbids the characters #": "name_invalid",
    "missing required item custom field(s): owner": "custom_field_missing",
    "InvalidType: /keys/rsa is a RSA2048; a protection key must be AES128GCM or AES256GCM": "protection_key",
    "NotFound: the requested item /keys/none does not exist": "protection_key",
    "Status: 401 Unauthorized, Error: NotAllowedForThisGateway": "not_allowed_for_gateway",
    "Error making API request. Code: 503. Errors: * Vault is sealed": "source_sealed",
    "GET https://v:8200/v1/kv/data/a Code: 429. request path: rate limit quota exceeded": "source_rate_limited",
    "GET https://v:8200/v1/kv/data/a Code: 403. Errors: * permission denied": "source_denied",
    "GET https://v:8200/v1/kv/data/a Code: 403. Errors: * 2 errors: invalid token": "source_denied",
    "folder skipped, no permission to list it: permission denied": "source_denied",
    "Get https://v:8200/v1/sys: x509: certificate signed by unknown authority": "source_certificate",
    "dial tcp 10.0.0.1:8200: connect: connection refused": "source_unreachable",
    "GET http://127.0.0.1:9/v1/sys: ConnectError: All connection attempts failed": "source_unreachable",
    "lookup vault.internal: no such host": "source_unreachable",
    "context deadline exceeded": "source_unreachable",
    "UnauthorizedAccess: the caller has no create permission on /gw/a": "permission",
    "AlreadyExists: an item with the name /gw/a already exists": "already_exists",
    "hourly transactions quota exceeded": "quota",
    "Status: 429 too many requests": "rate_limited",
    "the flux capacitor is out of plutonium": "unknown",
    **{f"Desc: {step}. Status {status}, Error: {code}. Message: account id: acc-1, access id: p-1. {why}": cause
       for step, status, code, why, cause in (
        ("Failed to create item", "400 Bad Request", "InvalidParam",
         "item_metadata too long. maximum length is 1024", "description_too_long"),
        ("Failed to create item", "400 Bad Request", "InvalidParam", "something else", "unknown"),
        ("Failed to create item", "409 Conflict", "AlreadyExists", "an item with the name /gw/a", "already_exists"),
        ("Failed to create item", "409 Conflict", "Conflict", "an item with the name /gw/a", "already_exists"),
        ("Failed to create item", "401 Unauthorized", "UnauthorizedAccess", "permission denied", "permission"),
        ("Failed to create item", "403 Forbidden", "AccessForbidden", "permission denied", "permission"),
        ("Failed to create item", "403 Forbidden", "QuotaExceeded", "of items", "quota"),
        ("Failed to create item", "429 Too Many Requests", "TooManyRequests", "", "rate_limited"),
        ("Failed to get upload secret creds", "404 Not Found", "NotFound",
         "failed to obtain item /keys/none", "protection_key"),
        ("Failed to get upload secret creds", "400 Bad Request", "InvalidType",
         "only a key of the algs - AES128GCM/AES256GCM can be used", "protection_key"),
        ("Failed to update item", "404 Not Found", "NotFound", "failed to obtain item /gw/a", "unknown"),
    )},
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_causes(text: str) -> None:
    assert cause_of(text, "/gw/a").name == TEXTS[text]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "name",
    [
        "/gw/AlreadyExists",
        "/gw/permission denied/x509",
        "/gw/NotFound: the requested item /b",
        "/gw/Status 403 Forbidden, Error: AccessForbidden",
        "/gw/failed to obtain item /keys/none",
    ],
)
def test_the_name_of_an_item_decides_no_cause(text: str, name: str) -> None:
    """A name that the text quotes, in front as a Gateway does and where the service does."""
    quoting = f"failed to migrate secret '{name}': {text.replace('/gw/a', name)}"
    assert cause_of(quoting, name).name == TEXTS[text]


def test_a_missing_key_is_known_without_the_name_of_the_item() -> None:
    text = next(text for text in TEXTS if "upload secret creds. Status 404" in text)
    assert cause_of(text).name == "protection_key"


def test_a_recorded_line_of_a_gateway() -> None:
    line = parse_line(
        "ERROR: failed to create secret, name=/gw/kv/a, error=Desc: Failed to create item. Status 400 Bad Request,"
        " Error: InvalidParam. Message: account id: acc-1, access id: p-1. item_metadata too long. maximum length is"
        " 1024"
    )
    assert (line.item, line.event) == ("/gw/kv/a", "failure")
    assert cause_of(line.text, line.item).name == "description_too_long"


def test_every_cause_has_a_text_that_shows_it() -> None:
    assert {cause.name for cause in CAUSES} | {"unknown"} == set(TEXTS.values())


def test_a_missing_item_is_no_missing_key() -> None:
    assert cause_of("NotFound: the requested item /gw/a does not exist", "/gw/a").name == "unknown"


@given(
    st.text() | st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text())).map(json.dumps)
)
def test_nothing_makes_it_fail(text: str) -> None:
    parse_line(text)
