# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files on this host: finding them, and reading them line by line in bounded memory."""

from __future__ import annotations

import glob
import gzip
import os
import typing as t
import zlib
from dataclasses import dataclass

from ..errors import OptionError

__all__ = ["LineSplitter", "LogFile", "UnreadableLog", "find_logs"]

_LONGEST_LINE = 64 * 1024
"""Bytes of a line that are read; the rest of a longer line is ignored."""

_CHUNK = 256 * 1024


class UnreadableLog(Exception):
    """A file could not be read, or not to its end. The message is the operating system's."""


@dataclass(frozen=True)
class LogFile:
    """A file, packed by gzip or not."""

    path: str

    @property
    def stem(self) -> str:
        """The file's name without the suffixes of logging and rotation: the instance, where lines name none."""
        name = os.path.basename(self.path)
        while True:
            head, _dot, tail = name.rpartition(".")
            if head and (tail in ("log", "gz", "json", "txt", "out") or tail.isdecimal()):
                name = head
            else:
                return name

    def older_than(self, moment: float) -> bool:
        """Whether it was last written before a time, in seconds since 1970."""
        try:
            return os.stat(self.path).st_mtime < moment
        except OSError:
            return False

    def lines(self) -> t.Iterator[tuple[str, bool]]:
        """Each line, and whether it was truncated.

        :raises UnreadableLog: the file cannot be read, or not to its end.
        """
        for lines in self.blocks(_LONGEST_LINE):
            for line in lines:
                yield line[:_LONGEST_LINE].decode("utf-8", "replace"), len(line) > _LONGEST_LINE

    def blocks(self, longest: int) -> t.Iterator[list[bytes]]:
        """The lines without their ends, as many at once as were read at once, which saves time for each line.

        :param longest: bytes of a line that are kept. One byte more is kept of a line that has more.
        :raises UnreadableLog: the file cannot be read, or not to its end.
        """
        try:
            with open(self.path, "rb") as raw:
                packed = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                yield from _blocks(t.cast("t.BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw, longest)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise UnreadableLog("the packed file is damaged or not complete") from None
        except OSError as error:
            raise UnreadableLog(error.strerror or type(error).__name__) from None


def find_logs(patterns: t.Sequence[str]) -> list[LogFile]:
    """The files that match paths and globs (``**`` for any depth), each once, sorted.

    :raises OptionError: one of them matches no file.
    """
    found: set[str] = set()
    for pattern in patterns:
        paths = [pattern] if os.path.exists(pattern) else glob.glob(os.path.expanduser(pattern), recursive=True)
        # No pipes and devices, which may never end.
        files = [path for path in paths if os.path.isfile(path)]
        if not files:
            if paths:
                raise OptionError("paths", f"{pattern} is no file", f"Name files, for instance {pattern}/*.log")
            raise OptionError("paths", f"there is no file {pattern} on this host", "Check the path, and set become if"
                              " the files belong to another user")  # fmt: skip
        found.update(files)
    return [LogFile(path) for path in sorted(found)]


class LineSplitter:
    """Makes lines of chunks of bytes.

    :param longest: bytes of a line that are kept. One byte more is kept of a line that has more.
    :ivar rest: the beginning of a line whose end has not come yet.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self.rest = b""

    def split(self, chunk: bytes) -> list[bytes]:
        """The lines that end in this chunk, without their ends."""
        lines = chunk.split(b"\n")
        # Of an endless line only the beginning is joined, so that it takes neither memory nor time.
        lines[0] = self.rest + lines[0][: self._longest + 1 - len(self.rest)]
        self.rest = lines.pop()[: self._longest + 1]
        return lines


def _blocks(stream: t.BinaryIO, longest: int) -> t.Iterator[list[bytes]]:
    splitter = LineSplitter(longest)
    while chunk := stream.read(_CHUNK):
        if lines := splitter.split(chunk):
            yield lines
    if splitter.rest:
        yield [splitter.rest]
