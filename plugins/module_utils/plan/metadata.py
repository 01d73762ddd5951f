# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of a secret's metadata is migrated, and where it is stored. Pure.

``full`` is the whole metadata block, with fields that this collection does not know, and with those of its ``versions``
that were migrated; ``minimal`` is ``custom_metadata`` alone; ``none`` is nothing. The text is stored in the item's
description. Akeyless rejects descriptions over 1024 characters: a longer text is stored as a whole in a metadata item
in the ledger's folder, and the description points to it. A text that is too long for one item is cut into pieces.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

__all__ = ["DESCRIPTION_LIMIT", "MODES", "Description", "Pointer", "describe", "pieces", "pointer_of", "wanted_text"]

MODES = ("full", "minimal", "none")
DESCRIPTION_LIMIT = 1024  # akeyless: "item_metadata too long. maximum length is 1024"
_POINTER = "secretferry_metadata"
_PIECE_LIMIT = 15_500  # bytes; an item holds 16 KB


@dataclass(frozen=True)
class Description:
    """The text of an item's description, and that of its metadata item, empty where it needs none."""

    text: str
    metadata_item: str = ""


class Pointer(t.NamedTuple):
    """The metadata item of a metadata text, and in how many items that is cut."""

    item: str
    pieces: int


def wanted_text(mode: str, block: t.Mapping[str, t.Any] | None, imported: t.Collection[int]) -> str:
    """The metadata as compact JSON, empty where there is none.

    :param block: Vault's metadata block; ``None`` for KV v1, which has none.
    :param imported: numbers of the source versions that the item holds.
    """
    if block is None or mode == "none":
        return ""
    if mode == "minimal":
        custom = block.get("custom_metadata")
        return _compact(custom) if custom else ""
    trimmed = dict(block)
    versions = block.get("versions")
    if isinstance(versions, dict):
        trimmed["versions"] = {number: state for number, state in versions.items() if int(number) in imported}
    return _compact(trimmed)


def describe(text: str, metadata_item_name: str, digest: t.Callable[[str], str]) -> Description:
    """The description for a metadata text.

    :param metadata_item_name: the full name of the metadata item, for a text that is too long.
    :param digest: makes a keyed digest, so that the pointer changes with the text.
    """
    if len(text) <= DESCRIPTION_LIMIT and len(text.encode("utf-8", "surrogatepass")) <= DESCRIPTION_LIMIT:
        return Description(text)
    # An object: Vault allows only texts as values of custom_metadata, so that no metadata can look like a pointer.
    pointer: dict[str, t.Any] = {"item": metadata_item_name, "digest": digest(text)}
    if (count := len(pieces(text))) > 1:
        pointer["pieces"] = count
    return Description(_compact({_POINTER: pointer}), metadata_item=text)


def pieces(text: str, limit: int = _PIECE_LIMIT) -> list[str]:
    """Cut a text, between characters, into as few pieces of ``limit`` bytes as possible. One at the least."""
    content = text.encode("utf-8", "surrogatepass")
    cut: list[str] = []
    start = 0
    while len(content) - start > limit:
        end = start + limit
        while content[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        cut.append(content[start:end].decode("utf-8", "surrogatepass"))
        start = end
    return [*cut, content[start:].decode("utf-8", "surrogatepass")]


def pointer_of(description: str) -> Pointer | None:
    """The metadata item that a description points to; ``None`` if the description is the metadata itself."""
    if _POINTER not in description:
        return None
    try:
        pointer = json.loads(description).get(_POINTER)
    except (ValueError, AttributeError):
        return None
    if not isinstance(pointer, dict) or not isinstance(pointer.get("item"), str):
        return None
    count = pointer.get("pieces", 1)
    return Pointer(pointer["item"], count if isinstance(count, int) else 0)


def _compact(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
