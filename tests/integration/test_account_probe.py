# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``account_probe`` against the emulator: what it says of each assumption, and that it leaves nothing."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import httpx
import pytest
import yaml
from probes import APP, CONFIG, FOLDER, KINDER_SEEN, LOCATION, SEEN, probe, seen

from akeyless_emulator.settings import KINDER
from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.canaries import TAG
from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.report import ASSUMPTIONS
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import LoginError, SecretferryError
from ansible_collections.secretferry.akeyless.plugins.modules import account_probe as documented
from ferrydev.emulator import Emulator
from ferrydev.play import Play
from ferrydev.tampering import Tamper

Settings = dict[str, t.Any]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "first-run.md"
NEEDED = {one.id for one in ASSUMPTIONS if one.needed}
THEIRS = f"{LOCATION}/theirs"


@pytest.fixture(scope="module")
def _account() -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


@pytest.fixture
def account(_account: Emulator) -> t.Iterator[Emulator]:
    """An account with an item of others in the target location, which must be as it was at the end of every test."""
    _account.control.reset()
    create(_account, THEIRS)
    before = _account.control.dump()
    yield _account
    _account.control.faults()
    assert _account.control.dump() == before


def create(emulator: Emulator, name: str, **body: t.Any) -> None:
    call(emulator, "create-secret", name=name, value="theirs", **body)


def call(emulator: Emulator, command: str, **body: t.Any) -> None:
    answer = httpx.post(f"{emulator.url}/{command}", json={"token": emulator.token(), **body})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("settings", "expected"), [({}, SEEN), (KINDER, KINDER_SEEN)], ids=["default", "kinder"])
def test_says_of_each_assumption_what_it_saw(account: Emulator, settings: Settings, expected: dict[str, str]) -> None:
    account.control.settings(**settings)
    values: set[str] = set()
    result = probe(account, mask=values.update)
    assert result.error is None
    assert seen(result) == expected
    assert list(seen(result)) == [one.id for one in ASSUMPTIONS]
    assert result.values["summary"] == {"hold": len(expected), "do_not_hold": 0, "not_seen": 0}
    assert (result.changed, result.warnings, result.values["remaining"]) == (False, [], [])
    assert len(values) > 30
    assert not [value for value in values if value in json.dumps(result.values)]


def test_a_listing_without_subfolders_is_no_failure(account: Emulator) -> None:
    account.control.settings(listing="flat")
    result = probe(account)
    assert seen(result)["listing_subfolders"] == "what is in subfolders is not shown; subfolders are named"
    assert result.error is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"enforce_last_version": False}, {"last_version_checked": "200, and the newest is 3"}),
        ({"deleted_versions_count": False}, {"version_numbers": "the next version is 3"}),
        ({"decode_json_values": True}, {"json_text": "it is decoded"}),
        (
            {"missing_in_batch": "omit"},
            {"missing_item_read": "200", "several_names": "the missing one is left out"},
        ),
        (
            {"force_new_versions": True},
            {"value_replaced": "not in place: versions 1, 2, 3; last_version 3"},
        ),
        ({"already_exists_status": 400}, {"taken_name": "400 AlreadyExists"}),
        ({"delete_protection_by_default": True}, {"unprotected": "it is protected"}),
        ({"value_limit": 1000}, {"value_size": "16384 bytes are rejected with 400 InvalidParam"}),
        ({"description_limit": 500}, {"description_size": "1024 characters are rejected with 400 InvalidParam"}),
        ({"invalid_characters": "#"}, {"name_characters": "400 InvalidParam"}),
        ({"lock_default_key": True}, {"missing_protection_key": "200, and the item is made"}),
        ({"endless_pages": "same_token"}, {"listing_end": "the pages do not end: the same items come again"}),
    ],
    ids=str,
)
def test_what_does_not_hold_is_a_warning_or_a_failure(
    account: Emulator, settings: Settings, expected: dict[str, str]
) -> None:
    account.control.settings(**settings)
    result = probe(account)
    assert seen(result, holds=False) == expected
    assert seen(result, holds=None) == {}
    for one, text in expected.items():
        row = next(row for row in result.values["assumptions"] if row["id"] == one)
        assert f"{one} does not hold: {text}. {row['consequence']}" in result.warnings
    if needed := NEEDED & {*expected}:
        assert all(one in str(result.error) for one in needed)
        assert "Do not migrate into this account" in str(result.error)
    else:
        assert result.error is None


