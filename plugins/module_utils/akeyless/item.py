# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An item as Akeyless shows it. Pure. Its members: the model Item of the official SDK (PyPI: akeyless 5.0.40)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import ApiError
from ..rawjson import text_of

__all__ = ["DAMAGED", "Item", "strange_answer"]

DAMAGED = "damaged"
"""The type of an item that a listing shows in a form that Akeyless does not give. Only its name is known."""

_MOST = 2**63  # what SQLite holds


@dataclass(frozen=True)
class Item:
    """An item as a listing shows it: names and numbers, never its value.

    :ivar form: ``text``, ``json`` or ``key-value``, empty where it is not shown.
    :ivar protected: whether it is protected from deletion.
    :ivar versions: numbers of the versions that are kept, where they were asked for.
    """

    name: str
    type: str
    last_version: int
    modified: str
    tags: tuple[str, ...]
    description: str
    max_versions: int = 0
    form: str = ""
    protected: bool = False
    versions: tuple[int, ...] = ()

    @classmethod
    def of(cls, entry: t.Any, what: str, asked: str = "") -> Item:
        """From an entry of list-items or the answer of describe-item.

        :param what: names the request in an error.
        :param asked: the name of the item that was asked for, empty for any.
        :raises ApiError: it is not what Akeyless answers: it has no name, say, or is another item.
        """
        try:
            static = (entry.get("item_general_info") or {}).get("static_secret_info") or {}
            name, tags = text_of(entry["item_name"]), entry.get("item_tags") or []
            if not name or (asked and name.strip("/") != asked.strip("/")) or not isinstance(tags, list):
                raise strange_answer(what)
            return cls(
                name=name,
                type=text_of(entry.get("item_type")),
                last_version=_number(entry.get("last_version")),
                modified=text_of(entry.get("modification_date")),
                tags=tuple(map(text_of, tags)),
                description=text_of(entry.get("item_metadata")),
                max_versions=_number(static.get("max_versions")),
                form=text_of(static.get("format")),
                protected=bool(entry.get("delete_protection")),
                versions=tuple(sorted(_number(version["version"]) for version in entry.get("item_versions") or ())),
            )
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            raise strange_answer(what) from None

    @classmethod
    def listed(cls, entry: t.Any, what: str) -> Item:
        """From an entry of list-items: of type :data:`DAMAGED` where it has a name and is not what Akeyless answers.

        :raises ApiError: it has no name.
        """
        try:
            return cls.of(entry, what)
        except ApiError:
            name = entry.get("item_name") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not name:
                raise
            return cls(name, DAMAGED, 0, "", (), "")


def _number(value: t.Any) -> int:
    number = int(value or 0)
    if not 0 <= number < _MOST:
        raise ValueError
    return number


def strange_answer(what: str) -> ApiError:
    """The error for a success that lacks what its command is documented to answer."""
    return ApiError(
        f"{what}: the answer is not one that Akeyless gives", "Check akeyless.api_url and what stands in front of it"
    )
