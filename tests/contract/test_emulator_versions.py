# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions: appended, replaced, rolled back, dropped, read back."""

from __future__ import annotations

import typing as t

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator


def history(sdk: Sdk, name: str = "/a") -> dict[int, str]:
    """Version number -> value, as an independent reader finds them one by one."""
    versions = sdk.describe_item(name=name, show_versions=True).item_versions
    return {version.version: sdk.value(name, version=version.version) for version in versions}


@pytest.fixture
def five(sdk: Sdk) -> Sdk:
    """``/a`` with the versions 1 to 5 of the values v1 to v5."""
    sdk.create_secret(name="/a", value="v1")
    for number in range(2, 6):
        sdk.update_secret_val(name="/a", value=f"v{number}", keep_prev_version="true")
    return sdk


def test_appended_versions_are_all_kept_in_order(five: Sdk) -> None:
    assert history(five) == {1: "v1", 2: "v2", 3: "v3", 4: "v4", 5: "v5"}
    assert five.value("/a") == "v5"
    assert five.describe_item(name="/a").last_version == 5


@pytest.mark.parametrize(
    ("keep", "default", "force", "appends"),
    [
        ("true", "false", "false", True),
        ("false", "false", "false", False),
        (None, "false", "false", False),
        (None, "true", "false", True),
        ("false", "true", "false", False),
        ("false", "false", "true", True),
        (None, "false", "true", True),
        ("", "true", "false", True),
    ],
)
def test_what_becomes_of_the_previous_version(
    sdk: Sdk, keep: str | None, default: str, force: str, appends: bool
) -> None:
    sdk.update_account_settings(default_versioning=default, force_new_versions=force)
    sdk.create_secret(name="/a", value="old")
    sdk.update_secret_val(name="/a", value="new", **({} if keep is None else {"keep_prev_version": keep}))
    assert history(sdk) == ({1: "old", 2: "new"} if appends else {1: "new"})


def test_replacing_keeps_the_version_s_number_and_birth(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(date_resolution="microseconds")
    sdk.create_secret(name="/a", value="old")
    before = sdk.describe_item(name="/a", show_versions=True)
    sdk.update_secret_val(name="/a", value="newer", keep_prev_version="false")
    after = sdk.describe_item(name="/a", show_versions=True)
    assert (after.last_version, after.item_size) == (1, 5)
    assert after.item_versions[0].creation_date == before.item_versions[0].creation_date
    assert after.modification_date > before.modification_date


@pytest.mark.parametrize("keep", ["true", "false"])
@pytest.mark.parametrize("stated", [1, 4, 6, -5])
def test_a_wrong_last_version_stops_the_update(emulator: Emulator, five: Sdk, keep: str, stated: int) -> None:
    before = emulator.control.dump()
    with refused(409, "VersionConflict"):
        five.update_secret_val(name="/a", value="late", keep_prev_version=keep, last_version=stated)
    assert emulator.control.dump() == before


@pytest.mark.parametrize("stated", [5, 0])
def test_a_right_or_unset_last_version_lets_the_update_pass(five: Sdk, stated: int) -> None:
    five.update_secret_val(name="/a", value="v6", keep_prev_version="true", last_version=stated)
    assert history(five)[6] == "v6"


def test_of_equal_conditional_appends_exactly_one_is_done(emulator: Emulator, five: Sdk) -> None:
    statuses = []
    for _ in range(3):
        body = {"name": "/a", "value": "v6", "keep-prev-version": "true", "last-version": 5, "token": five.token}
        statuses.append(raw(emulator.url, "update-secret-val", body)[0])
    assert statuses == [200, 409, 409]
    assert list(history(five)) == [1, 2, 3, 4, 5, 6]


def test_the_check_of_last_version_is_a_setting(emulator: Emulator, five: Sdk) -> None:
    emulator.control.settings(last_version_status=400)
    with refused(400, "VersionConflict"):
        five.update_secret_val(name="/a", value="late", last_version=1)
    emulator.control.settings(enforce_last_version=False)
    five.update_secret_val(name="/a", value="late", keep_prev_version="true", last_version=1)
    assert history(five)[6] == "late"


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"value": "v" * 16385}, 400, "maximum length"),
        ({"format": "yaml"}, 400, "invalid secret format"),
        ({"format": "json", "value": "]"}, 400, "not valid JSON"),
        ({"key": "/keys/none"}, 404, "NotFound"),
        ({"key": "/keys/rsa"}, 400, "InvalidType"),
        ({"keep_prev_version": "perhaps"}, 400, "keep-prev-version must be true or false"),
        ({"name": "/keys/aes128"}, 400, "InvalidType"),
    ],
)
def test_an_update_that_breaks_a_rule_changes_nothing(
    emulator: Emulator, five: Sdk, body: dict[str, str], status: int, text: str
) -> None:
    before = emulator.control.dump()
    with refused(status, text):
        five.update_secret_val(**{"name": "/a", "value": "x", **body})
    assert emulator.control.dump() == before


