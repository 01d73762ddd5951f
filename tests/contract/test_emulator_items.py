# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making, describing, changing and deleting items."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator


def test_a_secret_is_described_as_it_was_made(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(date_resolution="microseconds")
    before = datetime.now(timezone.utc)
    made = sdk.create_secret(
        name="/team/db",
        value='{"user": "a"}',
        format="json",
        description="a database",
        tags=["one", "two", "one"],
        max_versions="7",
        delete_protection="true",
        protection_key="/keys/aes256",
        item_custom_fields={"owner": "jane"},
    )
    assert made.name == "/team/db"
    item = sdk.describe_item(name="/team/db", item_custom_fields_details=True)
    static = item.item_general_info.static_secret_info
    assert (item.item_name, item.item_type, item.item_sub_type) == ("/team/db", "STATIC_SECRET", "generic")
    assert (item.item_metadata, item.item_tags) == ("a database", ["one", "two"])
    assert (item.item_size, item.last_version, item.delete_protection) == (13, 1, True)
    assert (static.format, static.max_versions, item.protection_key_name) == ("json", 7, "/keys/aes256")
    assert item.item_custom_fields_details[0].value == "jane"
    assert item.item_versions is None
    assert item.item_id
    assert item.display_id
    assert before <= item.creation_date == item.modification_date <= datetime.now(timezone.utc)


def test_a_secret_needs_no_more_than_a_name_and_a_value(sdk: Sdk) -> None:
    sdk.create_secret(name="/plain", value="")
    item = sdk.describe_item(name="/plain")
    assert sdk.value("/plain") == ""
    assert (item.item_metadata, item.item_tags, item.item_size) == ("", None, 0)
    assert item.item_general_info.static_secret_info.format == "text"
    assert item.delete_protection is False


def test_a_slash_is_put_in_front_of_names(sdk: Sdk) -> None:
    assert sdk.create_secret(name="team/db", value="1").name == "/team/db"
    assert sdk.describe_item(name="team/db").item_name == "/team/db"
    # The answer's keys are the names as they were asked for.
    assert sdk.get_secret_value(names=["team/db", "/team/db"]) == {"team/db": "1", "/team/db": "1"}


def test_a_secret_and_a_folder_of_the_same_name_live_together(sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="item")
    sdk.create_secret(name="/a/b", value="in the folder")
    assert sdk.get_secret_value(names=["/a", "/a/b"]) == {"/a": "item", "/a/b": "in the folder"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(b"\\ud83d\\udd11", "\U0001f511"), (b"\\ud83d", "\ufffd"), (b"a\\uDD11b", "a\ufffdb"), (b"\\\\ud83d", "\\ud83d")],
)
def test_halves_of_surrogate_pairs_become_replacement_characters(sdk: Sdk, sent: bytes, kept: str) -> None:
    content = b'{"name": "/v", "value": "%s", "token": "%s"}' % (sent, sdk.token.encode())
    assert raw(sdk.url, "create-secret", content=content)[0] == 200
    assert sdk.value("/v") == kept


@pytest.mark.parametrize(
    "value", ["\u00e9\u4e2d\U0001f511", "line\nline\r\n\ttab", '"quoted\\"', "\x00\x01", " ", "1.0", "x" * 16384]
)
def test_values_come_back_as_they_were_sent(sdk: Sdk, value: str) -> None:
    sdk.create_secret(name="/v", value=value)
    assert sdk.value("/v") == value


@pytest.mark.parametrize(
    "value", ['{"b":1,"a":1.0}', "9007199254740993", "1e400", '{"a": 1 ,\n"a":2}', '"\\u00e9"', "null", "7" * 5000]
)
def test_json_values_keep_their_text(sdk: Sdk, value: str) -> None:
    sdk.create_secret(name="/v", value=value, format="json")
    assert sdk.value("/v") == value


