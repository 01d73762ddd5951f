# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run is about to write, noted before it writes. Pure.

The ledger is written after the items. So where a run dies, the ledger knows nothing of its last writes, and a date
cannot tell them from writes of others. Therefore a run notes keyed digests ahead, at no request more:

* of an item that it creates, in the tag that names the run: ``secretferry:<name>:run-<run>:<marks>``. The first mark is
  the description's, then follow those of the versions, from version 1 on.
* of an item that it changes, in the backup that it makes of it before (:class:`..ledger.backup.ItemBackup`).

A mark is cut to 24 bits and depends on the item's name, so equal values of two items have different marks. A tag has
room for the description's and those of eleven versions or so; of later versions nothing is known then.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..ledger.digests import Digests
from ..ledger.runs import marks_of, run_tag

__all__ = ["Intended", "creation_tag"]

_MARK = 4  # characters
_TAG_LIMIT = 110  # characters, see docs/assumptions.md

Version = tuple[int, str]
"""A version's number and the keyed digest of its value."""


@dataclass(frozen=True)
class Intended:
    """What runs meant to write of one item.

    :ivar descriptions: keyed digests.
    :ivar versions: of those that a backup notes.
    :ivar marks: of the tag that its creation gave it; empty where it has none.
    """

    name: str
    digests: Digests
    marks: str = ""
    descriptions: frozenset[str] = frozenset()
    versions: frozenset[Version] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        name: str,
        tags: t.Iterable[str],
        tag: str,
        digests: Digests,
        descriptions: t.Iterable[str] = (),
        versions: t.Iterable[Version] = (),
    ) -> Intended:
        """By the item's tags, and by what its backups note."""
        return cls(name, digests, marks_of(tags, tag), frozenset(descriptions), frozenset(versions))

    def has_version(self, number: int, digest: str | None) -> bool:
        """Whether a run meant to write this version.

        :param digest: of the value that the item holds.
        """
        if digest is None:
            return False
        place = number * _MARK
        mark = self.marks[place : place + _MARK]
        made = bool(mark) and number > 0 and mark == _mark(self.digests, self.name, str(number), digest)
        return made or (number, digest) in self.versions

    def has_description(self, digest: str) -> bool:
        """Whether a run meant to write this description.

        :param digest: of the description, empty for none.
        """
        made = bool(self.marks) and self.marks[:_MARK] == _mark(self.digests, self.name, "", digest)
        return made or digest in self.descriptions


def creation_tag(tag: str, run: str, name: str, digests: Digests, description: str, values: t.Sequence[str]) -> str:
    """The tag of an item that is about to be created: which run creates it, and the marks of what that run will write.

    :param tag: the migration's.
    :param name: the item's full name.
    :param description: its digest, empty for none.
    :param values: digests of the versions, from version 1 on.
    """
    room = max(0, _TAG_LIMIT - len(run_tag(tag, run)) - 1) // _MARK
    numbered = [("", description), *((str(number), value) for number, value in enumerate(values, 1))]
    return run_tag(tag, run, "".join(_mark(digests, name, *one) for one in numbered[:room]))


def _mark(digests: Digests, name: str, number: str, digest: str) -> str:
    return digests.of_text(f"{name}\n{number}\n{digest}")[:_MARK]
