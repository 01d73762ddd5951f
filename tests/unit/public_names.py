# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user can type or read, from the files themselves: names, choices, variables and texts."""

from __future__ import annotations

import ast
import json
import re
import typing as t
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import yaml
from ansible.plugins.loader import fragment_loader, init_plugin_loader
from ansible.utils.plugin_docs import get_docstring

from ferrydev.layout import CHECKOUT

__all__ = [
    "MODULES",
    "code_texts",
    "doc_texts",
    "documented",
    "load_yaml",
    "options",
    "public_names",
    "return_keys",
    "returns",
    "used_names",
    "variables",
    "yaml_texts",
]

PLUGINS = CHECKOUT / "plugins"
MODULES = tuple(sorted(path.stem for path in (PLUGINS / "modules").glob("[a-z]*.py")))
_MARKUP = re.compile(r"\b(?:[OVCP]|RV)\(([^()]+)\)")
_ACTION_FILES = [*sorted((CHECKOUT / "playbooks").rglob("*.yml")), *sorted((CHECKOUT / "roles").rglob("*.yml"))]


class _Loader(yaml.SafeLoader):
    """YAML with ``!unsafe``, which keeps Ansible from evaluating the braces of a text."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast(yaml.ScalarNode, node)))


def load_yaml(path: Path) -> t.Any:
    """The content of a file of the playbooks or roles."""
    return yaml.load(path.read_text("utf-8"), _Loader)


Entry = tuple[str, dict[str, t.Any], dict[str, t.Any]]  # dotted path, what is documented of it, its siblings


@lru_cache
def documented(plugin: str) -> tuple[dict[str, t.Any], str, dict[str, t.Any]]:
    """DOCUMENTATION with its fragments, EXAMPLES and RETURN of a module, or of the inventory plugin."""
    init_plugin_loader()
    path = next(PLUGINS.glob(f"*/{plugin}.py")) if plugin not in MODULES else PLUGINS / "modules" / f"{plugin}.py"
    doc, examples, values, _metadata = get_docstring(
        str(path), fragment_loader, is_module=plugin in MODULES, collection_name="secretferry.akeyless"
    )
    return doc, examples or "", values or {}


def _walk(entries: dict[str, t.Any] | None, place: str = "") -> Iterator[Entry]:
    for name, entry in (entries or {}).items():
        yield f"{place}{name}", entry, entries or {}
        yield from _walk(entry.get("suboptions") or entry.get("contains"), f"{place}{name}.")


def options(plugin: str) -> list[Entry]:
    """Every option and suboption."""
    return list(_walk(documented(plugin)[0].get("options")))


def returns(module: str) -> list[Entry]:
    """Every documented return value, and what it contains."""
    return list(_walk(documented(module)[2]))


@lru_cache
def return_keys(module: str) -> frozenset[str]:
    """Paths of documented return values, and of every key in their samples."""
    entries = returns(module)
    return frozenset(
        {path for path, *_ in entries} | {key for path, entry, _ in entries for key in _keys(entry.get("sample"), path)}
    )


def _keys(sample: t.Any, place: str) -> Iterator[str]:
    for entry in sample if isinstance(sample, list) else [sample]:
        if isinstance(entry, dict):
            for key, value in entry.items():
                yield f"{place}.{key}"
                yield from _keys(value, f"{place}.{key}")


@lru_cache
def public_names(plugin: str) -> frozenset[str]:
    """Paths of options and return values, ``path: choice``, and each single name in them or between markup."""
    names: set[str] = set()
    for path, entry, _siblings in [*options(plugin), *returns(plugin)]:
        names.add(path)
        names.update(f"{path}: {choice}" for choice in entry.get("choices") or ())
        names.update(_keys(entry.get("sample"), path))
    for text in doc_texts(plugin):
        names.update(part for found in _MARKUP.findall(text) for part in re.split(r"[\[\]=:., ]+", found))
    names.update(part for path in set(names) for part in re.split(r"[.: ]+", path))
    return frozenset(names)


def doc_texts(plugin: str) -> list[str]:
    """The descriptions of a plugin, its options and return values; its examples as one text."""
    doc, examples, _values = documented(plugin)
    texts = [doc["short_description"], *doc["description"], *doc.get("notes", ()), examples]
    for _path, entry, _siblings in [*options(plugin), *returns(plugin)]:
        texts += [entry["description"]] if isinstance(entry["description"], str) else entry["description"]
        texts.append(str(entry.get("returned", "")))
        texts.append(json.dumps(entry.get("sample", ""), default=str))
    return texts


@lru_cache
def used_names() -> frozenset[str]:
    """Every name in the texts of playbooks and roles that has the form of one of their variables, now or before 1.0."""
    texts = [path.read_text("utf-8") for path in [*_ACTION_FILES, CHECKOUT / "dev" / "ferrydev" / "demo.yml"]]
    return frozenset(re.findall(r"\b(?:secretferry|migration|demo)_\w+", "\n".join(texts)))


def variables() -> dict[str, set[str]]:
    """Variables that playbooks and roles set or document, each with the files that do."""
    found: dict[str, set[str]] = {}
    for path in _ACTION_FILES:
        where = str(path.relative_to(CHECKOUT))
        content = load_yaml(path)
        if path.parent.name in ("defaults", "vars"):
            names = set(content)
        elif path.name == "argument_specs.yml":
            names = set(content["argument_specs"]["main"]["options"])
        else:
            names = set(_set_in(content))
        for name in names:
            found.setdefault(name, set()).add(where)
    return found


def _set_in(content: t.Any) -> Iterator[str]:
    for entry in content if isinstance(content, list) else [content]:
        if not isinstance(entry, dict):
            continue
        for key, value in entry.items():
            if key in ("vars", "ansible.builtin.set_fact"):
                yield from (name for name in value if name != "cacheable")
            elif key in ("register", "loop_var", "index_var"):
                yield value
            yield from _set_in(value)


def yaml_texts() -> dict[str, list[str]]:
    """By file of the playbooks and roles: names of plays and tasks, messages, and descriptions of variables."""
    return {str(path.relative_to(CHECKOUT)): list(_said_in(load_yaml(path))) for path in _ACTION_FILES}


def _said_in(content: t.Any) -> Iterator[str]:
    for entry in content if isinstance(content, list) else [content]:
        if not isinstance(entry, dict):
            continue
        for key, value in entry.items():
            if key in ("name", "msg", "fail_msg", "description", "short_description"):
                yield from ([value] if isinstance(value, str) else [v for v in value if isinstance(v, str)])
            yield from _said_in(value)


def code_texts() -> dict[str, list[str]]:
    """By file: what the code can say to a user, which is each text of three words or more that is no docstring.

    Left out: SQL, raw texts (patterns), documentation in YAML, and fields of logs.
    """
    found: dict[str, list[str]] = {}
    for path in sorted([*(PLUGINS / "module_utils").rglob("*.py"), *(PLUGINS / "plugin_utils").rglob("*.py")]):
        if path.name in ("error_texts.py", "workdb.py") or "option_docs" in path.parts:
            continue
        found[str(path.relative_to(CHECKOUT))] = list(_texts(path))
    return found


def _texts(path: Path) -> Iterator[str]:
    source = path.read_text("utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            text = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        raw = lines[node.lineno - 1].encode()[node.col_offset :].startswith((b"r'", b'r"', b'rf"'))
        if len(text.split()) >= 3 and not raw:
            yield text
