# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves of a migration, and which secrets they take. Pure.

A wave has one or more selectors, and takes a secret that all of them match. The wave ``rest`` takes all other secrets.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..common.usage_file import UsageFile
from ..plan.selection import compile_glob

__all__ = ["Wave", "globs_of", "place_of"]

_PLACES = 1 << 32


def place_of(path: str) -> float:
    """A number from 0 to 100 for a path, for shares.

    From another hash than that of batches, so that a share of 5 % is 5 % of every batch.
    """
    digest = hashlib.sha256(b"share\n" + path.encode("utf-8", "surrogatepass")).digest()
    return 100 * int.from_bytes(digest[:4], "big") / _PLACES


@dataclass(frozen=True)
class Wave:
    """One wave of a migration.

    :ivar number: 1 for the first.
    :ivar folders: without a slash at the end.
    :ivar custom: key to patterns of which one must match the value.
    :ivar share: percent; 0 where there is no such selector.
    :ivar after: percent, the sum of the shares of the waves before.
    :ivar used_by: globs of identities of which one must have used the secret.
    :ivar unused: whether no identity may have read the secret.
    """

    name: str
    number: int
    globs: tuple[re.Pattern[str], ...] = ()
    excluded: tuple[re.Pattern[str], ...] = ()
    folders: tuple[str, ...] = ()
    custom: tuple[tuple[str, tuple[str, ...]], ...] = ()
    share: float = 0.0
    after: float = 0.0
    rest: bool = False
    used_by: tuple[str, ...] = ()
    unused: bool = False

    def may_take(self, path: str) -> bool:
        """Whether all selectors that need no metadata match ``path``. Not for ``rest``."""
        if self.globs and not any(glob.fullmatch(path) for glob in self.globs):
            return False
        if any(glob.fullmatch(path) for glob in self.excluded):
            return False
        if self.folders and not any(path == f or path.startswith(f"{f}/") for f in self.folders):
            return False
        return not self.share or self.after <= place_of(path) < self.after + self.share

    def takes_use(self, usage: UsageFile | None, path: str) -> bool:
        """Whether the selectors match what ``usage`` has of ``path``."""
        if usage is None or not (self.used_by or self.unused):
            return True
        if self.unused:
            return not usage.is_read(path)
        users = usage.users(path)
        return any(fnmatchcase(text, pattern) for pattern in self.used_by for text in users)

    def takes_metadata(self, custom: t.Mapping[str, t.Any]) -> bool:
        """Whether the wave matches a secret's ``custom_metadata``."""
        return all(
            key in custom and any(fnmatchcase(str(custom[key]), pattern) for pattern in patterns)
            for key, patterns in self.custom
        )


def globs_of(patterns: t.Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Compiled, each as in ``source.include``."""
    return tuple(compile_glob(pattern) for pattern in patterns)
