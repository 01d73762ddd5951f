# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide, followed from top to bottom: each command works, and prints what the pages say."""

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

import pytest

from ferrydev.emulator import Emulator
from ferrydev.guide import Command, Guide, Step, read_pages, transcript
from ferrydev.vault import Vault

STEPS = read_pages()
TITLES = [step.title for step in STEPS]
TRANSCRIPT = Path(__file__).parents[2] / "docs" / "transcript.md"
SCREEN = 60  # lines


@pytest.fixture(scope="module")
def steps() -> t.Iterator[dict[str, Step]]:
    with Vault.start() as vault, Emulator.start(Guide.settings()) as emulator:
        guide = Guide(vault, emulator)
        for step in STEPS:
            guide.run(step)
        yield {step.title: step for step in STEPS}
        guide.close()


@pytest.mark.parametrize("title", TITLES)
def test_each_command_does_what_the_page_says(steps: dict[str, Step], title: str) -> None:
    for command in steps[title].commands:
        assert command.status == 0, command.text + "\n" + "\n".join(command.output)
        _assert_printed(command)


def _assert_printed(command: Command) -> None:
    """Every printed line of the page is in the output, whose lines may be longer, in the same order."""
    words = " ".join(" ".join(line.split()) for line in command.output)
    place = 0
    for line in command.printed:
        text = " ".join(line.split()).removesuffix("...").strip()
        found = words.find(text, place)
        assert found >= 0, f"{command.text} does not print: {line}\n" + "\n".join(command.output)
        place = found + len(text)


def test_the_transcript_is_what_the_commands_print(steps: dict[str, Step]) -> None:
    assert _masked(transcript(list(steps.values()))) == _masked(TRANSCRIPT.read_text("utf-8"))


@pytest.mark.parametrize("title", TITLES)
def test_a_command_fits_on_two_screens(steps: dict[str, Step], title: str) -> None:
    for command in steps[title].commands:
        assert len(command.output) <= 2 * SCREEN, command.text


def _masked(page: str) -> list[str]:
    """The page's lines without what differs from run to run: times, dates, identifiers, and which host ends first."""
    differing = r"\d+(\.\d+)? (ms|s|seconds)\b|accessor [\w-]+|\d{4}-\d\d-\d\d[T ][\d:.]+Z?|run-[0-9a-f]+|[0-9a-f-]{36}"
    lines = re.sub(differing, "#", page).splitlines()
    hosts = re.compile(r" +(ok|changed|skipping): \[[\w-]+\]$")
    groups = itertools.groupby(lines, key=lambda line: bool(hosts.match(line)))
    return [line for of_hosts, group in groups for line in (sorted(group) if of_hosts else group)]
