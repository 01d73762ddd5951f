# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of a module, for the action plugin that shows it while the module runs.

    from .progress import progress

    progress.stage("verify", total)      # total: None where it is not known
    for path in paths:
        ...
        progress.advance(failed=0)       # one more is done

Nothing is written unless the action plugin names a file in the module's environment. The file holds one line of JSON
with the stage's name and numbers, written once a second at most. It is private, and is deleted when the module ends. A
failure to write it never disturbs the module.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

__all__ = ["VARIABLE", "Progress", "progress"]

VARIABLE = "SECRETFERRY_PROGRESS_FILE"
"""The variable of the module's environment that names the file; it must not exist yet."""

_PAUSE = 1.0  # seconds between two writes


class Progress:
    """Counts what is done, and after :meth:`open` writes the counts to a file."""

    def __init__(self, clock: t.Callable[[], float] = time.monotonic) -> None:
        self.name = ""
        self.done = 0
        self.failed = 0
        self.total: int | None = None
        self._clock = clock
        self._file = -1
        self._path = ""
        self._began = 0.0
        self._next = 0.0

    def stage(self, name: str, total: int | None = None) -> None:
        """Begin a stage: all counts begin at 0.

        :param name: one or two lower-case words, shown as they are: ``migrate``, ``verify``.
        """
        self.name, self.total = name, total
        self.done = self.failed = 0
        self._began = self._clock()
        self._write(self._began)

    def advance(self, done: int = 1, failed: int = 0) -> None:
        """Add ``done`` and ``failed`` to the counts."""
        self.done += done
        self.failed += failed
        if self._file >= 0 and (now := self._clock()) >= self._next:
            self._write(now)

    def open(self, path: str | None) -> None:
        """Write to a new file of that name from now on; to none where it is ``None``, or cannot be created."""
        self.close()
        if not path:
            return
        # Exclusively: a file that exists, or a link, is not the one that the action plugin meant.
        with contextlib.suppress(OSError, ValueError):
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            self._path = path

    def close(self) -> None:
        """Stop writing, and delete the file."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        with contextlib.suppress(OSError):
            os.close(file)
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def _write(self, now: float) -> None:
        if self._file < 0:
            return
        shown = {
            "stage": self.name,
            "done": self.done,
            "total": self.total,
            "failed": self.failed,
            "seconds": round(now - self._began, 3),
        }
        # One write of a constant length: a reader sees the old line or the new one, or in a rare case invalid JSON.
        line = json.dumps(shown, separators=(",", ":")).ljust(255)[:255] + "\n"
        try:
            os.pwrite(self._file, line.encode("ascii"), 0)
        except OSError:
            self.close()
        self._next = now + _PAUSE


progress = Progress()
"""The progress of this process, which runs one module once."""
