# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-builder makes an execution environment of the collection, and what it needs can be installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ferrydev import layout

BIN = Path(sys.executable).parent
DEFINITION = layout.CHECKOUT / "execution-environment.yml"
REQUIRED = [
    line.strip()
    for line in (layout.CHECKOUT / "requirements.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def run(*command: str, cwd: Path = layout.CHECKOUT) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=layout.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}"
    return done.stdout


def test_the_definition_is_one_of_schema_3_with_this_collection() -> None:
    definition = yaml.safe_load(DEFINITION.read_text("utf-8"))
    assert definition["version"] == 3
    assert definition["dependencies"]["galaxy"]["collections"] == [{"name": "secretferry.akeyless"}]


def test_ansible_builder_creates_its_context(tmp_path: Path) -> None:
    run(
        *(str(BIN / "ansible-builder"), "create", "-f", str(DEFINITION), "-c", str(tmp_path / "context")),
        *("--output-filename", "Containerfile"),
    )
    container = (tmp_path / "context" / "Containerfile").read_text("utf-8")
    assert "quay.io/centos/centos:stream9" in container
    requirements = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text("utf-8"))
    assert requirements == {"collections": [{"name": "secretferry.akeyless"}]}
    assert "python3.12" in container


def test_ansible_builder_finds_what_the_collection_needs() -> None:
    # As in the image: the folder that has ansible_collections, with the artifact as it is installed.
    said = run(str(BIN / "ansible-builder"), "introspect", str(layout.install()))
    found: dict[str, t.Any] = yaml.safe_load(said[said.index("---") :])
    python = (
        [re.sub(r"\s+#.*", "", line) for line in found["python"]]
        if isinstance(found["python"], list)
        else found["python"]
    )
    assert all(any(requirement in str(line) for line in python) for requirement in REQUIRED), said
    assert not any("akeyless-cloud-id" in str(line) for line in python), (
        "the libraries for cloud identities are a choice"
    )


def pythons() -> list[str]:
    """The versions that execution environments have, as far as this machine has them."""
    found = []
    for version in ("3.11", "3.12", "3.13"):
        home = Path.home() / ".pyenv" / "versions"
        candidates = [shutil.which(f"python{version}"), *sorted(str(p) for p in home.glob(f"{version}.*/bin/python"))]
        found += [next((c for c in candidates if c and subprocess.run([c, "-c", ""], check=False).returncode == 0), "")]
    return [python for python in found if python]


@pytest.mark.parametrize("python", pythons())
def test_the_requirements_can_be_installed(python: str, tmp_path: Path) -> None:
    run(python, "-m", "venv", str(tmp_path / "venv"))
    pip = [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    # Wheels only: the base image has no compiler, and bindep.txt asks for none.
    run(*pip, "install", "--quiet", "--only-binary", ":all:", "-r", str(layout.CHECKOUT / "requirements.txt"))
    run(*pip, "check")
    run(str(tmp_path / "venv" / "bin" / "python"), "-c", "import hvac, httpx, httptools")
