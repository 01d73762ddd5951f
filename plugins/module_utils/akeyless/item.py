# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An item as Akeyless shows it. Pure. Its members: the model Item of the official SDK (PyPI: akeyless 5.0.40)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import ApiError

__all__ = ["Item", "strange_answer"]


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
            name = entry["item_name"]
            if not isinstance(name, str) or not name or (asked and name.strip("/") != asked.strip("/")):
                raise strange_answer(what)
            return cls(
                name=name,
                type=entry.get("item_type") or "",
                last_version=int(entry.get("last_version") or 0),
                modified=entry.get("modification_date") or "",
                tags=tuple(entry.get("item_tags") or ()),
                description=entry.get("item_metadata") or "",
                max_versions=int(static.get("max_versions") or 0),
                form=static.get("format") or "",
                protected=bool(entry.get("delete_protection")),
                versions=tuple(sorted(int(version["version"]) for version in entry.get("item_versions") or ())),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise strange_answer(what) from None


def strange_answer(what: str) -> ApiError:
    """The error for a success that lacks what its command is documented to answer."""
    return ApiError(
        f"{what}: the answer is not one that Akeyless gives", "Check akeyless.api_url and what stands in front of it"
    )
