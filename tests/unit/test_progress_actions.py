# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that works for long has the action plugin that shows how far it is."""

from __future__ import annotations

from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
LONG = sorted(path.stem for path in (PLUGINS / "modules").glob("kv_*.py"))


@pytest.mark.parametrize("module", [*LONG, "preflight", "gateway_migration_info", "gateway_log_info"])
def test_it_shows_progress(module: str) -> None:
    action = PLUGINS / "action" / f"{module}.py"
    assert action.exists(), f"copy plugins/action/kv_info.py to {action.name}"
    assert "class ActionModule(ProgressAction):" in action.read_text("utf-8")
