# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's end of the progress channel: what it writes, how often, and that it never gets in the way."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "progress"


def told(file: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(file.read_text("ascii")))


def test_without_a_file_it_only_counts(file: Path) -> None:
    progress = Progress()
    progress.open(None)
    progress.open("")
    progress.stage("migrate", 2)
    progress.advance()
    progress.advance(failed=1)
    progress.close()
    assert (progress.done, progress.failed, progress.total) == (2, 1, 2)
    assert not file.exists()


def test_it_shows_stage_and_numbers(file: Path, clock: Clock) -> None:
    progress = Progress(clock)
    progress.open(str(file))
    progress.stage("migrate", 8000)
    clock.now += 2.5
    progress.advance(3, failed=1)
    assert told(file) == {"stage": "migrate", "done": 3, "total": 8000, "failed": 1, "seconds": 2.5}
    progress.stage("confirm")
    assert told(file) == {"stage": "confirm", "done": 0, "total": None, "failed": 0, "seconds": 0.0}
    progress.close()


def test_it_writes_once_a_second_at_the_most(file: Path, clock: Clock) -> None:
    progress = Progress(clock)
    progress.open(str(file))
    progress.stage("migrate", 100)
    for _ in range(7):
        clock.now += 0.125
        progress.advance()
    assert told(file)["done"] == 0
    clock.now += 0.125
    progress.advance()
    assert told(file)["done"] == 8
    progress.close()


def test_a_shorter_line_leaves_nothing_of_a_longer_one(file: Path) -> None:
    progress = Progress()
    progress.open(str(file))
    progress.stage("a" * 40, 10**12)
    size = file.stat().st_size
    progress.stage("b", 1)
    assert told(file)["stage"] == "b"
    assert file.stat().st_size == size
    progress.close()


def test_the_file_is_private_and_goes_away(file: Path) -> None:
    progress = Progress()
    progress.open(str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    progress.close()
    assert not file.exists()
    progress.close()


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder missing", "null byte"])
def test_what_is_there_already_is_not_changed(tmp_path: Path, file: Path, kind: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    path = str(file)
    if kind == "file":
        file.write_text("theirs")
    elif kind.endswith("link"):
        file.symlink_to(theirs if kind == "link" else tmp_path / "nowhere")
    elif kind == "folder missing":
        path = str(tmp_path / "missing" / "progress")
    else:
        path += "\0"
    before = sorted(os.listdir(tmp_path))
    progress = Progress()
    progress.open(path)
    progress.stage("migrate", 1)
    progress.advance()
    progress.close()
    assert sorted(os.listdir(tmp_path)) == before
    assert theirs.read_text() == "theirs"


def test_a_write_that_fails_ends_the_writing_and_nothing_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> int:
        raise OSError(28, "No space left on device")

    progress = Progress()
    progress.open(str(file))
    monkeypatch.setattr(os, "pwrite", full)
    progress.stage("migrate", 2)
    progress.advance()
    assert progress.done == 1
    assert not file.exists()
