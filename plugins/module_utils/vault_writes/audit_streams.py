# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where lines of an audit log come from: a file that is followed, and a socket that Vault connects to."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import typing as t

from ..common.log_files import LineSplitter
from ..errors import OptionError, SecretferryError

__all__ = ["follow_file", "listen"]

TakeLine = t.Callable[[bytes], None]

_log = logging.getLogger(__name__)
_CHUNK = 256 * 1024
_LONGEST_LINE = 32 << 20  # bytes; a line that is longer is not read
_PAUSE = 0.2  # seconds between two looks at the file
_DENIED_FOR = 10.0  # seconds
_ROTATED_FOR = 60.0  # seconds for which a rotated file is read on: Vault writes to it until it gets a signal


async def follow_file(path: str, take: TakeLine) -> None:
    """Hand on each line that is written to a file from now on, as ``tail -F`` does.

    A file that is not there yet is read from its beginning when it comes. One that was rotated is read on for a minute.

    :raises OptionError: the file cannot be opened.
    """
    current = _open(path, at_end=True)
    rotated: list[tuple[_Followed, float]] = []
    if current is None:
        _log.warning("%s is not there yet", path)
    denied_since = 0.0
    while True:
        try:
            found = _open(path) if current is None or current.is_replaced(path) else None
            denied_since = 0.0
        except OptionError:
            # A rotation may create the file first, and let others read it then.
            denied_since = denied_since or time.monotonic()
            if current is None or time.monotonic() - denied_since > _DENIED_FOR:
                raise
            found = None
        if found:
            if current:
                rotated.append((current, time.monotonic() + _ROTATED_FOR))
            current = found
        for file in [*(old for old, _until in rotated), *([current] if current else [])]:
            await file.read(take)
        for ended in [one for one in rotated if one[1] < time.monotonic()]:
            ended[0].close()
            rotated.remove(ended)
        await asyncio.sleep(_PAUSE)


async def listen(host: str, port: int, take: TakeLine) -> None:
    """Hand on each line that comes to a TCP socket, to which Vault's socket audit device connects.

    :raises OptionError: nothing can listen there. What ``take`` raises is raised, too.
    """
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    try:
        server = await loop.create_server(lambda: _Connection(take, failed), host, port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise OptionError("port", f"nothing can listen at {host}:{port}: {reason}", "Choose another one") from None
    async with server:
        await failed


class _Connection(asyncio.Protocol):
    """A connection of Vault. It is always read at once: Vault waits for that before it answers a request."""

    def __init__(self, take: TakeLine, failed: asyncio.Future[None]) -> None:
        self._take, self._failed = take, failed
        self._splitter = LineSplitter(_LONGEST_LINE)

    def data_received(self, data: bytes) -> None:
        """Hand on the lines that are complete."""
        if self._failed.done():
            return
        try:
            for line in self._splitter.split(data):
                self._take(line)
        except SecretferryError as error:
            self._failed.set_exception(error)


class _Followed:
    """An open file, and how far it was read."""

    def __init__(self, stream: t.BinaryIO) -> None:
        self._stream = stream
        self._splitter = LineSplitter(_LONGEST_LINE)

    def is_replaced(self, path: str) -> bool:
        """Whether the path leads to another file now."""
        try:
            there = os.stat(path)
        except OSError:
            return False  # between two steps of a rotation
        mine = os.fstat(self._stream.fileno())
        return (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino)

    async def read(self, take: TakeLine) -> None:
        """Hand on the lines that are complete."""
        if os.fstat(self._stream.fileno()).st_size < self._stream.tell():
            self._stream.seek(0)  # truncated in place
            self._splitter.rest = b""
        while chunk := self._stream.read(_CHUNK):
            for line in self._splitter.split(chunk):
                take(line)
            await asyncio.sleep(0)

    def close(self) -> None:
        self._stream.close()


def _open(path: str, *, at_end: bool = False) -> _Followed | None:
    try:
        stream = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OptionError(
            "audit_file",
            f"{path} cannot be read: {error.strerror}",
            "Let the user that runs ansible-rulebook read it. It belongs to Vault's user, with mode 0600 unless the"
            " audit device has another",
        ) from None
    if at_end:
        stream.seek(0, os.SEEK_END)
    return _Followed(stream)
