# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command makes the changelog's entry of a release; tried in a copy of the checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ferrydev import layout
from ferrydev.release import release
from ferrydev.release_check import plain_checkout

VERSION = "0.1.0"
MODULES = sorted(
    path.stem
    for path in (layout.CHECKOUT / "plugins" / "modules").glob("[a-z]*.py")
    if f"\nversion_added: {VERSION}\n" in path.read_text("utf-8")
)


def loaded(file: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(file.read_text("utf-8")))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = plain_checkout(tmp_path_factory.mktemp("release"))
    # antsibull-changelog asks git which files there are.
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)
    # As before the first release, whatever was released since.
    (checkout / "changelogs" / "changelog.yaml").write_text("ancestor: null\nreleases: {}\n", "utf-8")
    (checkout / "changelogs" / "fragments" / "one-more.yml").write_text("bugfixes:\n  - One bug less.\n", "utf-8")
    galaxy = checkout / "galaxy.yml"
    galaxy.write_text(re.sub(r"(?m)^version: .*$", "version: 0.0.1", galaxy.read_text("utf-8")), "utf-8")
    release(VERSION, checkout)
    return checkout


def test_the_fragments_become_an_entry_with_all_new_modules(released: Path) -> None:
    entry = loaded(released / "changelogs" / "changelog.yaml")["releases"][VERSION]
    assert list((released / "changelogs" / "fragments").glob("*")) == []
    assert sorted(module["name"] for module in entry["modules"]) == MODULES
    assert "One bug less." in entry["changes"]["bugfixes"]


def test_users_can_read_it(released: Path) -> None:
    text = (released / "CHANGELOG.md").read_text("utf-8")
    assert "## v0\\.1\\.0" in text
    assert "One bug less" in text


def test_galaxy_yml_has_the_version_and_is_otherwise_as_before(released: Path) -> None:
    before = loaded(layout.CHECKOUT / "galaxy.yml")
    assert loaded(released / "galaxy.yml") == {**before, "version": VERSION}


@pytest.mark.parametrize("version", ["", "next", "1.0", VERSION])
def test_what_is_no_new_version_changes_nothing(released: Path, version: str) -> None:
    before = (released / "galaxy.yml").read_bytes()
    with pytest.raises(SystemExit):
        release(version, released)
    assert (released / "galaxy.yml").read_bytes() == before


def test_the_changelog_is_right_afterwards(released: Path) -> None:
    program = shutil.which("antsibull-changelog", path=layout.environment()["PATH"])
    assert program
    done = subprocess.run([program, "lint"], cwd=released, stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
