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


@dataclass(frozen=True)
class LeaseHolder:
    """The process that holds a lease.

    :ivar boot: its machine's boot and PID namespace: a process id means something only within them.
    :ivar nonce: random, so that it differs from any other process.
    """

    host: str
    pid: int
    boot: str
    nonce: str

    @classmethod
    def this_process(cls) -> LeaseHolder:
        """The process that runs this."""
        return cls(socket.gethostname(), os.getpid(), _boot(), secrets.token_hex(8))

    def knows_the_end_of(self, content: t.Mapping[str, t.Any]) -> bool:
        """Whether the holder that a lease's content names will certainly not write again.

        It is this very process, whose earlier attempt to release the lease failed; or a process of this host that has
        ended. There is no need to wait for the expiry then.
        """
        if content.get("nonce") == self.nonce:
            return True
        if content.get("host") != self.host or content.get("boot") != self.boot:
            return False
        try:
            os.kill(int(content["pid"]), 0)
        except ProcessLookupError:
            return True
        except (OSError, KeyError, ValueError, TypeError):
            return False
        return False


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
