# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cutting the secrets of a wave into batches. Pure.

The batches are the leaves of a binary trie: at its root is every secret of the wave, and a node that holds more than
the batch size is split by the next bit of the SHA-256 of the path. So whether a node is split depends only
on the secrets in it:

- The same secrets always give the same batches, in whatever order they are found.
- A new secret changes the batch that it falls into and no other. Where that one overflows, it is split.
- A batch is named after the beginning of its range of hashes. The lower half of a split has the same beginning, so it
  keeps the name, and the upper half has a new one. No other name changes. (A half without secrets makes no batch, which
  happens with very small batches only.)
- A secret that is removed changes the batch that it was in. Where that batch and its sibling fit into one again, they
  are joined under the lower one's name.

Hashes spread evenly, so batches are between half full and full, as a rule.
"""

from __future__ import annotations

import typing as t

from ..plan.scope import LONGEST_BATCH

__all__ = ["leaves", "padded"]


def leaves(count: t.Callable[[str], int], size: int) -> t.Iterator[tuple[str, int]]:
    """Bits and number of secrets of each batch, in order of their bits. None is a prefix of another, none is empty.

    :param count: how many secrets there are whose hash begins with these bits.
    :param size: the most secrets of a batch. Only one whose bits are as long as they can be may hold more.
    """
    waiting = [""]
    while waiting:
        bits = waiting.pop()
        secrets = count(bits)
        if not secrets:
            continue
        if secrets <= size or len(bits) == LONGEST_BATCH:
            yield bits, secrets
        else:
            waiting += [bits + "1", bits + "0"]


def padded(bits: str) -> str:
    """The beginning of a batch's range of hashes, as six hexadecimal digits: batches sort like these texts."""
    return f"{int(bits.ljust(LONGEST_BATCH, '0'), 2):0{LONGEST_BATCH // 4}x}"
