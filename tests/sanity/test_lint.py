# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every linter finds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferrydev import layout
from ferrydev.release_check import plain_checkout

BIN = Path(sys.executable).parent
MYPY = ["mypy", "--config-file", str(layout.CHECKOUT / "pyproject.toml")]


def clean(command: list[str], cwd: Path = layout.CHECKOUT, **env: str) -> None:
    """Run a linter; fail with what it said if it is not content."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        env={**layout.environment(), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\n{done.stdout[-8000:]}", pytrace=False)


def typed(*what: str, also: str = "") -> None:
    """mypy --strict, with the checkout found as a collection; ``also`` is one more folder for imports."""
    linked = layout.link()
    path = [str(linked), str(layout.CHECKOUT / "dev"), *([str(layout.CHECKOUT / also)] if also else [])]
    # On PYTHONPATH they would count as installed packages without types.
    clean([*MYPY, *what], cwd=linked, MYPYPATH=os.pathsep.join(path), PYTHONPATH="")


def test_ruff_finds_nothing() -> None:
    clean(["ruff", "check", "."])


def test_ruff_would_format_nothing() -> None:
    clean(["ruff", "format", "--check", "."])


def test_the_plugins_are_strictly_typed() -> None:
    typed("-p", "ansible_collections.secretferry.akeyless.plugins")


def test_the_event_sources_are_strictly_typed() -> None:
    # They are no package: ansible-rulebook runs each by its path.
    typed(*map(str, sorted((layout.CHECKOUT / "extensions").rglob("*.py"))))


def test_the_tools_are_strictly_typed() -> None:
    typed("-p", "ferrydev", "-p", "akeyless_emulator")


@pytest.mark.parametrize("folder", sorted({p.parent.name for p in (layout.CHECKOUT / "tests").glob("*/test_*.py")}))
def test_the_tests_are_strictly_typed(folder: str) -> None:
    # One folder at a time, as each has modules of its own that the others do not see.
    files = sorted(str(p) for p in (layout.CHECKOUT / "tests" / folder).glob("*.py"))
    typed(*files, also=f"tests/{folder}")


@pytest.mark.parametrize("file", ["conftest.py", "tests/conftest.py"])
def test_the_shared_fixtures_are_strictly_typed(file: str) -> None:
    typed(str(layout.CHECKOUT / file))


def test_yamllint_finds_nothing() -> None:
    clean(["yamllint", "--strict", "."])


def test_ansible_lint_finds_nothing(tmp_path: Path) -> None:
    # As by hand in a checkout: ansible-lint installs the collection that it checks into .ansible there.
    env = {name: value for name, value in layout.environment().items() if not name.startswith("ANSIBLE_")}
    command = [str(BIN / "ansible-lint"), "--strict", "--nocolor"]
    done = subprocess.run(command, cwd=plain_checkout(tmp_path), env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(done.stdout[-8000:] + done.stderr[-2000:], pytrace=False)


def test_the_documentation_renders() -> None:
    clean(["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."])


def test_the_changelog_fragments_are_right() -> None:
    clean(["antsibull-changelog", "lint"])
