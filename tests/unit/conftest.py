# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several unit tests need."""

from __future__ import annotations

import asyncio
import gc
import typing as t
from pathlib import Path

import pytest
import uvloop

if t.TYPE_CHECKING:  # it imports the collection, which is not to be found yet
    from raw_servers import Run, Test


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with an empty home folder."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a test in an event loop, in which nothing may fail or be left behind unnoticed."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def watched(test: Test) -> list[dict[str, t.Any]]:
        unhandled: list[dict[str, t.Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: unhandled.append(problem))
        await test()
        gc.collect()
        await asyncio.sleep(0)
        return unhandled

    def runs(test: Test) -> None:
        assert request.param(watched(test)) == []

    return runs
