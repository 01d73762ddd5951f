# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counters, journal, dumps, resets, and how the emulator starts and ends."""

from __future__ import annotations

import json
import re
import sqlite3
import ssl
import subprocess
import sys
import time
import typing as t
import urllib.request
from pathlib import Path

import pytest
from official_sdk import GATEWAY_ROUTES, ROUTES, Sdk, disconnected, raw, refused

from akeyless_emulator.gateway.settings import GatewaySettings
from akeyless_emulator.settings import KINDER, SEEN, Settings
from ferrydev.emulator import Emulator, EmulatorError

_PACKAGE = Path(__file__).resolve().parents[2] / "dev" / "akeyless_emulator"
_IN_DEV: dict[str, t.Any] = {"cwd": _PACKAGE.parent, "text": True}


def test_counters_tell_reads_from_writes(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    sdk.update_secret_val(name="/a", value="2")
    sdk.update_item(name="/a", description="d")
    with refused(409):
        sdk.create_secret(name="/a", value="1")
    sdk.get_secret_value(names=["/a"])
    sdk.list_items(path="/")
    counters = emulator.control.reset_counters()
    assert (counters["requests"], counters["writes"], counters["writes_applied"]) == (6, 4, 3)
    assert counters["values_read"] == 1
    assert counters["routes"]["create-secret"] == 2
    assert counters["statuses"] == {"200": 5, "409": 1}
    assert emulator.control.counters()["requests"] == 0


def test_the_journal_has_routes_names_and_outcomes_but_no_value(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="canary-4711", description="canary-4712")
    with refused(404):
        sdk.value("/none")
    emulator.control.faults(rules=[{"action": "drop", "when": "after"}])
    with disconnected():
        sdk.delete_item(name="/a")
    emulator.control.faults()
    sdk.list_items(path="/x")
    assert emulator.control.journal() == [
        ["create-secret", "/a", "200"],
        ["get-secret-value", "/none", "404"],
        ["delete-item", "/a", "dropped after"],
        ["list-items", "/x", "200"],
    ]
    assert emulator.control.journal(since=3) == [["list-items", "/x", "200"]]


def test_a_dump_has_every_value_of_every_version(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1", tags=["t"], description="d")
    sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
    item = emulator.control.dump()["/a"]
    assert [(version["version"], version["value"]) for version in item["versions"]] == [(1, "1"), (2, "2")]
    assert (item["tags"], item["description"], item["last_version"]) == (["t"], "d", 2)


def test_stable_dumps_of_equal_histories_are_equal(emulator: Emulator, sdk: Sdk) -> None:
    dumps = []
    for _ in range(2):
        emulator.control.reset()
        sdk.create_secret(name="/a", value="1")
        sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
        dumps.append((emulator.control.dump(stable=True), emulator.control.dump()))
    assert dumps[0][0] == dumps[1][0]
    assert dumps[0][1] != dumps[1][1]


def test_a_snapshot_brings_everything_back(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    sdk.create_secret(name="/b", value="1")
    before = emulator.control.dump()
    emulator.control.snapshot("two")
    sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
    sdk.delete_item(name="/b")
    sdk.create_secret(name="/c", value="1")
    for _ in range(2):
        emulator.control.reset("two")
        assert emulator.control.dump() == before
        assert sdk.names(path="/", type=["static-secret"]) == ["/a", "/b"]
        sdk.delete_item(name="/a")
    with pytest.raises(EmulatorError, match="400"):
        emulator.control.reset("none")


def test_a_reset_undoes_settings_faults_identities_and_items(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/a", value="1")
    sdk.create_auth_method(name="/m")
    sdk.create_role(name="/r")
    emulator.control.settings(page_size=2)
    emulator.control.faults(latency_ms=5)
    emulator.control.reset()
    assert sorted(emulator.control.dump()) == ["/keys/aes128", "/keys/aes256", "/keys/rsa"]
    assert emulator.control.settings()["page_size"] == 1000
    sdk.create_auth_method(name="/m")
    sdk.create_role(name="/r")


@pytest.mark.parametrize("wrong", [{"no_such": 1}, {"page_size": "3"}, {"missing_in_batch": "panic"}, {"journal": 1}])
def test_settings_that_make_no_sense_are_refused_whole(emulator: Emulator, wrong: dict[str, t.Any]) -> None:
    with pytest.raises(EmulatorError, match="400"):
        emulator.control.settings(token_ttl=5, **wrong)
    assert emulator.control.settings()["token_ttl"] == 3600


def test_the_seen_and_the_kinder_behaviour_are_settings_that_differ(emulator: Emulator) -> None:
    assert SEEN.keys() == KINDER.keys()
    assert [name for name in SEEN if SEEN[name] == KINDER[name]] == []
    before = emulator.control.settings()
    for preset in (SEEN, KINDER):
        assert emulator.control.settings(**preset) == {**before, **preset}


def test_unknown_control_routes_are_refused_and_none_is_counted(emulator: Emulator) -> None:
    status, answer, _ = raw(emulator.url, "_emulator/explode", {})
    assert status == 404
    assert "explode" in answer["error"]
    assert emulator.control.counters()["requests"] == 0


def test_items_identities_and_settings_outlive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    config = {"keys": [{"name": "/k", "alg": "AES128GCM"}]}
    with Emulator.start(config, log_dir=tmp_path, state=state) as emulator:
        sdk = Sdk(emulator.url, emulator.token())
        sdk.create_secret(name="/a", value="\u00e9\n", tags=["t"], item_custom_fields={"x": "y"}, protection_key="/k")
        sdk.update_secret_val(name="/a", value="2", keep_prev_version="true")
        sdk.create_secret(name="/gone", value="1")
        sdk.create_secret(name="/old", value="1")
        sdk.delete_item(name="/gone")
        sdk.update_item(name="/old", new_name="/new")
        made = sdk.create_auth_method(name="/m")
        sdk.create_role(name="/r")
        sdk.set_role_rule(role_name="/r", path="/a", capability=["read"])
        sdk.assoc_role_auth_method(role_name="/r", am_name="/m")
        sdk.update_account_settings(force_new_versions="true")
        before = emulator.control.dump()
    with Emulator.start(config, log_dir=tmp_path, state=state) as emulator:
        assert emulator.control.dump() == before
        assert sorted(before) == ["/a", "/k", "/new"]
        assert Sdk(emulator.url, emulator.login(made.access_id, made.access_key)).value("/a", version=1) == "\u00e9\n"
        again = Sdk(emulator.url, emulator.token())
        again.update_secret_val(name="/new", value="2", keep_prev_version="false")
        assert again.describe_item(name="/new").last_version == 2
        of_before = Sdk(emulator.url, sdk.token)
        with refused(401):
            of_before.list_items(path="/")
        again.create_secret(name="/later", value="1")
        ids = [item["id"] for item in emulator.control.dump().values()]
        assert len(ids) == len(set(ids))


def test_a_killed_emulator_keeps_what_it_had_written_down(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    emulator = Emulator.start(log_dir=tmp_path, state=state)
    sdk = Sdk(emulator.url, emulator.token())
    sdk.create_secret(name="/a", value="1")

    def written() -> int:
        with sqlite3.connect(state) as database:
            return int(database.execute("SELECT count(*) FROM items").fetchone()[0])

    while not written():
        assert sdk.list_items(path="/")
    emulator.kill()
    with Emulator.start(log_dir=tmp_path, state=state) as again:
        assert list(again.control.dump()) == ["/a"]


def test_it_speaks_tls(tmp_path: Path) -> None:
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    with Running("--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem") as ready:
        assert ready["url"].startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        with urllib.request.urlopen(f"{ready['url']}/_emulator/counters", context=context) as answer:
            assert json.load(answer)["requests"] == 0


def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path: Path) -> None:
    with Running("--port-file", tmp_path / "port") as ready:
        assert ready["url"] == f"http://127.0.0.1:{(tmp_path / 'port').read_text().strip()}"
        assert ready["access_id"].startswith("p-")


def test_the_harness_s_emulator_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = f"""
import os
from ferrydev.emulator import Emulator
print(Emulator.start(log_dir={str(tmp_path)!r}).url, flush=True)
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", script], **_IN_DEV, stdout=subprocess.PIPE, timeout=30)
    end = time.monotonic() + 10
    while True:
        try:
            raw(killed.stdout.strip(), "list-items", {})
        except OSError:
            break
        assert time.monotonic() < end


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("{", "Expecting"),
        ('{"settings": {"no_such": 1}}', "unknown setting: no_such"),
        ('{"accounts": []}', "unknown keys"),
        ('{"identities": [{"name": "x"}]}', "access_id"),
        ('{"faults": {"rules": [{"action": "explode"}]}}', "unknown fault"),
    ],
)
def test_a_wrong_configuration_ends_it_at_once(tmp_path: Path, config: str, complaint: str) -> None:
    (tmp_path / "config.json").write_text(config)
    ended = subprocess.run(
        _command("--config", tmp_path / "config.json"), **_IN_DEV, stderr=subprocess.PIPE, timeout=30
    )
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_environment_gives_the_harness_settings_that_a_test_leaves_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_SETTINGS", '{"listing": "flat", "token_ttl": 5}')
    with Emulator.start({"settings": {"token_ttl": 7}}, log_dir=tmp_path) as emulator:
        settings = emulator.control.settings()
        assert (settings["listing"], settings["token_ttl"]) == ("flat", 7)
        emulator.control.reset()
        assert emulator.control.settings() == settings


def test_the_harness_says_why_it_did_not_start(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="unknown setting: no_such"):
        Emulator.start({"settings": {"no_such": 1}}, log_dir=tmp_path)


def test_the_readme_describes_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", (_PACKAGE / "README.md").read_text("utf-8"), re.MULTILINE))
    assert rows == {name: json.dumps(value) for name, value in Settings().as_dict().items()}


def test_the_readme_names_the_evidence_of_each_behaviour() -> None:
    text = (_PACKAGE / "README.md").read_text("utf-8").partition("## Behaviour and its evidence")[2]
    rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)[1:]
    words = re.compile(r"\*assumed\*|document|recording|client|model|seen|users'")
    assert [row for row in rows if not words.search(row[1])] == []
    named = {name for *_, settings in rows for name in re.findall(r"`(\w+)`", settings)}
    assert named - Settings().as_dict().keys() == {"lock", "rate_limit"}  # a control route and a fault
    seen = {name for _, evidence, settings in rows if evidence != "*assumed*" for name in SEEN if name in settings}
    assert seen == SEEN.keys()


def test_the_readme_of_gateways_describes_every_setting_with_its_default() -> None:
    text = (_PACKAGE / "gateway" / "README.md").read_text("utf-8").partition("## Settings")[2].partition("## ")[0]
    rows: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`[^|]*`) \| (`[^|]*`) \|", text, re.MULTILINE):
        rows |= zip(re.findall("`(.*?)`", names), re.findall("`(.*?)`", values), strict=True)
    assert rows == {name: json.dumps(value) for name, value in GatewaySettings().as_dict().items()}


def test_the_readmes_name_every_command() -> None:
    text = (_PACKAGE / "README.md").read_text("utf-8") + (_PACKAGE / "gateway" / "README.md").read_text("utf-8")
    assert [route for route in (*ROUTES, *GATEWAY_ROUTES) if f"`{route}`" not in text] == []


def test_the_readmes_name_every_control_route(emulator: Emulator) -> None:
    routes = set(emulator.control.routes())
    of_gateways = {route for route in routes if route.split()[1].startswith("gateway")}
    rows = (_PACKAGE / "gateway" / "README.md").read_text("utf-8")
    named = {
        f"{method} {route}"
        for methods, route in re.findall(r"`((?:GET|POST)(?:`, `POST)?) (gateway[/a-z]*)", rows)
        for method in re.findall("GET|POST", methods)
    }
    assert named == of_gateways
    rows = (_PACKAGE / "README.md").read_text("utf-8")
    others = re.findall(r"^\| `((?:GET|POST) )/_emulator/([\w-]+)", rows, re.MULTILINE)
    assert sorted(method + route for method, route in others) == sorted(routes - of_gateways)


class Running:
    """The emulator as a shell would start it: what it printed when it was ready; ended with SIGTERM, cleanly."""

    def __init__(self, *options: str | Path) -> None:
        self._process = subprocess.Popen(_command(*options), stdout=subprocess.PIPE, **_IN_DEV)

    def __enter__(self) -> dict[str, t.Any]:
        assert self._process.stdout
        return t.cast("dict[str, t.Any]", json.loads(self._process.stdout.readline()))

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        assert self._process.wait(10) == 0
        assert self._process.stdout
        self._process.stdout.close()


def _command(*options: str | Path) -> list[str]:
    return [sys.executable, "-m", "akeyless_emulator", *map(str, options)]
