# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How settings are written and compared, how a run is judged, and which words of a Gateway are shown."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.fields import (
    Field,
    comparable,
    comparable_in,
    request_value,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.source_types import TYPES
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.status import (
    RunStatus,
    failure,
    failures_of,
    reason_of,
    report_of,
    shows_sync,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.gateway import (
    gateway_base,
    is_public,
    resolve_gateway,
    same_place,
)

LOGIN = {"auth": {"access_id": "p-x", "access_key": "the-access-key"}}


def field(kind: str) -> Field:
    return Field("x", "x", "payload.x", kind)


@pytest.mark.parametrize(
    ("kind", "given", "answer"),
    [
        ("text", "a", "a"),
        ("text", "", None),
        ("address", "http://v:8200/", "http://v:8200"),
        ("folder", "a/b/", "/a/b"),
        ("flag", False, None),
        ("flag_text", True, True),
        ("flag_text", False, "false"),
        ("number", 0, None),
        ("number_text", 22, "22"),
        ("names", ["b", "a"], ["a", "b"]),
        ("names", [], None),
        ("names_text", ["b", "a"], {"a": True, "b": True, "c": False}),
        ("names_text", ["10.0.0.0/8"], [{"host": "10.0.0.0/8", "portRanges": ""}]),
        ("names_text", ["80", "443"], "80, 443"),
        ("days", [7, 30], [{"seconds_before": 30 * 86400}, {"seconds_before": 7 * 86400}]),
        ("bytes", "-----BEGIN-----\n", list(b"-----BEGIN-----")),
        ("bytes", "-----BEGIN-----", base64.b64encode(b"-----BEGIN-----\n").decode()),
    ],
)
def test_what_is_asked_and_what_is_answered_compare(kind: str, given: t.Any, answer: t.Any) -> None:
    entry = {"payload": {} if answer is None else {"x": answer}}
    assert comparable(field(kind), given) == comparable_in(field(kind), entry)


def test_a_place_that_is_not_there_is_empty() -> None:
    assert comparable_in(Field("x", "x", "payload.a.b", "number"), {"payload": {"a": None}}) == 0
    assert comparable_in(field("text"), {}) == ""


@pytest.mark.parametrize("given", ['{"private_key": "k"}', "{'private_key': 'k'}"])
def test_a_key_file_is_encoded_also_as_templates_hand_it_on(given: str) -> None:
    wire = request_value(field("base64"), given, "gcp.key")
    assert json.loads(base64.b64decode(wire)) == {"private_key": "k"}
    assert request_value(field("base64"), "e30=", "gcp.key") == "e30="


def test_a_key_file_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(OptionError, match="neither JSON nor base64") as caught:
        request_value(field("base64"), "{secret", "gcp.key")
    assert "{secret" not in str(caught.value)


@pytest.mark.parametrize("source", TYPES, ids=lambda one: one.option)
def test_the_table_is_sound(source: t.Any) -> None:
    names = {one.option for one in source.fields}
    assert len(names) == len(source.fields)
    assert len({one.key for one in source.fields}) == len(source.fields)
    for group in (*source.needs, *source.ways):
        assert set(group) <= names
    assert {one.option for one in source.fields if one.secret} <= {name for way in source.ways for name in way}


@pytest.mark.parametrize(
    ("answer", "phase", "outcome"),
    [
        ({}, "never_run", "ok"),
        ({"migration_state": "In Progress", "start_time": "t"}, "running", "ok"),
        ({"migration_state": "COMPLETED", "start_time": "t"}, "ended", "ok"),
        ({"migration_state": "Completed", "migration_items": {"failed": 1}}, "ended", "failed"),
        ({"migration_state": "Completed", "sync": {"failed": 1}}, "ended", "failed"),
        ({"migration_state": "Completed", "rotated_secrets": {"failed": 1}}, "ended", "failed"),
        ({"migration_state": "Completed", "error": "x", "start_time": "t"}, "ended", "failed"),
        ({"migration_state": "Completed", "migration_items": {"total": 1}, "sync": {"failed": 1}}, "ended", "ok"),
        ({"migration_state": "Failed"}, "ended", "failed"),
        ({"migration_state": "Stopped", "error": "stopped"}, "ended", "stopped"),
        ({"migration_state": "Wobbly", "start_time": "t"}, "unknown", "ok"),
        ({"migration_state": None, "migration_items": None}, "never_run", "ok"),
    ],
)
def test_a_run_is_judged_by_counts(answer: dict[str, t.Any], phase: str, outcome: str) -> None:
    status = RunStatus(answer)
    assert (status.phase, status.outcome) == (phase, outcome)


def test_an_unknown_word_has_ended_when_it_stands_still() -> None:
    counts = {"total": 3, "migrated": 2, "failed": 0}
    half = RunStatus({"migration_state": "X", "start_time": "t", "migration_items": counts})
    whole = RunStatus({"migration_state": "X", "start_time": "t", "migration_items": {**counts, "skipped": 1}})
    assert not half.seems_ended(None)
    assert not half.seems_ended(half)
    assert not whole.seems_ended(half)
    assert whole.seems_ended(whole)


def test_failures_are_named_and_values_in_them_are_not() -> None:
    secrets = [
        {"secret_name": "/m/a", "status": "Failed", "error_message": "item_metadata too long. maximum length is 1024"},
        {"secret_name": "/m/b", "status": "Migrated", "error_message": ""},
        {"secret_name": "/m/c", "status": "failed", "error_message": 'bad value {"password":"hunter2-Xy9"} in "/m/c"'},
    ]
    answer = {"migration_state": "Completed", "migration_items": {"total": 3, "failed": 2}}
    status = RunStatus({**answer, "download_report": {"secrets": secrets}})
    failed = failures_of(status)
    assert [one["item"] for one in failed] == ["/m/a", "/m/c"]
    assert "hunter2" not in json.dumps(failed)
    assert "kv_migration" in failed[0]["remedy"]
    error = failure("m", status, failed)
    assert error is not None
    assert "2 of 3 failed, though the Gateway says Completed" in str(error)
    report = report_of(status, 1)
    assert ([one["item"] for one in report["outcomes"]], report["outcomes_count"]) == (["/m/a"], 3)


@pytest.mark.parametrize(
    ("word", "on"),
    [
        ("Syncing", True),
        ("sync in progress", True),
        ("Synchronising", True),
        ("", False),
        ("Completed", False),
        ("Sync stopped", False),
        ("Not synced", False),
        ("unsynced", False),
    ],
)
def test_words_that_speak_of_a_synchronisation(word: str, on: bool) -> None:
    assert shows_sync(word) is on


def test_words_that_may_be_values_are_left_out() -> None:
    assert "4f9a8b7c6d5e4f3a2b1c" not in reason_of("no value 4f9a8b7c6d5e4f3a2b1c here")
    assert reason_of("connection refused by https://me:pw@vault") == "the source did not answer"
    assert reason_of(None) == ""


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://gw:8000", "https://gw:8000/api/v2"),
        ("https://gw", "https://gw/api/v2"),
        ("https://gw:8081", "https://gw:8081"),
        ("https://gw:8000/api/v2", "https://gw:8000/api/v2"),
        ("https://lb/gateway/api/v2", "https://lb/gateway/api/v2"),
    ],
)
def test_where_the_api_is(url: str, base: str) -> None:
    assert gateway_base(url) == base


