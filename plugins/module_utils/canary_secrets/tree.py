# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The canary secrets of a first run, as data: ten, each with something that has broken migrations. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

__all__ = ["MARK", "CanarySecret", "secrets_of"]

MARK = {"secretferry": "canary"}
"""The custom metadata of every canary. A secret without it belongs to others."""


@dataclass(frozen=True)
class CanarySecret:
    """One secret.

    :ivar path: below the folder of all.
    :ivar versions: how many are written.
    :ivar deleted, destroyed: those that are deleted or destroyed afterwards.
    :ivar custom: its custom metadata beside the mark.
    :ivar data: members of every value beside the random one.
    """

    path: str
    versions: int = 1
    deleted: tuple[int, ...] = ()
    destroyed: tuple[int, ...] = ()
    custom: t.Mapping[str, str] = field(default_factory=dict)
    data: t.Mapping[str, t.Any] = field(default_factory=dict)


_LONG = {f"note_{number}": str(number) * 400 for number in range(1, 5)}  # longer than a description may be
_TYPES: dict[str, t.Any] = {
    "number": 12345678901234567890,
    "fraction": 1.5,
    "nothing": None,
    "empty": {},
    "list": [1, [True, "é\n"]],
}

_FIRST = (
    CanarySecret("plain"),
    CanarySecret("history", versions=4),
    CanarySecret("deleted version", versions=3, deleted=(2,)),
    CanarySecret("destroyed version", versions=3, destroyed=(1,)),
    CanarySecret("long metadata", versions=2, custom=_LONG),
    CanarySecret("shared"),
    CanarySecret("shared/below"),
    CanarySecret("ünï/名前"),
    CanarySecret("signs/#?%41&+ '"),
    CanarySecret("types", data=_TYPES),
)


def secrets_of(revision: int) -> tuple[CanarySecret, ...]:
    """The ten secrets.

    :param revision: 1, or 2 for what becomes of them later: one is removed, one is new, one has a further version, and
        of one the newest version is deleted.
    """
    if revision == 1:
        return _FIRST
    changed: dict[str, dict[str, t.Any]] = {"history": {"versions": 5}, "deleted version": {"deleted": (2, 3)}}
    kept = tuple(replace(one, **changed.get(one.path, {})) for one in _FIRST if one.path != "plain")
    return (*kept, CanarySecret("new"))