@pytest.mark.parametrize(
    "name", ["/A/b", "/a/B", "/a b/c", "/a#b?c=%41", "/\u00fc\u4e2d", "/a.b..c", "/q'\"q", "/a+b", "/" + "x" * 900]
)
def test_names_are_kept_exactly(sdk: Sdk, name: str) -> None:
    sdk.create_secret(name=name, value="1")
    assert sdk.names(path="/", type=["static-secret"]) == [name]
    assert sdk.value(name) == "1"


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"description": "d" * 1025}, 400, "item_metadata too long. maximum length is 1024"),
        ({"metadata": "d" * 1025}, 400, "item_metadata too long. maximum length is 1024"),
        ({"value": "v" * 16385}, 400, "maximum length is 16384"),
        ({"value": "\u00e9" * 8193}, 400, "maximum length is 16384"),
        ({"format": "yaml"}, 400, "invalid secret format"),
        ({"type": "file"}, 400, "invalid secret type"),
        ({"format": "json", "value": "{"}, 400, "not valid JSON"),
        ({"format": "json", "value": "NaN"}, 400, "not valid JSON"),
        ({"format": "json", "value": "[" * 9000}, 400, "not valid JSON"),
        ({"max_versions": "0"}, 400, "invalid max-versions"),
        ({"max_versions": "many"}, 400, "invalid max-versions"),
        ({"max_versions": "1001"}, 400, "account's maximum of 1000"),
        ({"delete_protection": "yes"}, 400, "delete_protection must be true or false"),
        ({"protection_key": "/keys/none"}, 404, "NotFound"),
        ({"protection_key": "/keys/rsa"}, 400, "InvalidType"),
        ({"protection_key": "/taken"}, 400, "InvalidType"),
        ({"name": "/folder/"}, 400, "invalid item name"),
        ({"name": "/"}, 400, "invalid item name"),
        ({"name": ""}, 400, "invalid item name"),
        ({"name": "/a//b"}, 400, "empty segment"),
        ({"name": "/taken"}, 409, "AlreadyExists"),
        ({"name": "taken"}, 409, "AlreadyExists"),
        ({"name": "/keys/aes128"}, 409, "AlreadyExists"),
    ],
)
def test_a_secret_that_breaks_a_rule_is_refused_whole(
    emulator: Emulator, sdk: Sdk, body: dict[str, t.Any], status: int, text: str
) -> None:
    sdk.create_secret(name="/taken", value="1")
    before = emulator.control.dump()
    with refused(status, text):
        sdk.create_secret(**{"name": "/new", "value": "1", **body})
    assert emulator.control.dump() == before
    assert emulator.control.counters()["writes_applied"] == 1


@pytest.mark.parametrize(
    ("settings", "body", "text"),
    [
        ({"value_limit": 3}, {"value": "1234"}, "maximum length is 3"),
        ({"description_unit": "bytes"}, {"description": "\u00e9" * 513}, "maximum length is 1024"),
        ({"description_limit": 5}, {"description": "123456"}, "maximum length is 5"),
        ({"name_limit": 10}, {"name": "/12345678901"}, "maximum length is 10"),
        ({"invalid_characters": "#*"}, {"name": "/a*b"}, "forbids the characters #*"),
        (
            {"required_item_custom_field": ["owner", "cost"]},
            {"item_custom_fields": {"owner": "x"}},
            "custom field(s): cost",
        ),
        ({"account_max_versions": 5}, {"max_versions": "6"}, "account's maximum of 5"),
    ],
)
def test_the_account_decides_what_is_refused(
    emulator: Emulator, sdk: Sdk, settings: dict[str, t.Any], body: dict[str, t.Any], text: str
) -> None:
    wanted = {"name": "/new", "value": "1", **body}
    sdk.create_secret(**wanted)
    sdk.delete_item(name=wanted["name"])
    emulator.control.settings(**settings)
    with refused(400, text):
        sdk.create_secret(**wanted)


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"description_limit": 1024}, {"description": "\u00e9" * 1024}),
        ({"allow_empty_segments": True}, {"name": "/a//b"}),
        ({"required_item_custom_field": ["owner"]}, {"item_custom_fields": {"owner": "jane"}}),
        ({"check_json_format": False}, {"format": "json", "value": "{"}),
        ({"max_versions_over": "clamp"}, {"max_versions": "5000"}),
        ({"value_limit": 20000}, {"value": "v" * 20000}),
    ],
)
def test_the_account_decides_what_is_accepted(
    emulator: Emulator, sdk: Sdk, settings: dict[str, t.Any], body: dict[str, t.Any]
) -> None:
    emulator.control.settings(**settings)
    assert sdk.create_secret(**{"name": "/new", "value": "1", **body})


