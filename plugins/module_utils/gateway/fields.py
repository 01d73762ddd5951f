# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A setting of a Gateway migration: its option, its key in a request, its place in an answer, and how its values look.

The settings themselves are in source_types.py. A value has three forms: in a request, in an answer, and one in which
the two are compared. An answer leaves out what is empty, as Go's JSON does, so a member that is missing there has the
empty value of its kind.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import typing as t
from dataclasses import dataclass

from ..errors import OptionError

__all__ = [
    "ANSIBLE_TYPES",
    "COMMON",
    "NOT_OFFERED",
    "Field",
    "SourceType",
    "comparable",
    "comparable_in",
    "request_value",
]


@dataclass(frozen=True)
class Field:
    """One setting.

    :ivar option: the (sub)option.
    :ivar key: in the body of a request.
    :ivar place: the member of an entry in an answer, with dots; empty where no answer has it.
    :ivar kind: how its values are written: a key of :data:`ANSIBLE_TYPES`.
    :ivar env: for a credential, the environment variable that can give it.
    """

    option: str
    key: str
    place: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    env: str = ""

    @property
    def secret(self) -> bool:
        """Whether it is a credential: never shown and never compared."""
        return bool(self.env)

    @property
    def comparable(self) -> bool:
        """Whether the value in an answer can be compared with the option."""
        return bool(self.place) and not self.secret


@dataclass(frozen=True)
class SourceType:
    """A type of source.

    :ivar option: the option whose suboptions are its settings.
    :ivar request_type: its ``type`` in requests.
    :ivar group: where answers list its migrations.
    :ivar needs: for a new migration, one setting of each entry must be given.
    :ivar ways: alternative ways to log in to the source, each a set of settings.
    :ivar rules: further keys of the argument spec, such as ``mutually_exclusive``.
    """

    option: str
    request_type: str
    group: str
    fields: tuple[Field, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    ways: tuple[tuple[str, ...], ...] = ()
    rules: tuple[tuple[str, object], ...] = ()

    def field(self, option: str) -> Field:
        """The setting of that name."""
        return next(field for field in self.fields if field.option == option)


COMMON = (
    Field("target_location", "target-location", "general.prefix", "folder"),
    Field("protection_key", "protection-key", "general.protection_key"),
    Field("schedule_sync", "schedule-sync", "general.schedule"),
)
"""Settings of every type."""

NOT_OFFERED = {
    "name": "the option name",
    "id": "the option id",
    "new-name": "the option new_name",
    "type": "follows from the source option that is given",
    "token": "the login",
    "uid-token": "the login",
    "json": "an output format of the command line tool",
    "ServiceAccountKeyDecoded": "the Gateway's own decoded copy of gcp-key",
}
"""Keys of the models that are not settings, and why."""

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


def request_value(field: Field, value: t.Any, option: str) -> t.Any:
    """The value of an option in the form of a request.

    :param option: its path, for errors.
    :raises OptionError: the value cannot be sent.
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
    """The key file of the cloud in base64. A text that is no JSON object is in base64 already."""
    if not text.startswith("{"):
        return text
    try:
        json.loads(text)
    except ValueError:
        # Ansible's templates turn a text that looks like JSON into a mapping, which arrives in Python's notation.
        try:
            text = json.dumps(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            raise OptionError(option, "it is neither JSON nor base64", f"Give {option}_file") from None
    return base64.b64encode(text.encode()).decode()


def comparable(field: Field, value: t.Any) -> t.Any:
    """The value of an option in the form that is compared."""
    return _plain(field.kind, value)


def comparable_in(field: Field, entry: t.Mapping[str, t.Any]) -> t.Any:
    """The value of a setting in an entry of an answer, in the form that is compared."""
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
