# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cutting the secrets of a wave into batches. Pure.

The batches are the leaves of a binary trie: at its root is every secret of the wave, and a node that holds more than
the batch size is split by the next bit of the SHA-256 of the path. So whether a node is split depends on nothing but
the secrets in it:

- The same secrets always give the same batches, in whatever order they are found.
- A new secret changes the batch that it falls into and no other. Where that one overflows, it is split.
- A batch is named after where its range of hashes begins. The lower half of a split begins where the whole began, so
  it keeps the name, and the upper half takes a new one between its neighbours. No other name changes. (A half that has
  no secret makes no batch; that takes very small ones.)
- A secret that goes away changes the batch that it was in. Where that one and its sibling fit into one batch again,
  they become it, and the name of the upper one goes.

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
    """Where the range of a batch begins, as six hexadecimal digits: the batches' order is the texts' order."""
    return f"{int(bits.ljust(LONGEST_BATCH, '0'), 2):0{LONGEST_BATCH // 4}x}"
