# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published: the artifact holds what users need, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path, PurePath

import pytest
import yaml

from ferrydev import layout

MODULES = sorted(path.stem for path in (layout.CHECKOUT / "plugins" / "modules").glob("[a-z]*.py"))
PLAYBOOKS = sorted(path.name for path in (layout.CHECKOUT / "playbooks").glob("*.yml"))
PUBLISHED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}


def run(*command: str) -> str:
    """A program of the venv with the installed artifact as the only collection; its output."""
    return subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        env=layout.environment(layout.install()),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def names() -> list[PurePath]:
    with tarfile.open(layout.artifact()) as archive:
        return [PurePath(name) for name in archive.getnames()]


def test_it_holds_nothing_but_the_collection(names: list[PurePath]) -> None:
    assert {path.parts[0] for path in names} <= PUBLISHED
    assert [str(path) for path in names if path.suffix in (".pyc", ".toml", ".cfg", ".go", ".sqlite")] == []
    assert [str(path) for path in names if {"tests", "dev", "__pycache__", "fragments"} & set(path.parts)] == []


def test_it_holds_every_plugin_playbook_and_page(names: list[PurePath]) -> None:
    tracked = {
        path.relative_to(layout.copy())
        for folder in ("plugins", "playbooks", "roles", "docs", "meta")
        for path in (layout.copy() / folder).rglob("*")
        if path.is_file()
    }
    assert {str(path) for path in tracked} <= {str(path) for path in names}
    assert {"LICENSE", "README.md", "requirements.txt"} <= {str(path) for path in names}


def test_it_holds_no_code_that_is_not_free_like_the_rest(names: list[PurePath]) -> None:
    # The Vault server of the tests is under another licence (dev/vault_server/README.md).
    assert [str(path) for path in names if "vault_server" in path.parts] == []


def test_it_is_installed_under_its_version() -> None:
    galaxy = yaml.safe_load((layout.CHECKOUT / "galaxy.yml").read_text("utf-8"))
    listed: dict[str, t.Any] = json.loads(run("ansible-galaxy", "collection", "list", "--format", "json"))
    assert listed[str(layout.install() / "ansible_collections")] == {
        "secretferry.akeyless": {"version": galaxy["version"]}
    }


@pytest.mark.parametrize("module", MODULES)
def test_ansible_doc_renders_each_module(module: str) -> None:
    name = f"secretferry.akeyless.{module}"
    documented = json.loads(run("ansible-doc", "--type", "module", "--json", name))[name]
    assert documented["doc"]["short_description"]
    assert documented["examples"]
    assert documented["return"]
    assert "EXAMPLES:" in run("ansible-doc", "--type", "module", name)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_each_playbook_is_found_by_its_full_name(playbook: str) -> None:
    run("ansible-playbook", "--syntax-check", "-i", "localhost,", f"secretferry.akeyless.{playbook}")


def test_module_defaults_reach_every_module_that_connects() -> None:
    runtime = yaml.safe_load((layout.CHECKOUT / "meta" / "runtime.yml").read_text("utf-8"))
    names = [f"secretferry.akeyless.{module}" for module in MODULES]
    documented = json.loads(run("ansible-doc", "--type", "module", "--json", *names))
    # The group's defaults are connections: a module without these options would refuse them.
    connecting = [
        m for m, n in zip(MODULES, names, strict=True) if {"source", "akeyless"} & set(documented[n]["doc"]["options"])
    ]
    assert sorted(runtime["action_groups"]["migration"]) == connecting
