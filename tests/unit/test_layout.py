# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rooms of module_utils: which may import which, and how large they may become. See docs/architecture.md."""

from __future__ import annotations

import ast
import itertools
import re
import typing as t
from pathlib import Path

import pytest

from ferrydev.layout import CHECKOUT

ROOT = CHECKOUT / "plugins" / "module_utils"
_COLLECTION = "ansible_collections.secretferry.akeyless.plugins."

# From the lowest floor up. A room imports from floors below its own, and from itself.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "limits", "masking", "rawjson"),
    ("stopping",),
    ("http",),
    ("options",),
    ("vault", "akeyless"),
    ("common",),
    ("plan",),
    ("source", "ledger"),
    ("target", "gateway_logs"),
    ("migrate", "verify", "rollback", "assess", "usage", "gateway", "credential", "batches"),
    ("sync", "freeze", "preflight", "account_probe", "canary_secrets", "vault_writes"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms} | {"runner": 6}
USE_CASES = ("migrate", "sync", "verify", "rollback", "assess")
MOST_FILES, MOST_LINES = 12, 300

FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path: Path) -> t.Iterator[str]:
    """The modules of module_utils that a file imports, as ``room.file``, in TYPE_CHECKING blocks and functions, too."""
    inside = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = inside[: len(inside) - node.level + 1]
            module = ".".join([*base, *([node.module] if node.module else [])])
        elif (node.module or "").startswith(_COLLECTION + "module_utils"):
            module = (node.module or "").removeprefix(_COLLECTION + "module_utils").lstrip(".")
        else:
            continue
        for alias in node.names:
            deeper = f"{module}.{alias.name}".lstrip(".")
            yield deeper if (ROOT / f"{deeper.replace('.', '/')}.py").exists() else module


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_down(path: Path) -> None:
    room = name(path).split(".")[0]
    for module in imported(path):
        other = module.split(".")[0]
        assert other == room or FLOOR[other] < FLOOR[room], f"{name(path)} may not import {module}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_what_a_module_calls_is_imported_by_modules_only(path: Path) -> None:
    for module in imported(path):
        assert not module.endswith(".module"), f"{name(path)} imports the entry point {module}"


def test_there_is_no_circle() -> None:
    waiting = {name(path): set(imported(path)) - {name(path)} for path in FILES}
    known = set(waiting)
    while free := {module for module, needs in waiting.items() if not needs & set(waiting)}:
        waiting = {module: needs for module, needs in waiting.items() if module not in free}
    assert not waiting, f"these import each other: {sorted(waiting)}"
    assert known


def test_every_use_case_has_the_same_three_files() -> None:
    for room in USE_CASES:
        assert {"module.py", "run.py", "report.py"} <= {path.name for path in (ROOT / room).iterdir()}, room


def test_rooms_stay_small() -> None:
    for folder, files in itertools.groupby(sorted(ROOT.rglob("*.py")), key=lambda path: path.parent):
        assert len(list(files)) <= MOST_FILES, folder


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_long_file_says_why_it_is_long(path: Path) -> None:
    text = path.read_text("utf-8")
    if len(text.splitlines()) > MOST_LINES:
        assert re.search(r"\bOne file,? (because|as)\b", ast.get_docstring(ast.parse(text)) or ""), name(path)


def test_init_files_are_empty() -> None:
    """ansible-test's empty-init of ansible-core 2.16 and 2.17 wants that. What a folder is for, its files say."""
    files = sorted(
        path for folder in ("modules", "module_utils") for path in (ROOT.parent / folder).rglob("__init__.py")
    )
    assert len(files) > 20
    assert [str(path.relative_to(CHECKOUT)) for path in files if path.stat().st_size] == []


def one_line_functions(text: str) -> list[str]:
    """Functions whose body begins on a line of their head, which pycodestyle calls E704."""
    lines = text.splitlines()
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and lines[node.body[0].lineno - 1].encode()[: node.body[0].col_offset].strip()
    ]


def test_no_function_has_its_body_on_the_line_of_its_head() -> None:
    """ansible-test's pep8 of ansible-core 2.16 to 2.18 wants that; ruff's formatter joins ``...`` to the head."""
    found = {str(path): one_line_functions(path.read_text("utf-8")) for path in (CHECKOUT / "plugins").rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}
    assert one_line_functions("def f(a,\n  b): ...\nasync def g(): ...\ndef h():\n  ...") == ["f", "g"]


def test_ansible_modules_are_known_to_the_modules_and_the_runner_alone() -> None:
    """What the rooms do can be called without Ansible: only ``runner`` needs its AnsibleModule."""
    knowing = {
        name(path) for path in FILES if re.search(r"^from ansible\.module_utils\.basic", path.read_text("utf-8"), re.M)
    }
    assert knowing == {"runner"}


def test_no_class_name_is_used_twice() -> None:
    classes: dict[str, list[str]] = {}
    for path in sorted((CHECKOUT / "plugins").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name not in ("ActionModule", "ModuleDocFragment"):
                classes.setdefault(node.name, []).append(str(path.relative_to(CHECKOUT)))
    assert {name: files for name, files in classes.items() if len(files) > 1} == {}
