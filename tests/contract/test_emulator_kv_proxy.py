# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's KV proxy, read with hvac as Akeyless documents it."""

from __future__ import annotations

import typing as t

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidPath

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

KEY = "the-readers-access-key"
CONFIG: dict[str, t.Any] = {
    "settings": {"journal": True},
    "identities": [{"access_id": "p-reader", "access_key": KEY, "roles": ["reader"]}],
    "roles": {"reader": [{"path": "/app/*", "capabilities": ["read"]}]},
}


@pytest.fixture(scope="module")
def emulator(vault: Vault) -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as server:
        scene = Scene(vault, server)
        for name, value in (("/app/db", '{"user": "u", "n": 1}'), ("/app/text", "plain"), ("/other", "{}")):
            scene.call("create-secret", name=name, value=value)
        scene.call("create-secret", name="/app/a#b ?%41", value='{"odd": true}')
        yield server


def reader(emulator: Emulator, token: str = "") -> t.Any:
    return hvac.Client(url=emulator.url, token=token or emulator.login("p-reader", KEY)).secrets.kv


@pytest.mark.parametrize("mount", ["secret", "a-name-of-its-own"])
def test_kv_version_2(emulator: Emulator, mount: str) -> None:
    answer = reader(emulator).v2.read_secret_version("app/db", mount_point=mount, raise_on_deleted_version=True)
    assert answer["data"]["data"] == {"user": "u", "n": 1}


def test_kv_version_1(emulator: Emulator) -> None:
    assert reader(emulator).v1.read_secret("app/db", mount_point="kv")["data"] == {"user": "u", "n": 1}


def test_an_access_key_as_the_token(emulator: Emulator) -> None:
    kv = reader(emulator, f"p-reader..{KEY}")
    assert kv.v1.read_secret("app/db", mount_point="kv")["data"]["user"] == "u"
    with pytest.raises(Forbidden):
        reader(emulator, "p-reader..wrong").v1.read_secret("app/db", mount_point="kv")


def test_names_are_decoded_once(emulator: Emulator) -> None:
    answer = reader(emulator).v2.read_secret_version("app/a#b ?%41", raise_on_deleted_version=True)
    assert answer["data"]["data"] == {"odd": True}


def test_a_text_is_wrapped_in_a_member_that_has_the_items_name(emulator: Emulator) -> None:
    answer = reader(emulator).v2.read_secret_version("app/text", raise_on_deleted_version=True)
    assert answer["data"]["data"] == {"app/text": "plain"}
    assert reader(emulator).v1.read_secret("app/text", mount_point="kv")["data"] == {"app/text": "plain"}


def test_refusals_are_those_of_a_vault(emulator: Emulator) -> None:
    with pytest.raises(Forbidden):
        reader(emulator).v2.read_secret_version("other", raise_on_deleted_version=True)
    with pytest.raises(Forbidden):
        reader(emulator, "t-wrong").v2.read_secret_version("app/db", raise_on_deleted_version=True)
    with pytest.raises(InvalidPath):
        reader(emulator).v2.read_secret_version("app/nothing", raise_on_deleted_version=True)


def test_it_only_reads(emulator: Emulator) -> None:
    before = emulator.control.dump()
    with pytest.raises(Exception, match="unsupported operation"):
        reader(emulator).v2.create_or_update_secret("app/db", {"v": 1})
    assert emulator.control.dump() == before


def test_it_can_refuse_who_may_read(emulator: Emulator) -> None:
    emulator.control.faults(
        rules=[
            {"action": "error", "status": 403, "text": "permission denied", "routes": ["kv-proxy"], "every": 2},
            {"action": "error", "routes": ["*"]},
        ]
    )
    kv = reader(emulator, f"p-reader..{KEY}")
    for _ in range(2):
        assert kv.v1.read_secret("app/db", mount_point="kv")["data"]["user"] == "u"
        with pytest.raises(Forbidden, match="permission denied"):
            kv.v1.read_secret("app/db", mount_point="kv")
    assert emulator.control.struck() == [2, 0]
    assert ["kv-proxy", "/app/db", "403 before"] in emulator.control.journal()
    emulator.control.faults()
    assert kv.v1.read_secret("app/db", mount_point="kv")["data"]["user"] == "u"


def test_requests_are_counted_and_named(emulator: Emulator) -> None:
    emulator.control.reset_counters()
    reader(emulator).v1.read_secret("app/db", mount_point="kv")
    assert emulator.control.counters()["routes"]["kv-proxy"] == 1
    assert ["kv-proxy", "/app/db", "200"] in emulator.control.journal()
