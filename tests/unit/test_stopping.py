# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What still happens after a run was told to stop, and what does not."""

from __future__ import annotations

import asyncio
import threading
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import Stopped
from ansible_collections.secretferry.akeyless.plugins.module_utils.stopping import Stop

LONG = 60.0  # seconds; longer than any test


def after_the_stop(work: t.Callable[[Stop], t.Coroutine[t.Any, t.Any, t.Any]], stop: Stop) -> t.Any:
    """Begin something, and tell it to stop once it waits."""

    async def run() -> t.Any:
        task = asyncio.create_task(work(stop))
        await asyncio.sleep(0)
        stop.request("a test")
        return await asyncio.wait_for(task, LONG)

    return asyncio.run(run())


async def request(stop: Stop) -> str:
    with stop.ends_request():
        await asyncio.sleep(LONG)
    return "answered"


def test_a_wait_ends_at_once() -> None:
    with pytest.raises(Stopped, match="stopped by a test"):
        after_the_stop(lambda stop: stop.sleep(LONG), Stop(LONG, LONG))


def test_a_request_may_finish_and_is_then_abandoned() -> None:
    async def quick(stop: Stop) -> str:
        with stop.ends_request():
            await asyncio.sleep(0.01)
        return "answered"

    assert after_the_stop(quick, Stop(LONG, LONG)) == "answered"
    with pytest.raises(Stopped):
        after_the_stop(request, Stop(0.0, LONG))


def test_no_request_begins_when_the_time_is_over() -> None:
    async def two(stop: Stop) -> None:
        with pytest.raises(Stopped):
            await request(stop)
        with pytest.raises(Stopped), stop.ends_request():
            raise AssertionError

    after_the_stop(two, Stop(0.0, LONG))


def test_last_steps_go_on_until_their_time_is_over() -> None:
    async def work(stop: Stop) -> str:
        with pytest.raises(Stopped):
            await request(stop)
        with stop.last_steps():
            assert not stop.requested
            with stop.ends_request():
                await asyncio.sleep(0.01)
            with pytest.raises(Stopped):
                await request(stop)
            with pytest.raises(Stopped):
                await request(stop)
        return "done"

    assert after_the_stop(work, Stop(0.0, 0.1)) == "done"


def test_a_thread_that_blocks_is_left_alone() -> None:
    free = threading.Event()
    try:
        with pytest.raises(Stopped):
            after_the_stop(lambda stop: stop.in_thread(free.wait, LONG), Stop(0.0, LONG))
    finally:
        free.set()


@pytest.mark.parametrize("error", [None, ValueError("as it was told")])
def test_a_thread_gives_its_result_or_its_error(error: Exception | None) -> None:
    def work(given: int) -> int:
        if error:
            raise error
        return given

    if error:
        with pytest.raises(ValueError, match="as it was told"):
            asyncio.run(Stop().in_thread(work, 7))
    else:
        assert asyncio.run(Stop().in_thread(work, 7)) == 7


def test_a_task_that_others_cancel_is_cancelled() -> None:
    async def run() -> None:
        stop = Stop(LONG, LONG)
        task = asyncio.create_task(stop.sleep(LONG))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
