# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every body that the collection sends is one that the official SDK could have sent."""

from __future__ import annotations

import json
import typing as t
from collections import defaultdict

import akeyless
import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.http import transport
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

MODELS = {
    "create-secret": akeyless.CreateSecret,
    "update-secret-val": akeyless.UpdateSecretVal,
    "update-item": akeyless.UpdateItem,
    "delete-item": akeyless.DeleteItem,
    "describe-item": akeyless.DescribeItem,
    "list-items": akeyless.ListItems,
    "get-secret-value": akeyless.GetSecretValue,
    "get-account-settings": akeyless.GetAccountSettings,
}
Bodies = dict[str, list[dict[str, t.Any]]]


@pytest.fixture(scope="module")
def bodies() -> t.Iterator[Bodies]:
    """The bodies of runs that use every command: new, more, taken over, too long, forgotten, rolled back."""
    sent: Bodies = defaultdict(list)
    send = transport.Transport.send

    async def record(
        self: transport.Transport, method: str, path: str, headers: t.Mapping[str, str], body: bytes | None = None
    ) -> transport.Response:
        if method == "POST":
            sent[path.rpartition("/")[2]].append(json.loads(body or b"{}"))
        return await send(self, method, path, headers, body)

    with pytest.MonkeyPatch.context() as patch, Vault.start() as vault, Emulator.start() as emulator:
        patch.setattr(transport.Transport, "send", record)
        scene = Scene(vault, emulator)
        scene.call("create-dfc-key", name="/key", alg="AES256GCM")
        for name in ("a", "b", "taken"):
            scene.kv.put(name, {"v": 1}, {"v": 2})
        scene.kv.describe("b", custom_metadata={f"key{n}": "x" * 100 for n in range(20)})
        scene.call("create-secret", name=scene.name("taken"), value="theirs")
        scene.migration.run(protection_key="/key")
        scene.kv.put("a", *({"v": n} for n in range(20)))
        scene.migration.ok(conflict="overwrite")
        scene.call("update-secret-val", name=scene.name("a"), value="{}")
        scene.migration.ok(conflict="append", metadata_mode="minimal")
        scene.migration.ok(source={"paths": [f"{scene.kv.mount}/a"]})
        assert verified(scene.migration).values["summary"]["identical"]
        scene.migration.ok(state="absent")
        scene.call("create-secret", name=f"/migrated/back/{scene.kv.mount}/a", value="theirs")
        scene.migration.run(name="back", target_location="/migrated/back", conflict="overwrite", versions="1")
        scene.kv.put("a", {"v": "later"})
        again = scene.migration.ok(name="back", target_location="/migrated/back")
        for selected in ({"from_run": again.values["run"]}, {}):
            Rollback(scene.migration).ok(name="back", target_location="/migrated/back", **selected)
        scene.migration.ok(name="sync", target_location="/migrated/sync", conflict="append")
        scene.kv.destroy("a", 13)
        scene.kv.remove("b")
        Sync(scene.migration, name="sync", target_location="/migrated/sync", delete=True).ok(state="started")
        yield sent


def test_every_command_has_a_model_and_was_sent(bodies: Bodies) -> None:
    assert set(bodies) == set(MODELS)


@pytest.mark.parametrize("command", MODELS)
def test_no_key_is_unknown_and_none_is_missing(bodies: Bodies, command: str) -> None:
    model = MODELS[command]
    attribute_of = {key: attribute for attribute, key in model.attribute_map.items()}
    for body in bodies[command]:
        assert not set(body) - set(attribute_of)
        made = model(**{attribute_of[key]: value for key, value in body.items()})  # refuses a missing required one
        told = akeyless.ApiClient().sanitize_for_serialization(made)
        assert {key: told[key] for key in body} == body


@pytest.mark.parametrize("command", MODELS)
def test_every_value_has_the_models_type(bodies: Bodies, command: str) -> None:
    model = MODELS[command]
    types = {model.attribute_map[attribute]: kind for attribute, kind in model.openapi_types.items()}
    known = {"str": str, "bool": bool, "int": int, "list[str]": list}
    for body in bodies[command]:
        wrong = {key: types[key] for key, value in body.items() if type(value) is not known[types[key]]}
        assert not wrong


def test_it_is_always_said_whether_the_previous_version_stays(bodies: Bodies) -> None:
    assert all(body["keep-prev-version"] in ("true", "false") for body in bodies["update-secret-val"])
    assert all(body["last-version"] >= 1 for body in bodies["update-secret-val"])


def test_single_versions_are_deleted(bodies: Bodies) -> None:
    assert any(body.get("version", 0) > 0 for body in bodies["delete-item"])


def test_every_new_item_carries_the_migrations_tag(bodies: Bodies) -> None:
    assert all(
        body["tags"][0].startswith(("secretferry:test", "secretferry:back", "secretferry:sync"))
        for body in bodies["create-secret"]
    )
