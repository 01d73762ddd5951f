# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes schema.json from the models of the installed SDK (PyPI: akeyless).

Use: ``python -m akeyless_emulator.generate_schema``.

The SDK's files are read as text, never imported: importing its models takes seconds.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import typing as t
from pathlib import Path

from .commands import COMMANDS
from .gateway.commands import GATEWAY_COMMANDS
from .schema import TABLE

__all__ = ["table_of_installed_sdk"]


def table_of_installed_sdk() -> dict[str, t.Any]:
    """``{"sdk": version, "routes": {route: {"model": class, "keys": {key: type}, "required": [key]}}}``.

    ``gateway_routes``: the same of the commands that only Gateways have.
    """
    package = _package()
    models = _models_by_route(package / "api" / "v2_api.py")

    def facts(routes: t.Iterable[str]) -> dict[str, t.Any]:
        return {route: _model(package / "models", models[route]) for route in sorted(routes)}

    version = importlib.metadata.version("akeyless")
    return {"sdk": version, "routes": facts(COMMANDS), "gateway_routes": facts(GATEWAY_COMMANDS)}


def _package() -> Path:
    for file in importlib.metadata.files("akeyless") or []:
        if file.parts == ("akeyless", "__init__.py"):
            return Path(str(file.locate())).parent
    raise SystemExit("the package akeyless is not installed")


def _models_by_route(api: Path) -> dict[str, str]:
    """Route -> name of the file of its request model. Each call's docstring names the class of its parameter."""
    found = {}
    for method in re.split(r"\n    def (?=\w+_with_http_info\()", api.read_text("utf-8"))[1:]:
        method = method.partition("\n    def ")[0]
        parameter = re.search(r":param (?!async_req )([A-Z]\w+) (\w+):", method)
        route = re.search(r"'/([\w-]+)', 'POST'", method)
        if route:
            # The call of revoke-creds takes no body, though there is a model for it.
            found[route.group(1)] = parameter.group(2) if parameter else route.group(1).replace("-", "_")
    return found


def _model(models: Path, module: str) -> dict[str, t.Any]:
    tree = ast.parse((models / f"{module}.py").read_text("utf-8"))
    cls = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    tables: dict[str, dict[str, str]] = {}
    required = []
    for node in cls.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Dict):
            tables[node.targets[0].id] = ast.literal_eval(node.value)
        # A setter that refuses None is how the generated model says "required".
        if isinstance(node, ast.FunctionDef) and "must not be `None`" in ast.unparse(node) and node.name[0] != "_":
            required.append(node.name)
    keys = tables["attribute_map"]
    return {
        "model": cls.name,
        "keys": {keys[name]: kind for name, kind in sorted(tables["openapi_types"].items())},
        "required": sorted({keys[name] for name in required}),
    }


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table_of_installed_sdk(), indent=1) + "\n", "utf-8")
