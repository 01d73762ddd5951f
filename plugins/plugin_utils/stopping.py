# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stop of ansible-playbook, handed on to the module that a task runs.

Ansible ends its worker processes at once, and then nothing says how far the module came. A controller that is killed,
or whose terminal is closed, leaves its workers, and they wait for the module. So while the module runs, the worker

- hands a signal on to the programs that it started, waits shortly for a module on this machine, and says what it said;
- watches its controller, and does the same when it is gone.

Then the worker ends, so that no further item of a loop begins.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import threading
import time
import types
import typing as t
from pathlib import Path

from ansible import constants as C

__all__ = ["StopRelay"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK = 0.25  # seconds between two looks at the controller
_LONGEST_WAIT = 4.0  # seconds for the module to end; a slow one ends without the worker


class StopRelay(threading.Thread):
    """Use it as a context, in the main thread of the worker.

    :param waits: whether to wait for the module: one on another host cannot answer once its connection is cut.
    :param end: is called when the worker is about to end, and returns what to say.
    """

    def __init__(self, waits: bool, end: t.Callable[[], str]) -> None:
        super().__init__(name="secretferry-stop", daemon=True)
        self._waits = waits
        self._end = end
        self._controller = os.getppid()
        self._until = 0.0
        self._before: dict[signal.Signals, t.Any] = {}
        self._over = threading.Event()
        self._errors: int | None = None

    @property
    def told(self) -> bool:
        """Whether the worker was told to stop."""
        return bool(self._until)

    def __enter__(self) -> StopRelay:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._told) for number in _SIGNALS}
            self._errors = _errors_of(self._controller)
            self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        if self.told:
            self._leave()
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._errors is not None:
            os.close(self._errors)

    def run(self) -> None:
        """Watch the controller, and the time."""
        while not self._over.wait(_LOOK):
            if not self.told and os.getppid() != self._controller:
                # A signal to the process might go to this thread, and the main one would wait on.
                signal.pthread_kill(t.cast("int", threading.main_thread().ident), signal.SIGTERM)
            elif self.told and time.monotonic() > self._until:
                os._exit(1)

    def _told(self, _number: int, _frame: types.FrameType | None) -> None:
        if self.told:
            return
        self._until = time.monotonic() + _LONGEST_WAIT
        # Python's answer to SIGINT removes the folder of a module that has not begun yet; SIGTERM would not.
        _signal_children(os.getpid(), signal.SIGINT)
        if not self._waits:
            self._leave()

    def _leave(self) -> t.NoReturn:
        with contextlib.suppress(Exception):
            if self._errors is not None and (line := self._end()):
                os.write(self._errors, f"{line}\n".encode())
        _signal_children(os.getpid(), signal.SIGTERM)
        if os.getppid() != self._controller and "ansible-local-" in C.DEFAULT_LOCAL_TMP:
            shutil.rmtree(C.DEFAULT_LOCAL_TMP, ignore_errors=True)  # a controller that was killed has left it
        os._exit(1)


def _signal_children(process: int, number: signal.Signals) -> None:
    """Send a signal to all programs that a process has started, and to those that they started."""
    with contextlib.suppress(OSError, ValueError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split():
            _signal_children(int(child), number)
            os.kill(int(child), number)


def _errors_of(controller: int) -> int | None:
    """A file descriptor for what the controller prints its errors to: a terminal or a pipe, ``None`` for others.

    While it ends, it takes no lines from its workers any more.
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        errors = os.open(f"/proc/{controller}/fd/2", flags)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(errors).st_mode):  # it would be overwritten from its beginning
        os.close(errors)
        return None
    return errors
