# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rooms above share: workers, bounded lists."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.bounded import BoundedList
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workers import for_each


class TestForEach:
    def test_every_item_is_worked_on_once_and_never_more_at_once_than_allowed(self) -> None:
        done: list[int] = []
        running = most = 0

        async def work(number: int) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            done.append(number)

        asyncio.run(for_each(range(50), work, concurrency=7))
        assert sorted(done) == list(range(50))
        assert most == 7

    def test_items_are_taken_one_by_one(self) -> None:
        taken: list[int] = []

        def items() -> t.Iterator[int]:
            for number in range(100):
                taken.append(number)
                yield number

        async def work(number: int) -> None:
            if number == 3:
                raise ValueError("three")
            await asyncio.sleep(0)

        with pytest.raises(ValueError, match="three"):
            asyncio.run(for_each(items(), work, concurrency=2))
        assert len(taken) < 10

    def test_an_error_ends_the_other_tasks_before_it_is_raised(self) -> None:
        ended: list[int] = []

        async def work(number: int) -> None:
            if number == 0:
                await asyncio.sleep(0)
                raise ValueError
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(number)

        async def run() -> None:
            with pytest.raises(ValueError):  # noqa: PT011  no message: the type is all that there is
                await for_each(range(4), work, concurrency=4)
            assert sorted(ended) == [1, 2, 3]

        asyncio.run(run())


class TestBoundedList:
    @given(st.lists(st.integers(), unique=True), st.integers(0, 12))
    def test_the_first_by_key_are_kept_whatever_the_order(self, numbers: list[int], limit: int) -> None:
        entries = BoundedList[int](limit, key=lambda number: -number)
        for number in numbers:
            entries.add(number)
        assert entries.shown() == sorted(numbers, reverse=True)[:limit]
        assert entries.count == len(numbers)
        assert entries.left_out == len(numbers) - len(entries.shown())

    def test_memory_is_bounded(self) -> None:
        entries = BoundedList[int](10, key=lambda number: number)
        for number in range(100_000, 0, -1):
            entries.add(number)
        assert entries.shown() == list(range(1, 11))
        assert len(vars(entries)["_entries"]) <= 140
        assert entries.left_out == 99_990

    def test_without_a_key_the_first_to_come_are_kept(self) -> None:
        entries = BoundedList[str](2)
        for text in ("c", "b", "a"):
            entries.add(text)
        assert entries.shown() == ["c", "b"]
        assert entries.left_out == 1
