# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes items of a secret as the Gateway does: with the gateway's own rights, replacing what is there.

Names: target location + namespace (if any) + mount + path; with ``hashi-json false`` an item per key below that.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from .. import items_write
from ..account import Account
from ..errors import ApiError
from ..rights import Caller
from ..wording import described

__all__ = ["Outcome", "Secret", "description", "items_of", "write_item"]


@dataclass(frozen=True)
class Secret:
    """What was read of a secret. ``versions``: number and JSON text, oldest first."""

    full_path: str
    metadata: dict[str, t.Any] | None
    versions: list[tuple[int, str]]


@dataclass(frozen=True)
class Draft:
    """An item to be. ``values``: oldest first."""

    name: str
    values: list[str] = field(repr=False)
    form: str
    description: str
    version: int


@dataclass(frozen=True)
class Outcome:
    """What became of an item: ``migrated``, ``updated``, ``skipped`` or ``failed``."""

    name: str
    status: str
    version: int = 0
    details: str = ""
    error: str = ""


def description(mode: str, metadata: dict[str, t.Any] | None, taken: t.Collection[int]) -> str:
    """The metadata as compact JSON, its versions trimmed to those that are taken; empty where there is nothing."""
    if metadata is None or mode == "none":
        return ""
    shown: t.Any = metadata
    if mode == "minimal":
        shown = metadata.get("custom_metadata")
        if not shown:
            return ""
    elif isinstance(metadata.get("versions"), dict):
        kept = {number: facts for number, facts in metadata["versions"].items() if int(number) in taken}
        shown = {**metadata, "versions": kept}
    return json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def items_of(secret: Secret, location: str, *, as_json: bool, mode: str) -> list[Draft]:
    """The items that a secret becomes."""
    name = "/" + "/".join(part for part in (location.strip("/"), secret.full_path) if part)
    text = description(mode, secret.metadata, [number for number, _value in secret.versions])
    newest = secret.versions[-1][0]
    if as_json:
        return [Draft(name, [value for _number, value in secret.versions], "json", text, newest)]
    by_key: dict[str, list[str]] = {}
    for _number, value in secret.versions:
        for key, content in json.loads(value, parse_float=_Number, parse_int=_Number).items():
            by_key.setdefault(key, []).append(_text(content))
    current = json.loads(secret.versions[-1][1])
    return [Draft(f"{name}/{key}", values, "text", text, newest) for key, values in by_key.items() if key in current]


def write_item(account: Account, caller: Caller, draft: Draft, *, key: str, append: bool) -> Outcome:
    """Create the item, or replace what is there. A refusal is an outcome."""
    try:
        # The Gateway looks first whether the item is there.
        caller.must("list", draft.name)
        item = account.store.get(draft.name)
        if item is None:
            _create(account, caller, draft, key)
            return Outcome(draft.name, "migrated", draft.version, "created")
        caller.must("read", draft.name)
        same_value = bool(item.versions) and item.current.value == draft.values[-1]
        if same_value and item.description == draft.description:
            return Outcome(draft.name, "skipped", draft.version, "already up to date")
        if not same_value:
            keep = "true" if append else "false"
            changed = {"name": draft.name, "value": draft.values[-1], "format": draft.form, "keep-prev-version": keep}
            items_write.update_secret_val(account, caller, changed)
        if item.description != draft.description:
            items_write.update_item(account, caller, {"name": draft.name, "description": draft.description})
    except ApiError as error:
        error.access_id = caller.access_id
        step = "Failed to update item" if draft.name in account.store.items else "Failed to create item"
        text = error.plain if account.settings.error_texts == "plain" else described(error, step)
        return Outcome(draft.name, "failed", draft.version, error=text)
    return Outcome(draft.name, "updated", draft.version, "value replaced" if not same_value else "metadata replaced")


def _create(account: Account, caller: Caller, draft: Draft, key: str) -> None:
    body = {"name": draft.name, "value": draft.values[0], "format": draft.form, "description": draft.description}
    if key:
        body["protection_key"] = key
    items_write.create_secret(account, caller, body)
    for value in draft.values[1:]:
        more = {"name": draft.name, "value": value, "format": draft.form, "keep-prev-version": "true"}
        items_write.update_secret_val(account, caller, more)


class _Number(str):
    """A number as Vault wrote it."""


def _text(content: t.Any) -> str:
    return content if isinstance(content, str) else _compact(content)


def _compact(content: t.Any) -> str:
    # By hand, so that numbers inside keep their digits.
    if isinstance(content, _Number):
        return str(content)
    if isinstance(content, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(value)}" for key, value in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ",".join(map(_compact, content)) + "]"
    return json.dumps(content, ensure_ascii=False)
