# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that answers 200 and does nothing, or answers something else: the run notices, and a rerun heals it."""

from __future__ import annotations

import json
import typing as t

import pytest
from killing import comparable

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless import items
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

# Longer than a description, so that it lies in an item of its own.
LONG = {f"k{n}": "v" * 300 for n in range(4)}
LARGE = {f"k{n}": "v" * 500 for n in range(64)}  # in three pieces
OTHER = "/migrated/another"
DOCUMENTED: dict[str, dict[str, t.Any]] = {
    "create-secret": {"name": OTHER},
    "update-secret-val": {"name": OTHER},
    "update-item": {"updated": True},
    "delete-item": {"item_name": OTHER, "deletion_date": "2026-01-01T00:00:00Z"},
    "describe-item": {"item_name": OTHER, "item_type": "STATIC_SECRET", "last_version": 1},
    "get-secret-value": {OTHER: "x"},
    "list-items": {"items": [], "folders": []},
}
LIES = ("empty", "{}", "documented")


@pytest.fixture(autouse=True)
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "_TRIES", 2)


def _with_work_to_do(vault: Vault, emulator: Emulator) -> Scene:
    """Migrated once. Since then there is something to do of each kind."""
    emulator.control.settings(date_resolution="microseconds")  # so that no run waits
    scene = Scene(vault, emulator, metadata_mode="minimal")
    for path in ("grows", "described", "gone", "noted", "shrinks", "same"):
        scene.kv.put(path, {"v": 1})
    scene.kv.describe("noted", custom_metadata=LONG)
    scene.kv.describe("shrinks", custom_metadata=LARGE)
    scene.migration.ok()
    scene.kv.put("created", {"v": 1}, {"v": 2})
    scene.kv.put("created-noted", {"v": 1})
    scene.kv.describe("created-noted", custom_metadata=LONG)
    scene.kv.put("grows", {"v": 2})
    scene.kv.describe("described", custom_metadata={"owner": "me"})
    scene.kv.describe("noted", custom_metadata={**LONG, "more": "v"})
    scene.kv.describe("shrinks", custom_metadata={"owner": "me"})
    scene.kv.remove("gone")
    return scene


@pytest.fixture
def own(vault: Vault, emulator: Emulator) -> Scene:
    """With work to do, and a source that the test may change."""
    return _with_work_to_do(vault, emulator)


@pytest.fixture(scope="module")
def _story(vault: Vault, _emulator: Emulator) -> tuple[Scene, dict[str, t.Any]]:
    _emulator.control.reset()
    began = _emulator.control.settings()
    scene = _with_work_to_do(vault, _emulator)
    _emulator.control.snapshot("work to do")
    _sync(scene).ok()
    _emulator.control.settings(**began)
    return scene, comparable(scene.migration)


@pytest.fixture
def scene(_story: tuple[Scene, dict[str, t.Any]], emulator: Emulator) -> Scene:
    """With work to do."""
    emulator.control.settings(date_resolution="microseconds")
    emulator.control.reset("work to do")
    return _story[0]


@pytest.fixture
def expected(_story: tuple[Scene, dict[str, t.Any]]) -> dict[str, t.Any]:
    """The target after an undisturbed run."""
    return _story[1]


def _sync(scene: Scene) -> Sync:
    return Sync(scene.migration, delete=True)


def _lied_to(
    scene: Scene, command: str, lie: str, about: t.Callable[[dict[str, t.Any]], bool], run: t.Callable[..., Result]
) -> tuple[Result | None, str, int]:
    """Run against a server that lies to the requests of a command; the result, the error, and how often it lied."""
    answer = {"empty": b"", "{}": b"{}", "documented": json.dumps(DOCUMENTED[command]).encode()}[lie]
    told: list[str] = []

    def instead(path: str, asked: bytes) -> bytes | None:
        if path.rpartition("/")[2] != command or not about(json.loads(asked)):
            return None
        told.append(path)
        return answer

    with Tamper(scene.emulator.url, instead=instead) as tamper:
        try:
            result = run(akeyless={"api_url": tamper.url})
        except SecretferryError as error:
            return None, str(error), len(told)
    return result, str(result.error or ""), len(told)


