# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's settings and its gateways."""

from __future__ import annotations

import typing as t

import pytest
from official_sdk import Sdk, raw, refused

from ferrydev.emulator import Emulator


def test_gateways_are_those_of_the_configuration(sdk: Sdk) -> None:
    (cluster,) = sdk.list_gateways().clusters
    assert (cluster.id, cluster.cluster_name, cluster.status) == (1, "acc-1/p-1/prod", "Running")
    assert cluster.cluster_url == "https://gw.example.com:8000"


def test_account_settings_are_changed_and_read_back(sdk: Sdk) -> None:
    assert sdk.update_account_settings(
        invalid_characters="#%",
        default_versioning="true",
        force_new_versions="true",
        items_deletion_protection="true",
        item_type="static-secret",
        max_versions="30",
    ).updated
    told = sdk.get_account_settings()
    assert told.general_settings.invalid_characters == "#%"
    assert told.general_settings.protect_items_by_default is True
    versions = told.object_version_settings
    assert (versions.default_versioning, versions.force_new_versions) == (True, True)
    assert [(item.item_type, item.max_versions) for item in versions.items] == [("static-secret", "30")]


def test_settings_that_are_not_named_stay(sdk: Sdk) -> None:
    sdk.update_account_settings(invalid_characters="#", default_versioning="true")
    sdk.update_account_settings(force_new_versions="true")
    told = sdk.get_account_settings()
    assert told.general_settings.invalid_characters == "#"
    assert told.object_version_settings.default_versioning is True


def test_the_most_versions_of_other_item_types_do_not_concern_secrets(sdk: Sdk) -> None:
    assert not sdk.update_account_settings(item_type="dynamic-secret", max_versions="3").updated
    assert sdk.get_account_settings().object_version_settings.items[0].max_versions == "1000"


@pytest.mark.parametrize(
    "wrong", [{"default_versioning": "yes"}, {"max_versions": "0"}, {"max_versions": "all"}, {"force_new_versions": ""}]
)
def test_settings_that_make_no_sense_are_refused(sdk: Sdk, wrong: dict[str, str]) -> None:
    with refused(400):
        sdk.update_account_settings(**wrong)


@pytest.mark.parametrize("name", ["/a#b", "/a/b%20", "#"])
def test_forbidden_characters_hold_for_new_names_only(sdk: Sdk, name: str) -> None:
    sdk.create_secret(name=name, value="1")
    sdk.create_secret(name="/plain", value="1")
    sdk.update_account_settings(invalid_characters="#%")
    assert sdk.value(name) == "1"
    sdk.update_secret_val(name=name, value="2")
    text = "forbids the characters #%"
    with refused(400, text):
        sdk.create_secret(name=f"{name}-new", value="1")
    with refused(400, text):
        sdk.create_dfc_key(name=f"{name}-key", alg="AES128GCM")
    with refused(400, text):
        sdk.update_item(name="/plain", new_name=f"{name}-new")
    sdk.update_account_settings(invalid_characters="")
    sdk.create_secret(name=f"{name}-new", value="1")


def test_everybody_reads_the_settings(emulator: Emulator) -> None:
    powerless = Sdk(emulator.url, emulator.login("p-powerless", "powerless-key"))
    assert powerless.get_account_settings().account_id
    assert powerless.list_gateways().clusters


def test_without_gateways_the_list_is_null(tmp_path: t.Any) -> None:
    with Emulator.start(log_dir=tmp_path) as emulator:
        assert raw(emulator.url, "list-gateways", {"token": emulator.token()})[1] == {"clusters": None}
