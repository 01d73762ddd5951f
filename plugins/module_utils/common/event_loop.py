# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event loop of a module, and what stops it: a signal, or a controller that no longer reads the module's output.

Python's own answer to SIGINT is an exception at any place, also in callbacks of the HTTP library that catch every
exception: then nothing stops. So the loop handles the signals.

A controller that was killed sends no signal. A local one closes the pipe that the module's output goes to. An SSH
client only notices it when there is output, so a newline is written again and again: Ansible ignores what is before
the result.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import stat
import typing as t

from ..stopping import Stop

try:
    from uvloop import run as _run
except ImportError:  # it is optional, and not available for every platform
    _run = asyncio.run  # type: ignore[assignment]

__all__ = ["run"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OUTPUT = 1  # the file descriptor of the result
_PAUSE = 0.4  # seconds between two looks at it

_T = t.TypeVar("_T")


def run(work: t.Coroutine[t.Any, t.Any, _T], stop: Stop) -> _T:
    """Run ``work`` in uvloop where it is installed, which saves about a tenth of the CPU time.

    :param stop: is told what stops the run. Afterwards, these signals are ignored if it was.
    """
    try:
        return _run(_stopping(work, stop))
    finally:
        if stop.reason:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)


async def _stopping(work: t.Coroutine[t.Any, t.Any, _T], stop: Stop) -> _T:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        # nohup ignores the end of the terminal; so does the module then.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop.request, number.name)
    watch = asyncio.create_task(_watch_output(stop))
    try:
        return await work
    finally:
        watch.cancel()


async def _watch_output(stop: Stop) -> None:
    """Tell the run to stop when its output is closed. From then on what is written to it is dropped."""
    with contextlib.suppress(OSError):  # there is no output at all
        writes = not stat.S_ISREG(os.fstat(_OUTPUT).st_mode)
        output = select.poll()
        output.register(_OUTPUT, select.POLLOUT if writes else 0)
        while True:
            await asyncio.sleep(_PAUSE)
            found = dict(output.poll(0)).get(_OUTPUT, 0)
            if found & ~select.POLLOUT:
                break
            if found:
                try:
                    os.write(_OUTPUT, b"\n")
                except OSError:
                    break
        stop.request("the loss of its controller")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _OUTPUT)
        os.close(nowhere)
