# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves: which secrets of a migration belong to which of them. Pure.

A wave has one or more selectors, and takes a secret that all of them take. The wave ``rest`` takes what no other does.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..plan.selection import compile_glob

__all__ = ["Wave", "globs_of", "place_of"]

_PLACES = 1 << 32


def place_of(path: str) -> float:
    """Where a path lies between 0 and 100, for shares.

    By another hash than the one that cuts batches: a share of 5 % is spread over all of them.
    """
    digest = hashlib.sha256(b"share\n" + path.encode("utf-8", "surrogatepass")).digest()
    return 100 * int.from_bytes(digest[:4], "big") / _PLACES


@dataclass(frozen=True)
class Wave:
    """One wave of a migration.

    :ivar number: 1 for the first.
    :ivar prefixes: without a slash at the end.
    :ivar custom: key to patterns of which one must match the value.
    :ivar share: percent; 0 where there is no such selector.
    :ivar after: percent that the shares of the waves before take.
    """

    name: str
    number: int
    globs: tuple[re.Pattern[str], ...] = ()
    excluded: tuple[re.Pattern[str], ...] = ()
    prefixes: tuple[str, ...] = ()
    custom: tuple[tuple[str, tuple[str, ...]], ...] = ()
    share: float = 0.0
    after: float = 0.0
    rest: bool = False

    def may_take(self, path: str) -> bool:
        """Whether all selectors take ``path`` that need no metadata. Not for ``rest``."""
        if self.globs and not any(glob.fullmatch(path) for glob in self.globs):
            return False
        if any(glob.fullmatch(path) for glob in self.excluded):
            return False
        if self.prefixes and not any(path == p or path.startswith(f"{p}/") for p in self.prefixes):
            return False
        return not self.share or self.after <= place_of(path) < self.after + self.share

    def takes_metadata(self, custom: t.Mapping[str, t.Any]) -> bool:
        """Whether a secret's ``custom_metadata`` is what the wave asks for."""
        return all(
            key in custom and any(fnmatchcase(str(custom[key]), pattern) for pattern in patterns)
            for key, patterns in self.custom
        )


def globs_of(patterns: t.Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Compiled, each as in ``source.include``."""
    return tuple(compile_glob(pattern) for pattern in patterns)
