# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the Gateway modules run as they stand, and their documentation names every result."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played
from ferrydev.scene import Kv
from ferrydev.vault import Vault

MODULES = ("gateway_migration", "gateway_migration_sync", "gateway_migration_info", "gateway_cluster_info")
PLUGINS = Path(__file__).resolve().parents[2] / "plugins" / "modules"
# Ansible's own, in any result.
COMMON = {"changed", "failed", "msg", "diff", "warnings", "invocation", "exception", "deprecations"}


def _part(module: str, name: str) -> str:
    found = re.search(
        rf'^{name} = r"""(.*?)"""', (PLUGINS / f"{module}.py").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    return found[1]


def _tasks(text: str) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", yaml.safe_load(text))


NAMES = {module: [task["name"] for task in _tasks(_part(module, "EXAMPLES"))] for module in MODULES}


@pytest.fixture(scope="module")
def played(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Played]:
    kv = Kv(vault)
    kv.put("app", {"n": 1})
    vault.write_policy("gateway-docs", f'path "{kv.mount}/*" {{ capabilities = ["read", "list"] }}')
    token, files = vault.token(["gateway-docs"]), tmp_path_factory.mktemp("secrets")
    (files / "vault-token").write_text(token)
    (files / "aws-key").write_text("an-aws-key")
    with Emulator.start() as emulator:
        gateway = emulator.gateway(2)
        places = {
            "https://vault.example.com:8200": vault.addr,
            "https://gateway.example.com:8000": gateway.url,
            "https://gateway-0.example.com:8000": gateway.urls[0],
            "https://gateway-1.example.com:8000": gateway.urls[1],
            "/run/secrets": str(files),
        }
        texts = {module: _part(module, "EXAMPLES") for module in MODULES}
        for theirs, ours in places.items():
            texts = {module: text.replace(theirs, ours) for module, text in texts.items()}
        declared = _tasks(texts["gateway_migration"])
        # Made, then run and looked at, then changed, renamed and removed: as a reader would.
        order = [
            declared[0],
            *_tasks(texts["gateway_migration_sync"]),
            *_tasks(texts["gateway_migration_info"]),
            *_tasks(texts["gateway_cluster_info"]),
            *declared[1:],
        ]
        env = {
            "AKEYLESS_GATEWAY_URL": gateway.url,
            "AKEYLESS_ACCESS_ID": emulator.access_id,
            "AKEYLESS_ACCESS_KEY": emulator.access_key,
            "SECRETFERRY_HASHI_TOKEN": token,
        }
        play = Play(env)
        yield play.run(order, "--diff")
        play.close()


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_an_example_runs(played: Played, module: str, name: str) -> None:
    assert played.rc == 0, played.stdout[-3000:]
    result = played[name]
    assert not result["failed"]
    if module == "gateway_migration":
        assert result["changed"]


@pytest.mark.parametrize("module", MODULES)
def test_every_result_is_documented(played: Played, module: str) -> None:
    documented = yaml.safe_load(_part(module, "RETURN"))
    tasks = [task["name"] for task in _tasks(_part(module, "EXAMPLES")) if f"secretferry.akeyless.{module}" in task]
    seen = {key for name in tasks for key in played[name] if not key.startswith("_")} - COMMON
    assert seen <= set(documented)
    rare = {key for key, entry in documented.items() if entry["returned"] == "when there is something"}
    assert set(documented) - rare - seen == set()
