# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stop: what a run still does after it was told to stop, and for how long.

1. Nothing new is begun (:attr:`Stop.requested`), and waits end (:meth:`Stop.sleep`).
2. What is in progress has ``FINISH_SECONDS`` to come to its end. After that, requests in progress are abandoned, and
   each further one raises :class:`.Stopped`.
3. What must be done at the end, such as writing the ledger and releasing the lease (:meth:`Stop.last_steps`), has
   ``LAST_STEPS_SECONDS`` more.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import typing as t
from concurrent.futures import Future

from .errors import Stopped

__all__ = ["FINISH_SECONDS", "LAST_STEPS_SECONDS", "Stop", "stop"]

FINISH_SECONDS = 0.7
LAST_STEPS_SECONDS = 10.0

_T = t.TypeVar("_T")


class Stop:
    """Whether a run was told to stop.

    :ivar reason: by what, as words that follow "stopped by"; empty as long as it was not.
    """

    def __init__(self, finish_seconds: float = FINISH_SECONDS, last_steps_seconds: float = LAST_STEPS_SECONDS) -> None:
        self.reason = ""
        self._finish_seconds = finish_seconds
        self._last_steps_seconds = last_steps_seconds
        self._in_last_steps = 0
        self._requests_end = False
        self._everything_ends = False
        self._asleep: set[asyncio.Task[t.Any]] = set()
        self._busy: set[asyncio.Task[t.Any]] = set()
        self._interrupted: set[asyncio.Task[t.Any]] = set()

    def request(self, reason: str) -> None:
        """Tell the run to stop. Call it in the running event loop; again: nothing more happens."""
        if self.reason:
            return
        self.reason = reason
        self._interrupt(self._asleep)
        loop = asyncio.get_running_loop()
        loop.call_later(self._finish_seconds, self._end_requests)
        loop.call_later(self._finish_seconds + self._last_steps_seconds, self._end_everything)

    @property
    def requested(self) -> bool:
        """Whether nothing new may be begun."""
        return bool(self.reason) and not self._in_last_steps

    def check(self) -> None:
        """:raises Stopped: nothing new may be begun."""
        if self.requested:
            raise self._error()

    @contextlib.contextmanager
    def last_steps(self) -> t.Iterator[None]:
        """What must be done even after a stop: in the block, requests and waits are as without one."""
        self._in_last_steps += 1
        try:
            yield
        finally:
            self._in_last_steps -= 1

    @contextlib.contextmanager
    def ends_request(self) -> t.Iterator[None]:
        """Abandon what is awaited in the block when its time is over.

        :raises Stopped: it was abandoned, or its time is over already.
        """
        if self._everything_ends or (self._requests_end and self.requested):
            raise self._error()
        with self._interruptible(self._busy):
            yield

    async def sleep(self, seconds: float) -> None:
        """Wait.

        :raises Stopped: the run was told to stop, before or meanwhile.
        """
        self.check()
        with self._interruptible(self._asleep):
            await asyncio.sleep(seconds)

    async def in_thread(self, work: t.Callable[..., _T], *args: t.Any, **keywords: t.Any) -> _T:
        """Call what blocks in a thread, which does not delay the end of the process.

        :raises Stopped: it was abandoned. The thread may go on until the process ends.
        """
        done: Future[_T] = Future()

        def call() -> None:
            try:
                result = work(*args, **keywords)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)

        with self.ends_request():
            done.set_running_or_notify_cancel()
            threading.Thread(target=call, daemon=True).start()
            return await asyncio.wrap_future(done)

    def _end_requests(self) -> None:
        self._requests_end = True
        if not self._in_last_steps:
            self._interrupt(self._busy)

    def _end_everything(self) -> None:
        self._everything_ends = True
        self._interrupt(self._busy)

    def _interrupt(self, tasks: t.Iterable[asyncio.Task[t.Any]]) -> None:
        for task in list(tasks):
            self._interrupted.add(task)
            task.cancel()

    @contextlib.contextmanager
    def _interruptible(self, tasks: set[asyncio.Task[t.Any]]) -> t.Iterator[None]:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be interrupted")
        tasks.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._interrupted:
                raise
            if sys.version_info >= (3, 11):
                task.uncancel()
            raise self._error() from None
        finally:
            tasks.discard(task)
            self._interrupted.discard(task)

    def _error(self) -> Stopped:
        return Stopped(f"stopped by {self.reason}", "Run again to go on")


stop = Stop()
"""Of this process, which runs one module once."""
