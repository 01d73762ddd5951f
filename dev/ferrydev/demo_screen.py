# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's output: headings, aligned tables, and statements, each with a tick only if it was checked and holds."""

from __future__ import annotations

import io
import os
import textwrap
import typing as t
import unicodedata

__all__ = ["Screen", "count"]

_WIDTH = 110
_STYLES = {"bold": "1", "dim": "2", "green": "32", "yellow": "33", "red": "31", "cyan": "36"}
_LABELS = {"error": "red", "warning": "yellow"}


def count(number: int, one: str, many: str = "") -> str:
    """A number and its noun: ``1,024 versions``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


class Screen:
    """Writes to ``stream``, in colour where that is a terminal, and remembers which statements did not hold."""

    def __init__(self, stream: t.TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no reason to fail
        self.failed: list[str] = []
        self._stream = stream
        self._colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        plain = (stream.encoding or "").lower().replace("-", "") != "utf8"
        self._yes, self._no, self._rule = ("ok", "FAILED", "-") if plain else ("✓", "✗", "─")

    def title(self, text: str) -> None:
        self._print(f"\n{self._styled(text, 'bold')}\n{self._styled(self._rule * min(_WIDTH, len(text)), 'dim')}")

    def heading(self, number: int, text: str) -> None:
        self._print(f"\n{self._styled(f'{number}  {text}', 'bold', 'cyan')}")

    def say(self, text: str = "") -> None:
        self._print(f"   {text}" if text else "")

    def quiet(self, text: str) -> None:
        """Something by the way: a command line, a place."""
        margin = " " * (3 + len(text) - len(text.lstrip()))
        lines = textwrap.wrap(text.lstrip(), _WIDTH - 8, break_long_words=False)
        for i, line in enumerate(lines):
            self._print(self._styled(f"{margin}{'' if i == 0 else '    '}{line}", "dim"))

    def labelled(self, label: str, text: str) -> None:
        """A finding: its severity, and the text beside it in as many lines as it takes."""
        lines = textwrap.wrap(text, _WIDTH - 14)
        for i, line in enumerate(lines):
            shown = self._styled(f"{'' if i else label:<9}", _LABELS.get(label, "dim"))
            self._print(f"     {shown}{line}")

    def check(self, holds: bool, text: str) -> None:
        """A statement. One that does not hold makes the demo fail."""
        mark = self._styled(self._yes, "green") if holds else self._styled(self._no, "red", "bold")
        self._print(f"   {mark} {text}")
        if not holds:
            self.failed.append(text)

    def table(self, rows: t.Sequence[t.Sequence[object]], head: t.Sequence[str] = (), indent: int = 3) -> None:
        """Columns as wide as their widest cell; numbers to the right."""
        texts = [[_cell(cell) for cell in row] for row in rows]
        columns = max((len(row) for row in rows), default=0)
        right = [all(isinstance(row[i], int) for row in rows if i < len(row)) for i in range(columns)]
        widths = [max(_width(row[i]) for row in [*texts, list(head)] if i < len(row)) for i in range(columns)]

        def line(cells: t.Sequence[str]) -> str:
            padded = []
            for i, cell in enumerate(cells):
                space = " " * (widths[i] - _width(cell))
                padded.append(space + cell if right[i] else cell + space)
            return " " * indent + "  ".join(padded).rstrip()

        if head:
            self._print(self._styled(line(head), "dim"))
        for row in texts:
            self._print(_short(line(row)))

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def _styled(self, text: str, *styles: str) -> str:
        if not self._colour:
            return text
        return f"\033[{';'.join(_STYLES[style] for style in styles)}m{text}\033[0m"


def _cell(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _width(text: str) -> int:
    """Columns on a terminal: 鍵 takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def _short(text: str) -> str:
    while _width(text) > _WIDTH:
        text = text[:-2].rstrip() + "…"
    return text
