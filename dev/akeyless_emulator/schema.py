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

_WORDS = {
    "str": "a string",
    "int": "an integer",
    "bool": "a boolean",
    "list[str]": "a list of strings",
    "list[int]": "a list of bytes",
    "dict(str, str)": "a map of strings",
}
_SCALARS: dict[str, type] = {"str": str, "int": int, "bool": bool}


class Schema:
    """The models of all requests that the emulator knows, by route."""

    def __init__(self, table: Path = TABLE) -> None:
        known = json.loads(table.read_text("utf-8"))
        routes: dict[str, dict[str, t.Any]] = {**known["routes"], **known["gateway_routes"]}
        self._kinds: dict[str, dict[str, str]] = {r: facts["keys"] for r, facts in routes.items()}
        self._required = {r: frozenset(facts["required"]) for r, facts in routes.items()}

    def check(
        self,
        route: str,
        body: t.Any,
        needed: t.Collection[str] | None = None,
        also: t.Mapping[str, str] | None = None,
    ) -> dict[str, t.Any]:
        """Give the body back, or refuse it with status 400.

        :param needed: instead of what the model requires.
        :param also: further keys and their types, of servers that know more than the model.
        """
        if type(body) is not dict:
            raise bad_request("invalid request body: a JSON object is expected")
        kinds = {**self._kinds[route], **(also or {})}
        for key, value in body.items():
            kind = kinds.get(key)
            if kind is None:
                raise bad_request(f"invalid request body: unknown key '{key}' for command '{route}'")
            if not _fits(kind, value):
                raise bad_request(f"invalid request body: key '{key}' must be {_WORDS[kind]}")
        required = self._required[route] if needed is None else set(needed)
        if not required <= body.keys():
            missing = ", ".join(sorted(required - body.keys()))
            raise bad_request(f"invalid request body: missing required key(s) for command '{route}': {missing}")
        return body


def _fits(kind: str, value: t.Any) -> bool:
    if kind in _SCALARS:
        return type(value) is _SCALARS[kind]
    if kind == "list[int]":
        # Bytes: numbers in the SDK, and base64 in every program in Go.
        return type(value) is str or (type(value) is list and all(type(n) is int and 0 <= n < 256 for n in value))
    entries = value.values() if kind == "dict(str, str)" and type(value) is dict else value
    return type(value) is (dict if kind == "dict(str, str)" else list) and all(type(entry) is str for entry in entries)
