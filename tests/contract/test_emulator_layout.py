# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the emulator's files import each other."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import akeyless_emulator

_PACKAGE = Path(akeyless_emulator.__file__).parent


def _imported(file: Path) -> set[Path]:
    """The files of the package that a file imports, those below ``if TYPE_CHECKING`` included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            names = [folder, *(folder / alias.name for alias in node.names)]
            found |= {name.with_suffix(".py") for name in names if name.with_suffix(".py").exists()}
    return found


def test_no_file_imports_itself_through_others() -> None:
    files = {file: _imported(file) for file in _PACKAGE.rglob("*.py")}
    assert any(files.values())
    order = list(TopologicalSorter(files).static_order())  # CycleError names the files of a circle
    assert order.index(_PACKAGE / "server.py") > order.index(_PACKAGE / "gateway" / "gateways.py")