def test_too_many_versions_are_clamped_where_the_account_says_so(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(max_versions_over="clamp", account_max_versions=3)
    sdk.create_secret(name="/a", value="1", max_versions="50")
    assert sdk.describe_item(name="/a").item_general_info.static_secret_info.max_versions == 3


@pytest.mark.parametrize("status", [400, 409, 500])
def test_the_status_of_a_taken_name_is_a_setting(emulator: Emulator, sdk: Sdk, status: int) -> None:
    emulator.control.settings(already_exists_status=status)
    sdk.create_secret(name="/a", value="1")
    with refused(status, "AlreadyExists"):
        sdk.create_secret(name="/a", value="2")


def test_new_items_can_be_protected_by_default(emulator: Emulator, sdk: Sdk) -> None:
    sdk.update_account_settings(items_deletion_protection="true")
    sdk.create_secret(name="/a", value="1")
    sdk.create_secret(name="/b", value="1", delete_protection="false")
    assert [sdk.describe_item(name=name).delete_protection for name in ("/a", "/b")] == [True, False]


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("describe_item", {}),
        ("update_secret_val", {"value": "1"}),
        ("rollback_secret", {"old_version": 1}),
        ("update_item", {"description": "d"}),
        ("delete_item", {}),
    ],
)
def test_calls_on_a_missing_item_say_not_found(sdk: Sdk, call: str, more: dict[str, t.Any]) -> None:
    with refused(404, "NotFound"):
        getattr(sdk, call)(name="/none", **more)


def test_several_values_are_read_at_once(emulator: Emulator, sdk: Sdk) -> None:
    for number in range(50):
        sdk.create_secret(name=f"/n/{number}", value=str(number))
    names = [f"/n/{number}" for number in range(50)]
    assert sdk.get_secret_value(names=names) == {name: name[3:] for name in names}
    assert emulator.control.counters()["values_read"] == 50


def test_a_missing_name_fails_the_batch_or_is_left_out(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    with refused(404, "/none"):
        sdk.get_secret_value(names=["/a", "/none"])
    emulator.control.settings(missing_in_batch="omit")
    assert sdk.get_secret_value(names=["/a", "/none"]) == {"/a": "1"}


def test_values_of_keys_and_of_no_names_are_refused(sdk: Sdk) -> None:
    with refused(400, "InvalidType"):
        sdk.value("/keys/aes128")
    with refused(400, "names"):
        sdk.get_secret_value(names=[])


def test_json_values_can_come_decoded(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(decode_json_values=True)
    sdk.create_secret(name="/j", value='{"a": [1]}', format="json")
    sdk.create_secret(name="/t", value='{"a": [1]}')
    assert sdk.get_secret_value(names=["/j", "/t"]) == {"/j": {"a": [1]}, "/t": '{"a": [1]}'}


def test_update_item_changes_what_it_names_and_nothing_else(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(date_resolution="microseconds")
    sdk.create_secret(name="/a", value="1", description="old", tags=["x", "y"], max_versions="5")
    before = sdk.describe_item(name="/a")
    assert sdk.update_item(name="/a", add_tag=["z", "x"], rm_tag=["y"]).updated
    after = sdk.describe_item(name="/a")
    assert (after.item_tags, after.item_metadata) == (["x", "z"], "old")
    assert after.item_general_info.static_secret_info.max_versions == 5
    assert (after.last_version, after.creation_date) == (before.last_version, before.creation_date)
    assert after.modification_date > before.modification_date
    sdk.update_item(name="/a", description="new", delete_protection="true", max_versions="9")
    last = sdk.describe_item(name="/a")
    assert (last.item_metadata, last.delete_protection, last.item_tags) == ("new", True, ["x", "z"])
    assert last.item_general_info.static_secret_info.max_versions == 9


def test_a_description_can_be_emptied(sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1", description="old")
    sdk.update_item(name="/a", description="")
    assert sdk.describe_item(name="/a").item_metadata == ""


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"description": "d" * 1025}, 400, "item_metadata too long"),
        ({"new_name": "/taken"}, 409, "AlreadyExists"),
        ({"new_name": "/bad//name"}, 400, "empty segment"),
        ({"max_versions": "1001"}, 400, "account's maximum"),
        ({"delete_protection": "maybe"}, 400, "true or false"),
    ],
)
def test_an_update_that_breaks_a_rule_is_refused_whole(
    emulator: Emulator, sdk: Sdk, change: dict[str, str], status: int, text: str
) -> None:
    sdk.create_secret(name="/taken", value="1")
    sdk.create_secret(name="/a", value="1", tags=["x"])
    before = emulator.control.dump()
    with refused(status, text):
        sdk.update_item(name="/a", add_tag=["new"], **change)
    assert emulator.control.dump() == before


