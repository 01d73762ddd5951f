# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What accounts and other people do to items: locks, quotas, keys, other types."""

from __future__ import annotations

import json
import typing as t

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator, EmulatorError

READS: dict[str, t.Callable[[Sdk], t.Any]] = {"value": lambda sdk: sdk.value("/apps/writable/x")}
UPDATES: dict[str, t.Callable[[Sdk], t.Any]] = {
    "value": lambda sdk: sdk.update_secret_val(name="/apps/writable/x", value="2", keep_prev_version="true"),
    "rollback": lambda sdk: sdk.rollback_secret(name="/apps/writable/x", old_version=1),
    "description": lambda sdk: sdk.update_item(name="/apps/writable/x", description="d"),
    "delete": lambda sdk: sdk.delete_item(name="/apps/writable/x"),
}


@pytest.fixture
def writer(emulator: Emulator, sdk: Sdk) -> Sdk:
    """Who may read, update and delete /apps/writable/x, and is no administrator."""
    sdk.create_secret(name="/apps/writable/x", value="1")
    return Sdk(emulator.url, emulator.login("p-writer", "writer-key"))


@pytest.mark.parametrize("call", READS)
def test_an_item_that_is_locked_for_reading_is_shown_without_its_value(
    emulator: Emulator, writer: Sdk, call: str
) -> None:
    emulator.control.lock("/apps/writable/x", "read")
    with refused(403, "/apps/writable/x is locked for read by p-other"):
        READS[call](writer)
    item = writer.describe_item(name="/apps/writable/x")
    assert (item.locking_info.actions, item.locking_info.locked_by) == (["read"], "p-other")
    assert writer.names(path="/apps") == ["/apps/writable/x"]
    writer.update_secret_val(name="/apps/writable/x", value="2")
    emulator.control.lock("/apps/writable/x")
    assert writer.value("/apps/writable/x") == "2"
    assert writer.describe_item(name="/apps/writable/x").locking_info is None


@pytest.mark.parametrize("call", UPDATES)
def test_an_item_that_is_locked_for_updates_is_not_changed(emulator: Emulator, writer: Sdk, call: str) -> None:
    emulator.control.lock("/apps/writable/x", "update")
    before = emulator.control.dump()
    with refused(403, "/apps/writable/x is locked for update by p-other"):
        UPDATES[call](writer)
    assert emulator.control.dump() == before
    assert writer.value("/apps/writable/x") == "1"
    emulator.control.settings(locked_status=423)
    with refused(423):
        UPDATES[call](writer)
    emulator.control.lock("/apps/writable/x")
    UPDATES[call](writer)


def test_who_locked_an_item_and_administrators_pass_the_lock(emulator: Emulator, sdk: Sdk, writer: Sdk) -> None:
    emulator.control.lock("/apps/writable/x", "read", "update", by="p-writer")
    for caller in (writer, sdk):
        caller.update_secret_val(name="/apps/writable/x", value="2")
        assert caller.value("/apps/writable/x") == "2"
    emulator.control.settings(locks_bind_admins=True)
    with refused(403, "locked for read"):
        sdk.value("/apps/writable/x")


def test_locks_that_make_no_sense_are_refused(emulator: Emulator, writer: Sdk) -> None:
    assert writer
    for name, action in (("/none", "read"), ("/apps/writable/x", "eat")):
        with pytest.raises(EmulatorError, match="400"):
            emulator.control.lock(name, action)


