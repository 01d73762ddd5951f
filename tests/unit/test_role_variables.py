# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of roles: those that roles share are described equally, and each default is written in both places.

Ansible reads the argument specs of a role from one file, so roles cannot share a part of it.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROLES = sorted((Path(__file__).resolve().parents[2] / "roles").iterdir())
NAMES = [role.name for role in ROLES]


def options(role: Path) -> dict[str, dict[str, t.Any]]:
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))
    return t.cast("dict[str, dict[str, t.Any]]", specs["argument_specs"]["main"]["options"])


def test_a_variable_that_roles_share_is_described_equally_in_each() -> None:
    shared: dict[str, dict[str, t.Any]] = {}
    for role in ROLES:
        for name, option in options(role).items():
            if not name.startswith(f"secretferry_{role.name}_"):
                assert shared.setdefault(name, option) == option, f"{name} of {role.name}"
    assert {"secretferry_migration", "secretferry_source_auth", "secretferry_akeyless"} <= set(shared)


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_a_documented_default_is_the_default(role: Path) -> None:
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text("utf-8"))
    assert set(defaults) <= set(options(role))
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert {name: defaults[name] for name in documented} == documented


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_the_readme_names_variables_that_are_there(role: Path) -> None:
    text = (role / "README.md").read_text("utf-8")
    known = {name for other in ROLES for name in options(other)}
    results = {f"secretferry_{role.name}_result"}
    assert set(re.findall(r"secretferry_\w+", text)) - results <= known
