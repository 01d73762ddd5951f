# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the values of settings are written: in a request, in an answer, and in the one form in which both compare.

An answer leaves out what is empty, as Go's JSON does, so what is missing there is the empty value of its kind.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import typing as t

from ..errors import OptionError
from .fields import Field

__all__ = ["ANSIBLE_TYPES", "asked", "found", "sent"]

ANSIBLE_TYPES: dict[str, dict[str, t.Any]] = {
    "text": {"type": "str"},
    "address": {"type": "str"},
    "folder": {"type": "str"},
    "target": {"type": "str"},
    "base64": {"type": "str"},
    "bytes": {"type": "str"},
    "flag": {"type": "bool"},
    "flag_text": {"type": "bool"},
    "number": {"type": "int"},
    "number_text": {"type": "int"},
    "names": {"type": "list", "elements": "str"},
    "names_text": {"type": "list", "elements": "str"},
    "days": {"type": "list", "elements": "int"},
}
"""Kind to argument spec."""

_SECONDS_A_DAY = 86400


def sent(field: Field, value: t.Any, option: str) -> t.Any:
    """The value of an option as a request has it.

    :param option: its path, for errors.
    :raises OptionError: it cannot be written.
    """
    if field.kind == "flag_text":
        return "true" if value else "false"
    if field.kind == "number_text":
        return str(value)
    if field.kind == "names":
        return [str(name) for name in value]
    if field.kind == "names_text":
        if any("," in str(name) for name in value):
            raise OptionError(option, "an entry holds a comma", "Give each as an entry of its own")
        return ",".join(str(name) for name in value)
    if field.kind == "days":
        return [str(days) for days in value]
    if field.kind == "bytes":
        return list(str(value).encode())
    if field.kind == "base64":
        return _encoded(str(value).strip(), option)
    return value


def _encoded(text: str, option: str) -> str:
    """The key file as the cloud gives it, or already in base64 as the Gateway wants it."""
    if not text.startswith("{"):
        return text
    try:
        json.loads(text)
    except ValueError:
        # Ansible's templates make a mapping of a text that looks like JSON, and that arrives as Python writes it.
        try:
            text = json.dumps(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            raise OptionError(option, "it is neither JSON nor base64", f"Give {option}_file") from None
    return base64.b64encode(text.encode()).decode()


def asked(field: Field, value: t.Any) -> t.Any:
    """The value of an option in the form that compares."""
    return _plain(field.kind, value)


def found(field: Field, entry: t.Mapping[str, t.Any]) -> t.Any:
    """What an answer says of a setting, in the form that compares."""
    value: t.Any = entry
    for part in field.place.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return _plain(field.kind, value)


def _plain(kind: str, value: t.Any) -> t.Any:
    if kind in ("flag", "flag_text"):
        return value.strip().lower() == "true" if isinstance(value, str) else bool(value)
    if kind in ("number", "number_text"):
        return int(value) if str(value or "").strip().lstrip("-").isdigit() else 0
    if kind in ("names", "names_text"):
        return sorted(_names(value))
    if kind == "days":
        return sorted(_days(entry) for entry in value or ())
    if kind == "bytes":
        return _bytes(value)
    if kind == "target":
        return value or 0
    text = "" if value is None else str(value)
    if kind == "address":
        return text.rstrip("/")
    if kind == "folder":
        return "/" + text.strip("/") if text else ""
    return text


def _names(value: t.Any) -> set[str]:
    """From a list, a text with commas, a mapping of name to true, or a list of objects that have a host."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, dict):
        value = [name for name, counts in value.items() if counts]
    names = (entry.get("host") if isinstance(entry, dict) else entry for entry in value or ())
    return {str(name).strip() for name in names if str(name or "").strip()}


def _days(entry: t.Any) -> int:
    if isinstance(entry, dict):
        return int(entry.get("seconds_before") or 0) // _SECONDS_A_DAY
    return int(entry)


def _bytes(value: t.Any) -> str:
    """From a text, or what an answer has: numbers, or the base64 text that Go makes of bytes."""
    if isinstance(value, list):
        return bytes(value).decode("utf-8", "replace").strip()
    text = "" if value is None else str(value).strip()
    if text and not text.startswith("-----"):
        try:
            return base64.b64decode(text, validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError):
            return text
    return text
