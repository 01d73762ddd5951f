# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The adaptive limit and the tries, by a clock that only a sleep moves."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import ApiError, Outage, TransportError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.rate_limit import (
    RETRYABLE,
    RateLimit,
    retrying,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import Response

OK = Response(200, {}, b"{}")


class Clock:
    """Seconds, and all the naps that moved them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def limit(self, name: str, most: int, patience: float = 60.0) -> RateLimit:
        """A limit that goes by this clock."""
        return RateLimit(name, most, patience, clock=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        await _yield()


async def _yield() -> None:
    await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _script(*answers: Response | TransportError | int) -> tuple[t.Callable[[], t.Awaitable[Response]], list[int]]:
    """Sends that are answered so, one after the other, the last one for ever."""
    sent: list[int] = []

    async def send() -> Response:
        answer = answers[min(len(sent), len(answers) - 1)]
        sent.append(1)
        if isinstance(answer, TransportError):
            raise answer
        return Response(answer, {}, b"") if isinstance(answer, int) else answer

    return send, sent


def _run(pace: RateLimit, send: t.Callable[[], t.Awaitable[Response]], *, repeatable: bool = True) -> Response:
    return asyncio.run(retrying(pace, send, repeatable=repeatable, what="list of kv/"))


LOST = TransportError("no answer", "Check it")
NEVER_SENT = TransportError("no connection", "Check it", sent=False)


def test_success_is_handed_back_at_once(clock: Clock) -> None:
    send, sent = _script(OK)
    assert _run(clock.limit("Vault", 4), send) is OK
    assert (len(sent), clock.naps) == (1, [])


@pytest.mark.parametrize("status", sorted(RETRYABLE))
def test_what_may_be_repeated_is_repeated_under_load_and_failure(clock: Clock, status: int) -> None:
    pace = clock.limit("Vault", 4)
    send, sent = _script(status, status, OK)
    assert _run(pace, send).status == 200
    assert (len(sent), pace.retries) == (3, 2)
    assert pace.lowest < 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 501])
def test_other_refusals_are_handed_back(clock: Clock, status: int) -> None:
    send, sent = _script(status)
    assert _run(clock.limit("Vault", 4), send).status == status
    assert len(sent) == 1


@pytest.mark.parametrize("status", sorted(RETRYABLE - {429}))
def test_a_write_that_may_have_happened_is_not_repeated(clock: Clock, status: int) -> None:
    send, sent = _script(status, OK)
    assert _run(clock.limit("Akeyless", 4), send, repeatable=False).status == status
    assert len(sent) == 1


def test_a_write_without_an_answer_is_not_repeated(clock: Clock) -> None:
    send, sent = _script(LOST, OK)
    with pytest.raises(TransportError):
        _run(clock.limit("Akeyless", 4), send, repeatable=False)
    assert len(sent) == 1


@pytest.mark.parametrize("surely_nothing", [429, NEVER_SENT])
def test_a_write_that_surely_had_no_effect_is_repeated(clock: Clock, surely_nothing: int | TransportError) -> None:
    send, sent = _script(surely_nothing, surely_nothing, OK)
    assert _run(clock.limit("Akeyless", 4), send, repeatable=False).status == 200
    assert len(sent) == 3


def test_a_read_without_an_answer_is_repeated_a_bounded_number_of_times(clock: Clock) -> None:
    send, sent = _script(LOST)
    with pytest.raises(TransportError):
        _run(clock.limit("Vault", 4), send)
    assert 3 <= len(sent) <= 10


def test_one_path_that_always_fails_is_an_error_with_its_name(clock: Clock) -> None:
    send, _sent = _script(500)
    with pytest.raises(ApiError, match=r"list of kv/: Vault answered 500 \d+ times"):
        _run(clock.limit("Vault", 4), send)


def test_waits_grow_and_stay_bounded(clock: Clock) -> None:
    send, _sent = _script(500)
    with pytest.raises(ApiError):
        _run(clock.limit("Vault", 4), send)
    naps = clock.naps
    assert all(naps[i] < naps[i + 1] * 2.01 for i in range(len(naps) - 1))
    assert naps[-1] > naps[0] * 4
    assert max(naps) <= 15


def test_retry_after_delays_all_requests(clock: Clock) -> None:
    pace = clock.limit("Akeyless", 4)
    send, _sent = _script(Response(429, {"retry-after": "7"}, b""), OK)
    began = clock.now

    async def both() -> list[float]:
        ended: list[float] = []

        async def other() -> None:
            await _yield()
            await pace.enter()
            ended.append(clock.now)
            pace.leave()

        await asyncio.gather(retrying(pace, send, repeatable=True, what="x"), other())
        return ended

    assert asyncio.run(both())[0] - began >= 7
    assert clock.now - began >= 7


def test_a_long_retry_after_is_no_outage(clock: Clock) -> None:
    pace = clock.limit("Akeyless", 4, patience=60)
    send, sent = _script(*[Response(429, {"retry-after": "50"}, b"")] * 5, OK)
    assert _run(pace, send).status == 200
    assert len(sent) == 6


@pytest.mark.parametrize("answer", [503, NEVER_SENT, 429])
def test_a_side_that_answers_nothing_else_for_a_minute_is_out(clock: Clock, answer: int | TransportError) -> None:
    pace = clock.limit("Vault", 4, patience=5)
    send, _sent = _script(answer)
    began = clock.now
    with pytest.raises(Outage, match="Vault"):
        _run(pace, send)
    assert 5 < clock.now - began < 25


def test_a_first_failure_after_hours_of_quiet_is_no_outage(clock: Clock) -> None:
    pace = clock.limit("Akeyless", 4, patience=60)
    clock.now += 7200
    send, _sent = _script(503, 503, OK)
    assert _run(pace, send).status == 200
    clock.now += 7200
    send, _sent = _script(503, NEVER_SENT, OK)
    assert _run(pace, send).status == 200


def test_success_elsewhere_means_that_the_side_is_not_out(clock: Clock) -> None:
    pace = clock.limit("Vault", 4, patience=5)
    failing, _sent = _script(500)

    async def send() -> Response:
        pace.succeeded()
        return await failing()

    with pytest.raises(ApiError, match="500"):
        asyncio.run(retrying(pace, send, repeatable=True, what="x"))


def test_one_burst_of_refusals_halves_the_limit_once(clock: Clock) -> None:
    pace = clock.limit("Vault", 32)
    for _refusal in range(20):
        pace.failed()
    assert pace.limit == 16
    clock.now += 1
    pace.failed()
    assert (pace.limit, pace.lowest) == (8, 8)


def test_the_limit_recovers_to_where_it_was(clock: Clock) -> None:
    pace = clock.limit("Vault", 8)
    for _burst in range(10):
        clock.now += 1
        pace.failed()
    assert pace.limit == 1
    for _success in range(100):
        pace.succeeded()
    assert (pace.limit, pace.lowest) == (8, 1)


@given(most=st.integers(1, 12), tasks=st.integers(1, 40), refusals=st.sets(st.integers(0, 39)))
def test_never_more_in_flight_than_the_limit_and_none_waits_for_ever(most: int, tasks: int, refusals: set[int]) -> None:
    pace = RateLimit("Vault", most)
    flying = 0
    highest = 0

    async def one(number: int) -> None:
        nonlocal flying, highest
        await pace.enter()
        flying += 1
        highest = max(highest, flying)
        await _yield()
        pace.failed() if number in refusals else pace.succeeded()
        flying -= 1
        pace.leave()

    async def everybody() -> None:
        await asyncio.wait_for(asyncio.gather(*(one(n) for n in range(tasks))), 10)

    asyncio.run(everybody())
    assert highest <= most
    assert flying == 0


@given(cancelled=st.sets(st.integers(0, 19)), most=st.integers(1, 4))
def test_who_is_cancelled_while_waiting_keeps_no_place(cancelled: set[int], most: int) -> None:
    pace = RateLimit("Vault", most)
    passed: list[int] = []

    async def one(number: int) -> None:
        await pace.enter()
        try:
            await _yield()
            passed.append(number)
        finally:
            pace.leave()

    async def everybody() -> None:
        tasks = [asyncio.create_task(one(n)) for n in range(20)]
        await _yield()
        await _yield()
        for number in cancelled:
            tasks[number].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2)

    asyncio.run(everybody())
    assert set(range(20)) - cancelled <= set(passed)