def test_dates_that_stay_the_same_are_a_failure(account: Emulator) -> None:
    account.control.clock(held=True)
    result = probe(account)
    assert seen(result, holds=False) == {"date_changes": "it stays the same"}
    assert "date_changes: it stays the same" in str(result.error)


def test_a_clock_that_differs_is_said(account: Emulator) -> None:
    account.control.clock(advance=3600)
    result = probe(account)
    assert re.fullmatch(r"(3599|3600|3601) seconds behind it", seen(result, holds=False)["clock"])
    assert result.error is None


def _taken_is_accepted(status: int, body: bytes, asked: bytes) -> tuple[int, bytes]:
    """An account that overwrites on creation, as far as the answers show it."""
    return (200, b'{"name": "x"}') if status == 409 else (status, body)


def _tags_hidden(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
    answer = json.loads(body)
    for item in answer["items"] or ():
        item["item_tags"] = None
    return status, json.dumps(answer).encode()


def test_listings_that_show_less_than_descriptions_are_a_failure(account: Emulator) -> None:
    with Tamper(account.url, {"list-items": _tags_hidden}) as proxy:
        result = probe(account, akeyless={"api_url": proxy.url})
    assert seen(result, holds=False) == {"listing_fields": "not shown, or not as described: tags"}
    assert "listing_fields" in str(result.error)


def test_a_creation_that_is_accepted_twice_is_said(account: Emulator) -> None:
    with Tamper(account.url, {"create-secret": _taken_is_accepted}) as proxy:
        result = probe(account, akeyless={"api_url": proxy.url})
    assert seen(result, holds=False) == {"taken_name": "200"}
    assert seen(result)["taken_name_kept"] == "the item is as it was"


@pytest.mark.parametrize(
    ("rule", "lost"),
    [
        (
            {"action": "error", "status": 500, "routes": ["create-secret"], "nth": [6]},
            {"taken_name", "taken_name_kept"},
        ),
        (
            {"action": "drop", "when": "after", "routes": ["create-secret"], "nth": [4]},
            {"current_folder", *(one for one in SEEN if one.startswith("listing_"))},
        ),
        ({"action": "drop", "when": "after", "routes": ["update-secret-val"], "nth": [1]}, {"date_changes"}),
        ({"action": "expire_tokens", "routes": ["update-item"], "nth": [1]}, set()),
        ({"action": "error", "status": 429, "routes": ["*"], "every": 9}, set()),
    ],
    ids=["refused", "listing lost", "update lost", "token expired", "rate limited"],
)
def test_a_failure_in_between_costs_only_what_it_concerns(account: Emulator, rule: Settings, lost: set[str]) -> None:
    account.control.faults(rules=[rule])
    result = probe(account)
    assert set(seen(result, holds=None)) == lost
    assert seen(result) == {one: text for one, text in SEEN.items() if one not in lost}
    assert bool(result.error) == bool(NEEDED & lost)
    assert all(text.startswith("not seen: ") for text in seen(result, holds=None).values())


def test_what_cannot_be_removed_is_named_and_the_next_probe_removes_it(account: Emulator) -> None:
    account.control.faults(rules=[{"action": "error", "status": 403, "routes": ["delete-item"], "every": 1}])
    result = probe(account)
    remaining = {entry["item"]: entry["command"] for entry in result.values["remaining"]}
    assert set(remaining) == {name for name in account.control.dump() if name != THEIRS}
    assert remaining[f"{FOLDER}/first"] == f'akeyless delete-item --name "{FOLDER}/first"'
    assert result.changed
    assert f"{len(remaining)} canary items could not be removed" in str(result.error)
    account.control.faults()
    assert seen(probe(account)) == SEEN


def test_a_probe_that_was_killed_is_cleared_by_the_next(account: Emulator) -> None:
    create(account, f"{FOLDER}/first", tags=[TAG], delete_protection="true")
    create(account, f"{FOLDER}/several/1", tags=[TAG])
    assert seen(probe(account)) == SEEN


def test_a_folder_with_items_of_others_is_not_changed(account: Emulator) -> None:
    create(account, f"{FOLDER}/theirs")
    for check in (True, False):
        with pytest.raises(SecretferryError, match=f"{FOLDER} holds 1 items .* such as {FOLDER}/theirs"):
            probe(account, check=check)
    call(account, "delete-item", name=f"{FOLDER}/theirs")


def test_check_mode_writes_nothing_and_names_what_would_be_tried(account: Emulator) -> None:
    account.control.reset_counters()
    result = probe(account, check=True)
    assert account.control.counters()["writes"] == 0
    assert seen(result, holds=None) == {one.id: None for one in ASSUMPTIONS}
    assert (result.changed, result.error, result.warnings) == (False, None, [])


def test_a_wrong_login_is_named(account: Emulator) -> None:
    for auth, text in (
        ({"access_id": "p-app", "access_key": "wrong-key"}, "rejects the access_key login"),
        ({"token": "t-wrong"}, "the Akeyless token is not valid"),
    ):
        for check in (True, False):
            with pytest.raises(LoginError, match=text) as refused:
                probe(account, check=check, akeyless={"auth": auth})
            assert "wrong" not in str(refused.value)


def test_missing_rights_are_named(account: Emulator) -> None:
    result = probe(account, target_location="/elsewhere")
    assert set(seen(result, holds=None)) == {one.id for one in ASSUMPTIONS}
    assert "create-secret /elsewhere/secretferry-probe-account/first" in str(result.error)
    assert "Give the caller's role create, read, update, delete and list on /elsewhere/*" in str(result.error)


def test_a_login_by_token_shows_what_it_can(account: Emulator) -> None:
    token = account.login(APP["access_id"], APP["access_key"])
    result = probe(account, akeyless={"auth": {"token": token}})
    text = "not to be seen with this login: a token cannot make another"
    assert seen(result, holds=None) == {"revoked_token": text}
    assert result.error is None


def test_the_page_has_the_assumptions_of_the_module() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (yes|) \| (.*?) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert rows == [(one.id, one.assumed, "yes" if one.needed else "", one.consequence) for one in ASSUMPTIONS]


def test_the_examples_run_and_return_what_is_documented(account: Emulator) -> None:
    tasks = yaml.safe_load(documented.EXAMPLES.replace("/migrated/payments", LOCATION))
    env = {"AKEYLESS_API_URL": account.url, **{f"AKEYLESS_{name.upper()}": value for name, value in APP.items()}}
    play = Play(env)
    played = play.run(tasks)
    play.close()
    assert played.rc == 0, played.stdout
    planned, tried, shown = (played[task["name"]] for task in tasks)
    returned = yaml.safe_load(documented.RETURN)
    for result in (planned, tried):
        assert set(returned) == {key for key in result if not key.startswith("_")} - {"changed", "failed", "invocation"}
        assert set(result["assumptions"][0]) == set(returned["assumptions"]["contains"])
        assert set(result["summary"]) == set(returned["summary"]["sample"])
    assert planned["summary"]["not_seen"] == len(ASSUMPTIONS)
    assert {row["id"]: row["seen"] for row in tried["assumptions"]} == SEEN
    assert shown["msg"] == []
