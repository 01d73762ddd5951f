# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private SSH server on this machine, for plays on a host over SSH: own port, own keys, this user only."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from contextlib import closing
from pathlib import Path

__all__ = ["SshServer", "find_sshd"]

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
"""


def find_sshd() -> str | None:
    """The SSH server's program, which needs its full path to be started; None where there is none."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")


class SshServer:
    """A running server. ``variables`` are a host's, for an inventory."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ferry-ssh-"))
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        config = self.folder / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder), "utf-8")
        if getpass.getuser() == "root":
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it, empty, for its unprivileged half
        server = find_sshd()
        if server is None:
            raise FileNotFoundError("there is no sshd on this machine: install openssh-server")
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen([server, "-D", "-e", "-f", str(config)], stderr=self._log)
        self.pid = self._process.pid
        self._wait()

    @property
    def variables(self) -> dict[str, t.Any]:
        known = self.folder / "known_hosts"
        host_key = (self.folder / "host.pub").read_text("utf-8")
        known.write_text(f"[127.0.0.1]:{self.port} {host_key}", "utf-8")
        options = f"-o UserKnownHostsFile={known} -o IdentitiesOnly=yes -o ControlPath={self.folder}/mux -F /dev/null"
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.folder / "user"),
            "ansible_ssh_common_args": options,
        }

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._process.terminate()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        for _ in range(100):
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text("utf-8", "replace"))
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("sshd does not listen")
