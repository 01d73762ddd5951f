# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No credential of any type of source shows anywhere: playbooks at -vvvv with diffs, results, drift and failures.

Every credential field of every type is a canary, given as an option, a file or a variable. The Gateway shows them in
its answers as they are, and a proxy in front of it answers errors with all that it was told.
"""

from __future__ import annotations

import base64
import json
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from leaking import Watch, leaks

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.source_types import TYPES
from ferrydev.canaries import Hit, canary, scan
from ferrydev.emulator import Emulator
from ferrydev.gateway_runs import OWN_VALUES
from ferrydev.play import Play, Played
from ferrydev.tampering import Tamper

PREFIX = "secretferry.akeyless."
WAYS = ("option", "file", "variable")
LOGINS: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "k8s.client_key": ({"client_certificate": "-----BEGIN X-----"}, ("token",)),
    "k8s.password": ({"username": "me"}, ("token",)),
}
FIELDS = [(source, field) for source in TYPES for field in source.fields if field.secret]
IDS = [f"{source.option}.{field.option}" for source, field in FIELDS]


@dataclass
class Aftermath:
    """Two plays, and all that they left."""

    canaries: dict[str, str]
    played: dict[str, Played]
    watched: Watch
    folder: Path
    held: str

    def shown(self, where: t.Iterable[Path | str | bytes]) -> list[Hit]:
        """Where a credential shows, in any disguise."""
        return scan(where, self.canaries.values())

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != "command"]


def _tasks(path: str, folder: Path, way: str, **more: t.Any) -> dict[str, t.Any]:
    """A task that declares a migration in which the credential at ``path`` is a canary, and all others too."""
    kind, _dot, name = path.partition(".")
    beside, without = LOGINS.get(path, ({}, ()))
    own = {key: value for key, value in OWN_VALUES[kind].items() if key not in without}
    source = next(one for one in TYPES if one.option == kind)
    for field in source.fields:
        if field.secret and (field.option in own or field.option == name):
            own.pop(field.option, None)
            if way == "option":
                own[field.option] = f"{{{{ lookup('ansible.builtin.env', '{field.env}') }}}}"
            elif way == "file":
                own[f"{field.option}_file"] = str(folder / field.env)
    options = {"name": f"{path} {way}", "target_location": "/gw", kind: {**own, **beside}, **more}
    return {PREFIX + "gateway_migration": options}


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Aftermath]:
    keys, folder = tmp_path_factory.mktemp("keys"), tmp_path_factory.mktemp("plays")
    canaries = {path: canary() for path in IDS}
    # This one is a key file in base64, or the Gateway would not take it.
    key = json.dumps({"private_key": canaries["gcp.key"]})
    canaries["gcp.key"] = base64.b64encode(key.encode()).decode()
    variables = {field.env: canaries[path] for path, (_source, field) in zip(IDS, FIELDS, strict=True)}
    for variable, value in variables.items():
        (keys / variable).write_text(value)
    environment = {**variables, "ANSIBLE_DISPLAY_TRACEBACK": "always"}

    def echo(_status: int, _answer: bytes, asked: bytes) -> tuple[int, bytes]:
        forms: tuple[t.Callable[[str], str], ...] = (
            str,
            quote,
            json.dumps,
            lambda text: base64.b64encode(text.encode()).decode(),
            lambda text: text.encode().hex(),
            lambda text: text[: len(text) // 2],
        )
        told = [form(value) for value in [asked.decode(), *canaries.values()] for form in forms]
        return 400, json.dumps({"error": f"cannot take this: {' '.join(told)}"}).encode()

    with Emulator.start() as emulator:
        gateway = emulator.gateway(2, settings={"takes_1password": True})
        gateway.target("/targets/ad")
        gateway.target("/targets/ssh")
        changes = {"gateway-create-migration": echo, "gateway-update-migration": echo}
        with Tamper(gateway.url, changes) as echoing:
            login = {
                "AKEYLESS_ACCESS_ID": emulator.access_id,
                "AKEYLESS_ACCESS_KEY": emulator.access_key,
                "AKEYLESS_GATEWAY_URL": gateway.url,
            }
            play = Play({**environment, **login}, folder=folder)
            good: list[dict[str, t.Any]] = []
            bad: list[dict[str, t.Any]] = []
            for path in IDS:
                for way in WAYS:
                    made = _tasks(path, keys, way)
                    good.append({"name": f"create {path} {way}", **made, "register": "made"})
                always = _tasks(path, keys, "option", update_credentials="always")
                good.append({"name": f"check {path}", **always, "check_mode": True})
                good.append({"name": f"again {path}", **always})
                good.append({"name": f"print {path}", "ansible.builtin.debug": {"var": "made"}})
                for way in WAYS:
                    refused = _tasks(path, keys, way, akeyless={"gateway_url": echoing.url})
                    refused[PREFIX + "gateway_migration"]["name"] = f"refused {path} {way}"
                    bad.append({"name": f"refused {path} {way}", **refused, "ignore_errors": True})
                renewed = _tasks(
                    path, keys, "option", akeyless={"gateway_url": echoing.url}, update_credentials="always"
                )
                bad.append({"name": f"update refused {path}", **renewed, "ignore_errors": True})
            sync = {"name": "hashi.token option"}
            good += [
                {"name": "start", PREFIX + "gateway_migration_sync": {**sync, "state": "started"}},
                {"name": "all", PREFIX + "gateway_migration_info": {}},
                {
                    "name": "wait",
                    PREFIX + "gateway_migration_info": {**sync, "wait": True, "interval": 0.1, "timeout": 30},
                    "ignore_errors": True,
                },
            ]
            drift = {"name": "drift", PREFIX + "gateway_cluster_info": {"instances": gateway.urls}}
            with Watch() as watched:
                played = {"good": play.run(good, "-vvvv", "--diff")}
                gateway.drift(2, "aws.key option", payload={"secret": canary()})
                held = json.dumps(gateway_payloads(emulator, gateway.url))
                played["bad"] = play.run([*bad, drift], "-vvvv", "--diff")
            yield Aftermath(canaries, played, watched, folder, held)
            play.close()


def gateway_payloads(emulator: Emulator, url: str) -> t.Any:
    """What the Gateway itself lists, credentials and all."""
    body = {"token": emulator.token()}
    return httpx.post(f"{url}/gateway-list-migration", json=body, trust_env=False).json()


@pytest.mark.parametrize("path", IDS)
def test_the_gateway_holds_each_credential(aftermath: Aftermath, path: str) -> None:
    """Otherwise nothing of what follows would mean anything."""
    assert aftermath.played["good"].rc == 0, aftermath.played["good"].stdout[-3000:]
    value = aftermath.canaries[path]
    forms = [
        value,
        json.dumps(list(value.encode())),
        json.dumps(base64.b64decode(value + "==", b"-_").decode("latin-1")),
    ]
    assert any(form in aftermath.held for form in forms)
    for way in WAYS:
        assert aftermath.played["good"][f"create {path} {way}"]["credentials"] == "sent"


@pytest.mark.parametrize("path", IDS)
def test_each_refused_task_failed_with_the_echo(aftermath: Aftermath, path: str) -> None:
    for way in WAYS:
        result = aftermath.played["bad"][f"refused {path} {way}"]
        assert result["failed"]
        assert "cannot take this" in result["msg"]
    assert aftermath.played["bad"][f"update refused {path}"]["failed"]


@pytest.mark.parametrize("play", ["good", "bad"])
def test_nothing_in_results_and_diffs(aftermath: Aftermath, play: str) -> None:
    for task, result in aftermath.played[play].results.items():
        assert aftermath.shown([json.dumps(result)]) == [], task
        for path, value in aftermath.canaries.items():
            assert str(list(value.encode()))[1:-1] not in json.dumps(result), (task, path)


@pytest.mark.parametrize("play", ["good", "bad"])
def test_nothing_on_stdout(aftermath: Aftermath, play: str) -> None:
    assert "TASK [" in aftermath.played[play].stdout
    assert aftermath.shown([aftermath.played[play].stdout]) == []


def test_nothing_in_any_file_that_the_plays_left(aftermath: Aftermath) -> None:
    files = aftermath.files()
    assert len(files) > 10
    assert aftermath.shown(files) == []


def test_nothing_in_the_arguments_of_a_process(aftermath: Aftermath) -> None:
    assert aftermath.watched.arguments
    assert leaks([aftermath.watched.arguments], list(aftermath.canaries.values())) == []


def test_drift_says_of_a_credential_only_that_it_differs(aftermath: Aftermath) -> None:
    drift = aftermath.played["bad"]["drift"]["drift"]
    assert [(one["migration"], one["setting"], one["by_instance"]) for one in drift] == [
        ("aws.key option", "aws.key", "differs")
    ]