@pytest.mark.parametrize(("most", "kept"), [("3", [3, 4, 5]), ("1", [5]), ("5", [1, 2, 3, 4, 5])])
def test_the_oldest_versions_make_room(sdk: Sdk, most: str, kept: list[int]) -> None:
    sdk.create_secret(name="/a", value="v1", max_versions=most)
    for number in range(2, 6):
        sdk.update_secret_val(name="/a", value=f"v{number}", keep_prev_version="true")
    assert history(sdk) == {number: f"v{number}" for number in kept}
    assert sdk.describe_item(name="/a").last_version == 5
    if kept[0] > 1:
        with refused(404, "NotFound"):
            sdk.value("/a", version=1)


def test_where_no_number_is_asked_for_the_account_s_default_holds(emulator: Emulator, five: Sdk) -> None:
    for number in range(6, 13):
        five.update_secret_val(name="/a", value=f"v{number}", keep_prev_version="true")
    assert list(history(five)) == list(range(3, 13))
    emulator.control.settings(default_max_versions=2)
    five.update_secret_val(name="/a", value="v13", keep_prev_version="true")
    assert list(history(five)) == [12, 13]


def test_lowering_the_number_drops_versions_with_the_next_version(emulator: Emulator, five: Sdk) -> None:
    emulator.control.settings(max_versions_lowered="next_version")
    five.update_item(name="/a", max_versions="2")
    assert list(history(five)) == [1, 2, 3, 4, 5]
    assert five.describe_item(name="/a").item_general_info.static_secret_info.max_versions == 2
    five.update_secret_val(name="/a", value="v5b", keep_prev_version="false")
    assert list(history(five)) == [1, 2, 3, 4, 5]
    five.update_secret_val(name="/a", value="v6", keep_prev_version="true")
    assert history(five) == {5: "v5b", 6: "v6"}


def test_lowering_the_number_can_drop_versions_at_once(emulator: Emulator, five: Sdk) -> None:
    emulator.control.settings(max_versions_lowered="at_once")
    five.update_item(name="/a", max_versions="2")
    assert history(five) == {4: "v4", 5: "v5"}
    five.update_item(name="/a", max_versions="4")
    five.update_secret_val(name="/a", value="v6", keep_prev_version="true")
    assert list(history(five)) == [4, 5, 6]


@pytest.mark.parametrize(("version", "value"), [(1, "v1"), (3, "v3"), (5, "v5"), (0, "v5")])
def test_one_version_is_read(five: Sdk, version: int, value: str) -> None:
    assert five.value("/a", version=version) == value


@pytest.mark.parametrize("last", [1, 2, 5, 20])
def test_the_last_versions_are_read_flat_and_ascending(emulator: Emulator, five: Sdk, last: int) -> None:
    emulator.control.settings(last_versions_form="flat")
    expected = {str(number): f"v{number}" for number in range(max(1, 6 - last), 6)}
    assert list(five.get_secret_value(names=["/a"], version=-last).items()) == list(expected.items())
    assert emulator.control.counters()["values_read"] == len(expected)


def test_the_last_versions_of_several_names_come_by_name(emulator: Emulator, five: Sdk) -> None:
    emulator.control.settings(last_versions_form="flat")
    five.create_secret(name="/b", value="b1")
    answer = five.get_secret_value(names=["/a", "/b"], version=-2)
    assert answer == {"/a": {"4": "v4", "5": "v5"}, "/b": {"1": "b1"}}


