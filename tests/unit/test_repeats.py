# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is written out twice: six or more equal lines are shared, generated, or have a reason here."""

from __future__ import annotations

import ast
import itertools
import re
import typing as t
from collections import defaultdict
from pathlib import Path

from ferrydev.layout import CHECKOUT
from ferrydev.shared_returns import MARKED

LENGTH = 6
REASONS = {
    ("plugins/module_utils/verify/item_verifier.py", "plugins/module_utils/verify/report.py"): "one calls the other",
    ("playbooks/vars/awx.yml", "playbooks/vars/awx.yml"): "a merged key that is overridden makes Ansible warn",
    ("plugins/modules/gateway_log_info.py", "plugins/modules/vault_usage_info.py"): "both read log files",
}
"""The files that may have equal lines, and why."""

_NOT_COMPARED = re.compile(r"#|(extends_documentation_fragment|author):|- secretferry\.akeyless(\.[\w.]+$| contrib)")


def compared() -> t.Iterator[tuple[str, list[str]]]:
    """Each file's name and its lines, without comments, authors, and imports, those of documentation included.

    An example is left out, as a reader copies it whole. So are the argument specs of roles, whose shared options
    test_role_variables.py compares.
    """
    for path in sorted((CHECKOUT / "plugins").rglob("*.py")):
        text = MARKED.sub("", path.read_text("utf-8"))
        yield str(path.relative_to(CHECKOUT)), _lines(text, set(_left_out(ast.parse(text))))
    for path in sorted(itertools.chain(*((CHECKOUT / folder).rglob("*.yml") for folder in ("roles", "playbooks")))):
        if path.name != "argument_specs.yml":
            yield str(path.relative_to(CHECKOUT)), _lines(path.read_text("utf-8"), set())


def _left_out(tree: ast.Module) -> t.Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES"
        ):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _lines(text: str, left_out: t.Collection[int]) -> list[str]:
    numbered = enumerate((line.strip() for line in text.splitlines()), 1)
    return [line for number, line in numbered if line and number not in left_out and not _NOT_COMPARED.match(line)]


def repeats(files: t.Iterable[tuple[str, list[str]]]) -> dict[tuple[str, str], str]:
    """The pairs of files with a run of equal lines, and its first lines."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for file, lines in files:
        for start in range(len(lines) - LENGTH + 1):
            places[tuple(lines[start : start + LENGTH])].append(file)
    found: dict[tuple[str, str], str] = {}
    for run, holders in places.items():
        for pair in itertools.combinations(sorted(holders), 2):
            found.setdefault(pair, "\n".join(run))
    return found


def test_no_lines_stand_twice_without_a_reason() -> None:
    found = repeats(compared())
    assert {pair: run for pair, run in found.items() if pair not in REASONS} == {}
    assert set(REASONS) <= set(found), "these no longer have equal lines"


def test_equal_lines_are_found_at_any_place() -> None:
    run = [f"line {number}" for number in range(LENGTH)]
    assert repeats([("a", ["x", *run]), ("b", [*run, "y"])]) == {("a", "b"): "\n".join(run)}
    assert repeats([("a", [*run, "x", *run])]) == {("a", "a"): "\n".join(run)}
    assert repeats([("a", run), ("b", run[1:])]) == {}


def test_imports_and_examples_are_not_compared() -> None:
    text = 'from x import (\n  a,\n  b,\n)\nEXAMPLES = """\na\n"""\n\n# why\nkept = 1\n'
    assert _lines(text, set(_left_out(ast.parse(text)))) == ["kept = 1"]


def test_every_kind_of_file_is_compared() -> None:
    assert {Path(file).parts[0] for file, _lines in compared()} == {"plugins", "roles", "playbooks"}
