# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that can work for long runs by the action plugin that shows progress, as the module that it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.playbook.play import Play
from ansible.plugins.loader import action_loader, init_plugin_loader, module_loader

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
LONG = sorted(path.stem for path in MODULES.glob("kv_*.py"))
SHOWING = [
    *LONG,
    "preflight",
    "gateway_migration_info",
    "gateway_log_info",
    "account_probe",
    "canary_secrets",
    "vault_usage_info",
]


@pytest.fixture(scope="module", autouse=True)
def collections() -> None:
    init_plugin_loader()


@pytest.mark.parametrize("module", SHOWING)
def test_it_shows_progress(module: str) -> None:
    name = f"secretferry.akeyless.{module}"
    action = module_loader.find_plugin_with_context(name).action_plugin or name
    found = action_loader.get(action, class_only=True)
    assert "ProgressAction" in [base.__name__ for base in found.__mro__]


@pytest.mark.parametrize("module", SHOWING)
def test_its_defaults_are_its_own(module: str) -> None:
    name = f"secretferry.akeyless.{module}"
    play = Play.load({"hosts": "all", "module_defaults": {name: {"report_limit": 1}}})
    assert play.module_defaults == [{name: {"report_limit": 1}}]
    assert ModuleArgsParser({name: {}}).parse()[0] == name
