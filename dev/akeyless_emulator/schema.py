# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request body is checked against the SDK's model of that call: unknown, missing and mistyped keys are refused.

The facts lie in ``schema.json``, generated from the official SDK by ``python -m akeyless_emulator.generate_schema``,
so that neither the SDK nor its 1,300 models are loaded here.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .errors import bad_request

__all__ = ["TABLE", "Schema"]

TABLE = Path(__file__).with_name("schema.json")

_TYPES: dict[str, type] = {"str": str, "int": int, "bool": bool, "list[str]": list, "dict(str, str)": dict}
_WORDS = {str: "a string", int: "an integer", bool: "a boolean", list: "a list of strings", dict: "a map of strings"}


class Schema:
    """The models of all requests that the emulator knows, by route."""

    def __init__(self, table: Path = TABLE) -> None:
        routes: dict[str, dict[str, t.Any]] = json.loads(table.read_text("utf-8"))["routes"]
        self._kinds = {r: {k: _TYPES[v] for k, v in facts["keys"].items()} for r, facts in routes.items()}
        self._required = {r: frozenset(facts["required"]) for r, facts in routes.items()}

    def check(self, route: str, body: t.Any) -> dict[str, t.Any]:
        """Give the body back, or refuse it with status 400."""
        if type(body) is not dict:
            raise bad_request("invalid request body: a JSON object is expected")
        kinds = self._kinds[route]
        for key, value in body.items():
            kind = kinds.get(key)
            if kind is None:
                raise bad_request(f"invalid request body: unknown key '{key}' for command '{route}'")
            if type(value) is not kind or (kind in (list, dict) and not _strings(value)):
                raise bad_request(f"invalid request body: key '{key}' must be {_WORDS[kind]}")
        if not self._required[route] <= body.keys():
            missing = ", ".join(sorted(self._required[route] - body.keys()))
            raise bad_request(f"invalid request body: missing required key(s) for command '{route}': {missing}")
        return body


def _strings(value: t.Any) -> bool:
    return all(type(entry) is str for entry in (value.values() if isinstance(value, dict) else value))