def test_an_item_is_renamed_with_everything_it_has(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a/old", value="1", description="d", tags=["x"])
    sdk.update_secret_val(name="/a/old", value="2", keep_prev_version="true")
    before = emulator.control.dump(stable=True)["/a/old"]
    sdk.update_item(name="/a/old", new_name="b/new")
    assert emulator.control.dump(stable=True)["/b/new"] == before
    assert sdk.names(path="/", type=["static-secret"]) == ["/b/new"]
    with refused(404, "NotFound"):
        sdk.value("/a/old")


def test_a_deleted_item_does_not_exist_and_its_name_is_free(sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
    first = sdk.describe_item(name="/a").item_id
    gone = sdk.delete_item(name="/a")
    assert (gone.item_name, gone.item_id, gone.version_deleted) == ("/a", first, -1)
    with refused(404, "NotFound"):
        sdk.value("/a")
    sdk.create_secret(name="/a", value="3")
    again = sdk.describe_item(name="/a")
    assert (again.last_version, again.item_id == first) == (1, False)


def test_a_protected_item_cannot_be_deleted(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1", delete_protection="true")
    with refused(400, "DeleteProtection"):
        sdk.delete_item(name="/a")
    emulator.control.settings(delete_protected_status=403)
    with refused(403, "DeleteProtection"):
        sdk.delete_item(name="/a")
    sdk.update_item(name="/a", delete_protection="false")
    sdk.delete_item(name="/a")


def test_a_folder_is_deleted_with_all_below_it_and_nothing_beside(emulator: Emulator, sdk: Sdk) -> None:
    for name in ("/f/a", "/f/b/c", "/f", "/fa", "/f-x/a"):
        sdk.create_secret(name=name, value="1")
    gone = sdk.delete_items(path="/f/")
    assert (gone.deleted_items, gone.failed_deleted_items, gone.path) == (["/f/a", "/f/b/c"], None, "/f")
    assert sdk.names(path="/", type=["static-secret"]) == ["/f", "/f-x/a", "/fa"]


def test_delete_items_reports_each_item_on_its_own(sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    sdk.create_secret(name="/b", value="1", delete_protection="true")
    gone = sdk.delete_items(item=["/a", "/b", "/none"])
    assert gone.deleted_items == ["/a"]
    assert gone.failed_deleted_items.keys() == {"/b", "/none"}
    assert "DeleteProtection" in gone.failed_deleted_items["/b"]
    assert "NotFound" in gone.failed_deleted_items["/none"]


@pytest.mark.parametrize(
    "how",
    [{"path": "/f"}, {"item": ["/f/a", "/f/deep/key"]}],
    ids=["path", "items"],
)
def test_delete_items_refuses_all_where_a_key_is_among_them(
    emulator: Emulator, sdk: Sdk, how: dict[str, t.Any]
) -> None:
    emulator.control.settings(keys_in_delete_items="refuse", error_texts="live")
    sdk.create_secret(name="/f/a", value="1")
    sdk.create_dfc_key(name="/f/deep/key", alg="AES256GCM")
    before = emulator.control.dump()
    with refused(403, "Status 403 Forbidden, Error: ForbiddenTypesDeletion. "):
        sdk.delete_items(**how)
    assert emulator.control.dump() == before
    sdk.delete_item(name="/f/deep/key")
    assert sdk.delete_items(path="/f").deleted_items == ["/f/a"]


def test_delete_items_can_delete_keys(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(keys_in_delete_items="delete")
    sdk.create_secret(name="/f/a", value="1")
    sdk.create_dfc_key(name="/f/key", alg="AES256GCM")
    assert sdk.delete_items(path="/f").deleted_items == ["/f/a", "/f/key"]


def test_delete_items_wants_a_path_or_items(emulator: Emulator, admin_token: str) -> None:
    assert raw(emulator.url, "delete-items", {"token": admin_token})[0] == 400


@pytest.mark.parametrize("alg", ["AES128GCM", "AES256GCM"])
def test_a_key_that_was_made_protects_secrets(sdk: Sdk, alg: str) -> None:
    assert sdk.create_dfc_key(name="/my/key", alg=alg).fragment_results
    assert sdk.describe_item(name="/my/key").item_type == alg
    sdk.create_secret(name="/a", value="1", protection_key="/my/key")
    sdk.update_secret_val(name="/a", value="2", key="/keys/aes128", keep_prev_version="true")
    versions = sdk.describe_item(name="/a", show_versions=True).item_versions
    assert [version.protection_key_name for version in versions] == ["/my/key", "/keys/aes128"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"name": "/k", "alg": "ROT13"}, 400, "InvalidType"),
        ({"name": "/keys/aes128", "alg": "AES128GCM"}, 409, "AlreadyExists"),
        ({"name": "/k", "alg": "AES128GCM", "description": "d" * 1025}, 400, "item_metadata too long"),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused(sdk: Sdk, body: dict[str, str], status: int, text: str) -> None:
    with refused(status, text):
        sdk.create_dfc_key(**body)