@pytest.mark.parametrize(
    ("params", "environ", "url"),
    [
        ({"gateway_url": "https://a:8000"}, {"AKEYLESS_GATEWAY_URL": "https://b"}, "https://a:8000/api/v2"),
        ({}, {"AKEYLESS_GATEWAY_URL": "https://b:8081/"}, "https://b:8081"),
        ({"api_url": "https://c:8081"}, {"AKEYLESS_GATEWAY_URL": "https://b"}, "https://c:8081"),
        ({}, {"AKEYLESS_API_URL": "https://api.akeyless.io", "AKEYLESS_GATEWAY_URL": "https://b"}, "https://b/api/v2"),
        ({}, {"AKEYLESS_API_URL": "https://d:8081"}, "https://d:8081"),
    ],
)
def test_which_gateway_is_meant(params: dict[str, t.Any], environ: dict[str, str], url: str) -> None:
    assert resolve_gateway({**LOGIN, **params}, environ).api_url == url


@pytest.mark.parametrize(
    ("params", "environ"),
    [
        ({}, {}),
        ({"api_url": "https://api.akeyless.io"}, {}),
        ({"gateway_url": "https://api.eu.akeyless.io"}, {}),
        ({"gateway_url": "https://api.akeyless.io"}, {"AKEYLESS_GATEWAY_URL": "https://gw"}),
    ],
)
def test_without_a_gateway_the_remedy_names_the_option(params: dict[str, t.Any], environ: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="AKEYLESS_GATEWAY_URL"):
        resolve_gateway({**LOGIN, **params}, environ)


def test_addresses_compare_by_host_and_port() -> None:
    assert same_place("https://GW.example.com/api/v2", "https://gw.example.com:443")
    assert same_place("gw:8000", "https://gw:8000")
    assert not same_place("https://gw:8000", "https://gw:8081")
    assert is_public("https://api.us.akeyless.io")
    assert not is_public("https://gateway.akeyless.io.example.com")
