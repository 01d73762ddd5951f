# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``sample`` of ``kv_verify``: which secrets are compared if not all are. Pure, and the same every time."""

from __future__ import annotations

import hashlib
import heapq
import re
import typing as t
from dataclasses import dataclass

from ..errors import OptionError

__all__ = ["Sample"]

_SPACE = 1 << 64


@dataclass(frozen=True)
class Sample:
    """A share of the secrets, or a number of them, chosen by a hash of the source path.

    :ivar requested: the option as it was given; empty if it was not.
    :ivar share: of all, above 0 and up to 1; or ``None``.
    :ivar number: how many; or ``None``. All secrets are compared if both are ``None``.
    """

    requested: str = ""
    share: float | None = None
    number: int | None = None

    @classmethod
    def of(cls, text: str | None) -> Sample:
        """From the option: ``5 %``, ``0.5%`` or ``200``.

        :raises OptionError: it is neither a share nor a number.
        """
        requested = (text or "").strip()
        if not requested:
            return cls()
        if match := re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", requested):
            share = float(match[1]) / 100
            if 0 < share <= 1:
                return cls(requested, share=share)
        elif re.fullmatch(r"[1-9]\d{0,8}", requested):
            return cls(requested, number=int(requested))
        raise OptionError(
            "sample", f"{requested!r} is neither a share nor a number", "Give a share like '5 %', or a number"
        )

    def choose(self, paths: t.Iterable[str]) -> t.Callable[[str], bool]:
        """Return a function that says whether a path is in the sample.

        Memory grows with the number that was requested, not with the number of paths.

        :param paths: all paths. They are read once at the most.
        """
        if self.share is not None:
            most = int(self.share * _SPACE)
            return lambda path: _rank(path) < most
        if self.number is not None:
            chosen = frozenset(path for _r, path in heapq.nsmallest(self.number, ((_rank(p), p) for p in paths)))
            return chosen.__contains__
        return lambda _path: True


def _rank(path: str) -> int:
    # Not the hash that divides a migration into batches, so that a share of each batch is a share of the whole.
    text = f"sample\n{path}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
