# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``scope``: the part of a migration that one run works on. It is never stored.

A module that takes it declares ``"scope": scope_spec()``, makes a :class:`Scope` of the option's value, gives
``scope.batch`` to the ledger (which then reads and writes only what belongs to the batch, under the batch's own lease),
and finds its secrets with :func:`.source.discover.find`. What else it walks (the ledger, the target) it filters with
:meth:`Scope.takes`.

A **batch** is cut by a hash prefix: the first bits of the SHA-256 of the source path, by which the ledger is cut into
shards, too. Two batches neither of whose prefixes begins with the other have no path, no shard and no lease in common,
so their runs can work at the same time.
"""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass

from ..errors import OptionError

__all__ = ["BITS", "LONGEST_BATCH", "Scope", "bits_of", "overlap", "scope_spec"]

BITS = 40
"""How many bits of a hash are used."""

LONGEST_BATCH = 24
"""The most bits of a batch. The hashes of the keys of one secret have these bits in common."""


def scope_spec() -> dict[str, t.Any]:
    """The argument spec of the option ``scope``. Documented in the fragment ``scope``."""
    return {
        "type": "dict",
        "options": {
            "paths": {"type": "list", "elements": "str"},
            "hash_prefix": {"type": "str"},
            "wave": {"type": "str"},
            "wave_number": {"type": "int"},
        },
    }


def bits_of(path: str) -> str:
    """The first 40 bits of the SHA-256 of a source path (mount included, no leading slash), as 0s and 1s."""
    number = int.from_bytes(hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()[:5], "big")
    return f"{number:0{BITS}b}"


def overlap(one: str, other: str) -> bool:
    """Whether two batches have paths in common: one is a prefix of the other."""
    return one.startswith(other) or other.startswith(one)


@dataclass(frozen=True)
class Scope:
    """The part of a migration that one run works on.

    :ivar paths: full source paths of secrets, ``None`` for all that the migration takes.
    :ivar batch: the hash prefix, bits that the hash of each path begins with; empty for the whole migration.
    :ivar wave: number and name of the wave that it is a part of; ``None`` if it is not a part of one.
    """

    paths: frozenset[str] | None = None
    batch: str = ""
    wave: tuple[int, str] | None = None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any] | None) -> Scope:
        """From the value of the option ``scope``.

        :raises OptionError: it is malformed, or a path is not in the batch.
        """
        params = params or {}
        batch = str(params.get("hash_prefix") or "")
        if not re.fullmatch(f"[01]{{0,{LONGEST_BATCH}}}", batch):
            raise OptionError(
                "scope.hash_prefix",
                f"{batch!r} is not up to {LONGEST_BATCH} digits 0 and 1",
                "Quote it in YAML: '0110'",
            )
        wave = (params.get("wave_number") or 0, params["wave"]) if params.get("wave") else None
        if params.get("paths") is None:
            return cls(batch=batch, wave=wave)
        paths = frozenset(path.lstrip("/") for path in params["paths"])
        if not paths:
            raise OptionError("scope.paths", "is empty", "Name secrets, or omit it to take all of the migration")
        for path in sorted(paths):
            if not path or path.endswith("/"):
                raise OptionError(
                    "scope.paths", f"{path!r} does not name a secret", "Give full paths, mount included, no folders"
                )
            if not bits_of(path).startswith(batch):
                raise OptionError(
                    "scope.paths",
                    f"{path} is outside scope.hash_prefix: its hash does not begin with {batch}",
                    "Take both from the same inventory",
                )
        return cls(paths, batch, wave)

    @property
    def whole(self) -> bool:
        """Whether it is the whole migration."""
        return self.paths is None and not self.batch

    def takes(self, path: str) -> bool:
        """Whether the secret ``path`` (mount included) is in it."""
        if self.paths is not None:
            return path in self.paths
        return not self.batch or bits_of(path).startswith(self.batch)