def _about(*names: str) -> t.Callable[[dict[str, t.Any]], bool]:
    def about(body: dict[str, t.Any]) -> bool:
        asked = [body.get("name"), body.get("path"), *body.get("names", ())]
        return any(name in asked for name in names)

    return about


def _heals(scene: Scene, expected: dict[str, t.Any]) -> None:
    _sync(scene).ok()
    assert comparable(scene.migration) == expected
    control = scene.emulator.control
    control.reset_counters()
    last = _sync(scene).ok()
    assert not last.changed
    read = [name for route, name, _outcome in control.journal() if route == "get-secret-value"]
    assert [name for name in read if "/.secretferry/" not in name] == [], "no value of an item that is settled"


WRITES = [
    ("create-secret", "created", ""),
    ("create-secret", "created-noted", "/metadata"),
    ("update-secret-val", "grows", ""),
    ("update-secret-val", "created", ""),
    ("update-secret-val", "noted", "/metadata"),
    ("update-item", "described", ""),
    ("update-item", "shrinks", ""),
    ("delete-item", "gone", ""),
]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize(("command", "path", "folder"), WRITES)
def test_a_write_that_did_nothing(
    scene: Scene, expected: dict[str, t.Any], command: str, path: str, folder: str, lie: str
) -> None:
    written = f"/migrated/.secretferry/test{folder}/{scene.kv.mount}/{path}" if folder else scene.name(path)
    result, error, told = _lied_to(scene, command, lie, _about(written), _sync(scene).run)
    assert told
    assert result is not None, "one secret's fault costs one secret"
    assert f"{scene.kv.mount}/{path}" in error
    assert [failure["item"] for failure in result.values["failures"]] == [scene.name(path)]
    assert result.values["failures"][0]["remedy"]
    others = {name: item for name, item in expected.items() if path not in name}
    now = {name: item for name, item in scene.emulator.control.dump(stable=True).items() if path not in name}
    assert {name: [version["value"] for version in now[name]["versions"]] for name in others} == {
        name: [version["value"] for version in item["versions"]] for name, item in others.items()
    }
    _heals(scene, expected)


def _in_lists(members: dict[str, t.Any], *but: str) -> dict[str, t.Any]:
    return {key: value if key in but else [value] for key, value in members.items()}


def _distorted(name: str) -> dict[str, t.Callable[[dict[str, t.Any]], dict[str, t.Any]]]:
    """By command, the answer with what it says of an item in another shape."""

    def listing(answer: dict[str, t.Any]) -> dict[str, t.Any]:
        items = [_in_lists(item, "item_name") if item["item_name"] == name else item for item in answer["items"] or ()]
        return {**answer, "items": items}

    return {
        "describe-item": lambda answer: _in_lists(answer) if answer.get("item_name") == name else answer,
        "get-secret-value": lambda answer: {**answer, name: [7]} if name in answer else answer,
        "list-items": lambda answer: listing(answer) if "items" in answer else answer,
        "/metadata/grows": lambda answer: {**answer, "data": _in_lists(answer["data"])},
        "/data/grows": lambda answer: {**answer, "data": [answer["data"]]},
    }