@pytest.mark.parametrize("last", [1, 2, 5, 20])
def test_the_last_versions_can_be_read_by_name_newest_first(emulator: Emulator, five: Sdk, last: int) -> None:
    emulator.control.settings(last_versions_form="by_name")
    expected = {str(number): f"v{number}" for number in range(5, max(0, 5 - last), -1)}
    assert list(five.value("/a", version=-last).items()) == list(expected.items())
    assert emulator.control.counters()["values_read"] == len(expected)


@pytest.mark.parametrize(("version", "status"), [(6, 404), (99, 404), (-21, 400)])
def test_versions_that_are_not_there_are_refused(five: Sdk, version: int, status: int) -> None:
    with refused(status):
        five.value("/a", version=version)


def test_a_rollback_appends_the_old_value(five: Sdk) -> None:
    done = five.rollback_secret(name="/a", old_version=2)
    assert (done.name, done.version) == ("/a", 6)
    assert history(five) == {1: "v1", 2: "v2", 3: "v3", 4: "v4", 5: "v5", 6: "v2"}
    with refused(404, "version 9"):
        five.rollback_secret(name="/a", old_version=9)


@pytest.mark.parametrize(("version", "deleted", "current"), [(1, 1, "v5"), (3, 3, "v5"), (5, 5, "v4"), (0, 5, "v4")])
def test_one_version_is_deleted(five: Sdk, version: int, deleted: int, current: str) -> None:
    assert five.delete_item(name="/a", version=version).version_deleted == deleted
    assert deleted not in history(five)
    assert five.value("/a") == current
    # Numbers are never given twice.
    five.update_secret_val(name="/a", value="v6", keep_prev_version="true")
    assert max(history(five)) == 6


@pytest.mark.parametrize("counts", [True, False])
def test_deleting_version_1_of_2_keeps_last_version_2(emulator: Emulator, sdk: Sdk, counts: bool) -> None:
    emulator.control.settings(deleted_versions_count=counts)
    sdk.create_secret(name="/a", value="v1")
    sdk.update_secret_val(name="/a", value="v2", keep_prev_version="true")
    sdk.delete_item(name="/a", version=1)
    assert (sdk.describe_item(name="/a").last_version, history(sdk)) == (2, {2: "v2"})


def test_without_a_version_all_versions_are_deleted(five: Sdk) -> None:
    # Not the SDK, which sends -1 where no version is given.
    status, answer, _ = raw(five.url, "delete-item", {"name": "/a", "token": five.token})
    assert (status, answer["version_deleted"]) == (200, -1)
    with refused(404, "/a"):
        five.describe_item(name="/a")


def test_the_only_version_and_missing_ones_are_not_deleted(five: Sdk) -> None:
    with refused(404, "version 9"):
        five.delete_item(name="/a", version=9)
    five.create_secret(name="/single", value="1")
    with refused(400, "the only one"):
        five.delete_item(name="/single", version=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda sdk: sdk.update_secret_val(name="/a", value="x", keep_prev_version="true"),
        lambda sdk: sdk.update_secret_val(name="/a", value="v5", keep_prev_version="false"),
        lambda sdk: sdk.update_item(name="/a", description="new"),
        lambda sdk: sdk.update_item(name="/a", add_tag=["t"]),
        lambda sdk: sdk.rollback_secret(name="/a", old_version=1),
        lambda sdk: sdk.delete_item(name="/a", version=1),
    ],
    ids=["append", "replace", "description", "tag", "rollback", "delete version"],
)
def test_with_microseconds_every_change_shows_in_the_modification_date(
    emulator: Emulator, five: Sdk, change: t.Callable[[Sdk], t.Any]
) -> None:
    emulator.control.settings(date_resolution="microseconds")
    before = five.describe_item(name="/a")
    change(five)
    after = five.describe_item(name="/a")
    assert after.modification_date > before.modification_date
    assert after.creation_date == before.creation_date


def test_the_format_of_an_update_becomes_the_item_s(five: Sdk) -> None:
    five.update_secret_val(name="/a", value="{}", format="json", keep_prev_version="true")
    assert five.describe_item(name="/a").item_general_info.static_secret_info.format == "json"
