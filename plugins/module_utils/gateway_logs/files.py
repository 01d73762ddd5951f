# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log files of Gateways on this host: finding them, and reading them line by line in bounded memory."""

from __future__ import annotations

import glob
import gzip
import os
import typing as t
import zlib
from dataclasses import dataclass

from ..errors import OptionError

__all__ = ["LogFile", "UnreadableLog", "find_logs"]

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
        try:
            with open(self.path, "rb") as raw:
                packed = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                yield from _lines(t.cast("t.BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw)
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


def _lines(stream: t.BinaryIO) -> t.Iterator[tuple[str, bool]]:
    rest, cut = b"", False
    while chunk := stream.read(_CHUNK):
        first, *others = chunk.split(b"\n")
        rest, cut = _longer(rest, cut, first)
        for piece in others:
            yield rest.decode("utf-8", "replace"), cut
            rest, cut = _longer(b"", False, piece)
    if rest:
        yield rest.decode("utf-8", "replace"), cut


def _longer(rest: bytes, cut: bool, piece: bytes) -> tuple[bytes, bool]:
    room = _LONGEST_LINE - len(rest)
    return rest + piece[:room], cut or len(piece) > room