@pytest.mark.parametrize("command", _distorted(""))
def test_an_answer_in_another_shape_costs_one_secret(
    scene: Scene, expected: dict[str, t.Any], vault: Vault, command: str
) -> None:
    name = scene.name("grows")

    def change(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
        return status, json.dumps(_distorted(name)[command](json.loads(body))).encode()

    with Tamper(vault.addr if "/" in command else scene.emulator.url, {command: change}) as tamper:
        source = {"url": tamper.url, "paths": [f"{scene.kv.mount}/"]}
        result = _sync(scene).run(**{"source": source} if "/" in command else {"akeyless": {"api_url": tamper.url}})
    assert {failure["item"] for failure in result.values["failures"]} == {name}
    assert all(failure["remedy"] for failure in result.values["failures"])
    now = comparable(scene.migration)
    assert {of: now[of]["versions"] for of in expected if of != name and "/.secretferry/" not in of} == {
        of: item["versions"] for of, item in expected.items() if of != name and "/.secretferry/" not in of
    }
    _heals(scene, expected)


READS = ("describe-item", "get-secret-value", "list-items")
SUBJECTS = ("one item", "the ledger", "everything")


@pytest.mark.parametrize("lie", LIES[1:])
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("command", READS)
@pytest.mark.parametrize("module", ["sync", "migration", "rollback"])
def test_a_read_that_says_something_else(
    scene: Scene, expected: dict[str, t.Any], module: str, command: str, subject: str, lie: str
) -> None:
    ours = _about(
        *(scene.name(path) for path in ("grows", "created", "gone", "shrinks")), f"/migrated/{scene.kv.mount}"
    )

    def of_ledger(body: dict[str, t.Any]) -> bool:
        return "/.secretferry/" in json.dumps(body)

    about = {"one item": ours, "the ledger": of_ledger, "everything": lambda _body: True}[subject]
    run = {"sync": _sync(scene), "migration": scene.migration, "rollback": Rollback(scene.migration)}[module].run
    before = comparable(scene.migration)
    _result, error, told = _lied_to(scene, command, lie, about, run)
    if told and module == "rollback" and not error:
        assert comparable(scene.migration) in (before, {})
    if module == "rollback":
        Rollback(scene.migration).ok()
        assert not scene.migration.items()
        return
    if told and error:
        assert ". " in error, "a remedy"
    _heals(scene, expected)


@pytest.mark.parametrize("command", READS)
def test_a_read_that_shows_an_older_state(scene: Scene, expected: dict[str, t.Any], command: str) -> None:
    older: dict[tuple[str, str], bytes] = {}

    def first_answer(path: str) -> t.Callable[[int, bytes, bytes], tuple[int, bytes]]:
        def change(status: int, body: bytes, asked: bytes) -> tuple[int, bytes]:
            question = {name: value for name, value in json.loads(asked).items() if name != "token"}
            if "/.secretferry/" in json.dumps(question):
                return status, body
            return (status, body) if status != 200 else (200, older.setdefault((path, json.dumps(question)), body))

        return change

    with Tamper(scene.emulator.url, {f"/{command}": first_answer(command)}) as tamper:
        result = _sync(scene).run(akeyless={"api_url": tamper.url})
    if command == "list-items":
        assert result.error is not None
    _heals(scene, expected)


# --- metadata that needs no item of its own any more


def _metadata_items(scene: Scene) -> list[str]:
    return [name for name in scene.emulator.control.dump() if "/.secretferry/test/metadata" in name]


@pytest.mark.parametrize("to", ["a description", "two pieces", "none"])
def test_metadata_items_that_are_not_needed_are_deleted(own: Scene, to: str) -> None:
    before = comparable(own.migration)
    custom: dict[str, t.Any] = {"a description": {"owner": "me"}, "two pieces": dict([*LARGE.items()][:40]), "none": {}}
    own.kv.describe("shrinks", custom_metadata=custom[to])
    assert sum("/shrinks" in name for name in _metadata_items(own)) == 3
    result = own.migration.ok()
    assert sum("/shrinks" in name for name in _metadata_items(own)) == {"two pieces": 2}.get(to, 0)
    assert not own.migration.ok().changed
    Rollback(own.migration).ok(from_run=result.values["run"])
    after = comparable(own.migration)
    assert {name: item["versions"] for name, item in after.items()} == {
        name: item["versions"] for name, item in before.items()
    }


def test_a_metadata_item_that_could_not_be_deleted_is_deleted_later(own: Scene, emulator: Emulator) -> None:
    rule = {"action": "error", "status": 400, "text": "no", "routes": ["delete-item"]}
    emulator.control.faults(rules=[rule])
    result = own.migration.run()
    assert [failure["item"] for failure in result.values["failures"]] == [own.name("shrinks")]
    emulator.control.faults()
    own.migration.ok()
    assert not [name for name in _metadata_items(own) if "/shrinks" in name]
    assert not own.migration.ok().changed


def test_a_metadata_item_that_was_deleted_by_others_is_written_again(own: Scene) -> None:
    own.migration.ok()
    before = comparable(own.migration)
    (name,) = [name for name in _metadata_items(own) if name.endswith("/noted") and "/created" not in name]
    own.call("delete-item", name=name)
    assert own.migration.run(check=True).changed
    own.migration.ok()
    after = comparable(own.migration)
    assert after[name]["versions"][-1]["value"] == before[name]["versions"][-1]["value"]
    assert not own.migration.ok().changed
