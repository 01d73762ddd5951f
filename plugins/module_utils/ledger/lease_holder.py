# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that holds a lease."""

from __future__ import annotations

import os
import secrets
import socket
import typing as t
from dataclasses import dataclass

__all__ = ["LeaseHolder"]

_ENDED = ("Z", "X")  # states of processes that have ended, see proc(5)


@dataclass(frozen=True)
class LeaseHolder:
    """The process that holds a lease.

    :ivar boot: its machine's boot and PID namespace: a process id means something only within them.
    :ivar nonce: random, so that it differs from any other process.
    :ivar started: when it began, in clock ticks since the boot: another process may have its id later. Empty where the
        system does not tell.
    """

    host: str
    pid: int
    boot: str
    nonce: str
    started: str = ""

    @classmethod
    def this_process(cls) -> LeaseHolder:
        """The process that runs this."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _boot(), secrets.token_hex(8), _state_and_start(pid)[1])

    def knows_the_end_of(self, content: t.Mapping[str, t.Any]) -> bool:
        """Whether the holder that a lease's content names will certainly not write again.

        It is this very process, whose earlier attempt to release the lease failed; or a process of this host that has
        ended. There is no need to wait for the expiry then. A process that has ended may stay as a zombie: in a
        container, often no process waits for it.
        """
        if content.get("nonce") == self.nonce:
            return True
        if content.get("host") != self.host or content.get("boot") != self.boot:
            return False
        try:
            pid = int(content["pid"])
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except (OSError, KeyError, ValueError, TypeError):
            return False
        state, started = _state_and_start(pid)
        return state in _ENDED or bool(started and content.get("started") and started != content["started"])


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _state_and_start(pid: int) -> tuple[str, str]:
    """The state of a process and when it began, see proc(5). Empty texts where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""
