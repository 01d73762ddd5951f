# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that run at the same time, up to a limit."""

from __future__ import annotations

import asyncio
import itertools
import typing as t

from ..stopping import stop

__all__ = ["chunked", "for_each", "run_workers"]

_T = t.TypeVar("_T")


def chunked(items: t.Iterable[_T], size: int) -> t.Iterator[list[_T]]:
    """Lists of ``size`` items each, the last one shorter. Items are taken one list at a time."""
    waiting = iter(items)
    return iter(lambda: list(itertools.islice(waiting, size)), [])


async def run_workers(work: t.Callable[[], t.Coroutine[t.Any, t.Any, None]], *, count: int) -> None:
    """Run ``work`` in ``count`` tasks, until all have ended.

    Where one fails, or this call is cancelled, the others are cancelled, and have ended when the error is raised.

    :raises Exception: the first error of a task.
    """
    tasks = [asyncio.create_task(work()) for _number in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def for_each(
    items: t.Iterable[_T], work: t.Callable[[_T], t.Coroutine[t.Any, t.Any, None]], *, concurrency: int
) -> None:
    """Await ``work`` for every item, up to ``concurrency`` of them at once, in the order in which they come.

    Items are taken one by one, so they need not fit into memory. Errors: see :func:`run_workers`.

    :raises Stopped: the run was told to stop. No further item was taken; those in progress came to their end.
    """
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            if stop.requested:
                return
            await work(item)

    await run_workers(worker, count=concurrency)
    stop.check()