def test_an_account_can_have_a_quota_of_items(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    emulator.control.settings(item_quota=4)  # three keys are there, too
    with refused(403, "quota of 4 items is reached"):
        sdk.create_secret(name="/b", value="1")
    with refused(403, "quota of 4 items is reached"):
        sdk.create_dfc_key(name="/k", alg="AES128GCM")
    sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
    with refused(409):
        sdk.create_secret(name="/a", value="1")
    sdk.delete_item(name="/a")
    sdk.create_secret(name="/b", value="1")
    emulator.control.settings(item_quota_status=429)
    with refused(429):
        sdk.create_secret(name="/c", value="1")


def keys_of(sdk: Sdk, name: str) -> list[str]:
    return [version.protection_key_name for version in sdk.describe_item(name=name, show_versions=True).item_versions]


def test_a_default_key_protects_what_asks_for_none(sdk: Sdk) -> None:
    sdk.update_account_settings(default_key_name="/keys/aes128")
    sdk.create_secret(name="/a", value="1")
    sdk.create_secret(name="/b", value="1", protection_key="/keys/aes256")
    sdk.update_secret_val(name="/b", value="2", keep_prev_version="true")
    assert (keys_of(sdk, "/a"), keys_of(sdk, "/b")) == (["/keys/aes128"], ["/keys/aes256"] * 2)
    with refused(404, "/keys/none"):
        sdk.update_account_settings(default_key_name="/keys/none")


def test_a_locked_default_key_is_used_whatever_is_asked_for(sdk: Sdk) -> None:
    sdk.create_secret(name="/b", value="1", protection_key="/keys/aes256")
    sdk.update_account_settings(default_key_name="/keys/aes128", lock_default_key="true")
    told = sdk.get_account_settings().general_settings
    assert (told.account_default_key_name, told.lock_default_key) == ("/keys/aes128", True)
    sdk.create_secret(name="/a", value="1", protection_key="/keys/aes256")
    sdk.update_secret_val(name="/b", value="2", key="/keys/aes256", keep_prev_version="true")
    assert (keys_of(sdk, "/a"), keys_of(sdk, "/b")) == (["/keys/aes128"], ["/keys/aes256", "/keys/aes128"])
    assert sdk.describe_item(name="/a").protection_key_name == "/keys/aes128"


def test_an_item_of_the_type_password_reads_back_as_json(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(password_form="json")
    sdk.create_secret(name="/p", value="", type="password", username="u", password="s", custom_field={"site": "x"})
    assert sdk.describe_item(name="/p").item_sub_type == "password"
    assert json.loads(sdk.value("/p")) == {"username": "u", "password": "s", "site": "x"}
    sdk.update_secret_val(name="/p", value="", password="t", keep_prev_version="true")
    assert json.loads(sdk.value("/p")) == {"username": "u", "password": "t", "site": "x"}
    assert json.loads(sdk.value("/p", version=1))["password"] == "s"


def test_an_item_of_the_type_password_can_read_back_as_text(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(password_form="text")
    sdk.create_secret(name="/p", value="s", type="password", username="u")
    assert sdk.value("/p") == "s"
    emulator.control.settings(password_form="json")
    sdk.update_secret_val(name="/p", value="t")
    assert json.loads(sdk.value("/p")) == {"username": "", "password": "t"}


def test_a_dynamic_secret_is_an_item_of_another_type(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/d/static", value="1")
    emulator.control.add_dynamic_secret("/d/dynamic")
    assert sdk.names(path="/d") == ["/d/dynamic", "/d/static"]
    assert sdk.names(path="/d", type=["dynamic-secret"]) == ["/d/dynamic"]
    assert sdk.names(path="/d", type=["static-secret"]) == ["/d/static"]
    assert sdk.names(path="/d", type=["key"]) == []
    item = sdk.describe_item(name="/d/dynamic")
    assert (item.item_type, item.item_general_info.static_secret_info) == ("DYNAMIC_SECRET", None)
    assert item.item_general_info.dynamic_secret_producer_details.producer_type == "mysql"
    with refused(400, "/d/dynamic is not a static secret"):
        sdk.value("/d/dynamic")
    with refused(400, "/d/dynamic is not a static secret"):
        sdk.update_secret_val(name="/d/dynamic", value="1")
    with refused(409):
        sdk.create_secret(name="/d/dynamic", value="1")
    with refused(400, "InvalidType"):
        sdk.create_secret(name="/n", value="1", protection_key="/d/dynamic")
    with pytest.raises(EmulatorError, match="exists"):
        emulator.control.add_dynamic_secret("/d/static")
    assert sdk.delete_items(path="/d").deleted_items == ["/d/dynamic", "/d/static"]


def test_locks_and_dynamic_secrets_outlive_a_restart(tmp_path: t.Any) -> None:
    with Emulator.start(log_dir=tmp_path, state=tmp_path / "state") as emulator:
        sdk = Sdk(emulator.url, emulator.token())
        sdk.create_secret(name="/a", value="1")
        emulator.control.lock("/a", "read")
        emulator.control.add_dynamic_secret("/d")
    with Emulator.start(log_dir=tmp_path, state=tmp_path / "state") as emulator:
        _, answer, _ = raw(emulator.url, "list-items", {"path": "/", "token": emulator.token()})
        assert [item["item_type"] for item in answer["items"]] == ["STATIC_SECRET", "DYNAMIC_SECRET"]
        assert answer["items"][0]["locking_info"]["actions"] == ["read"]
