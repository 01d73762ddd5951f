# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Vault server for the length of a test or a demo.

    with Vault.start() as vault:
        vault.enable_kv("kv", version=2)
        vault.request("POST", "kv/data/app", json={"data": {"user": "u"}})

For people: ``python -m ferrydev.vault run [--tls]`` and ``python -m ferrydev.vault build``.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import httpx

from ferrydev.vault_admin import VaultAdmin, VaultError, encode_path
from ferrydev.vault_build import NoVaultError, find_or_build_vault

__all__ = ["NoVaultError", "Vault", "VaultError", "encode_path", "find_or_build_vault"]

READY_WITHIN = 30.0
STOPPED_WITHIN = 5.0
START_ATTEMPTS = 5


class Vault(VaultAdmin):
    """One running server, in memory, unsealed, with KV version 2 at ``secret/``.

    ``addr`` is its base URL, ``root_token`` its root token, ``ca_cert`` the file of its certificate
    authority or None without TLS, ``folder`` where its log and audit file are until it is stopped.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, root_token: str, folder: Path, tls: bool) -> None:
        self.folder = folder
        self.log_path = folder / "vault.log"
        self._process = process
        addr = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        super().__init__(addr, root_token, folder / "audit.log", folder / "vault-ca.pem" if tls else None)

    @classmethod
    def start(
        cls, tls: bool = False, *, root_token: str | None = None, port: int | None = None, log_level: str = "warn"
    ) -> Vault:
        """Starts a server and waits until it answers. Raises NoVaultError, or RuntimeError with the end of its log."""
        binary = find_or_build_vault()
        problem = ""
        for _attempt in range(START_ATTEMPTS):
            # Another process may take the free port before Vault does: then the next attempt gets another.
            vault = cls._spawn(
                binary, port or _free_port(), root_token or f"root-{secrets.token_hex(12)}", tls, log_level
            )
            try:
                vault._wait_until_ready()
            except RuntimeError as error:
                problem = str(error)
                vault.stop()
                if port is not None or "address already in use" not in problem:
                    break
            except BaseException:
                vault.stop()
                raise
            else:
                return vault
        raise RuntimeError(f"Vault did not start: {problem}")

    def stop(self) -> None:
        """Ends the server and removes its folder. It may be called twice."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self) -> int:
        """Waits for the server to end by itself; its exit status."""
        return self._process.wait()

    @property
    def pid(self) -> int:
        """The id of the server's process, for tests that pause or kill it."""
        return self._process.pid

    @classmethod
    def _spawn(cls, binary: Path, port: int, root_token: str, tls: bool, log_level: str) -> Vault:
        folder = Path(tempfile.mkdtemp(prefix="secretferry-vault-"))
        command = [
            str(binary), "server", "-dev", "-dev-no-store-token", f"-log-level={log_level}",
            f"-dev-listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        if tls:
            command += ["-dev-tls", f"-dev-tls-cert-dir={folder}"]
        # By the environment, because every user of the machine may read a command line.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("VAULT_", "BAO_"))}
        environment |= {"VAULT_DEV_ROOT_TOKEN_ID": root_token, "BAO_DEV_ROOT_TOKEN_ID": root_token}
        with (folder / "vault.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        vault = cls(process, port, root_token, folder, tls)
        atexit.register(vault.stop)
        return vault

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"it ended with status {self._process.returncode}: {self._log_end()}")
            # Vault writes the certificate authority's file before it listens.
            if self.ca_cert is None or self.ca_cert.exists():
                with contextlib.suppress(httpx.TransportError, ssl.SSLError):
                    ready = self.request("GET", "sys/health", token="", raw=True).status_code == 200
                    # The dev server answers before it has made its root token and mounts.
                    if ready and self.request("GET", "sys/mounts/secret", raw=True).status_code == 200:
                        return
            time.sleep(0.05)
        raise RuntimeError(f"no answer within {READY_WITHIN:.0f} s: {self._log_end()}")

    def _log_end(self) -> str:
        return self.log_path.read_text(errors="replace")[-1500:].strip()

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(arguments: list[str] | None = None) -> int:
    """The command line: ``build`` prints the path of a binary, ``run`` keeps a server in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m ferrydev.vault", description="A real Vault for demo and tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="find a Vault binary or build one, and print its path")
    run = commands.add_parser("run", help="run a server in memory until Ctrl-C")
    run.add_argument("--tls", action="store_true", help="serve TLS with a certificate of a new CA")
    run.add_argument("--port", type=int, help="listen here on 127.0.0.1 (default: a free port)")
    run.add_argument("--root-token", help="id of the root token (default: a random one, printed)")
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            print(find_or_build_vault())
            return 0
        with Vault.start(options.tls, port=options.port, root_token=options.root_token) as vault:
            print(f"export VAULT_ADDR={vault.addr}\nexport VAULT_TOKEN={vault.root_token}")
            if vault.ca_cert:
                print(f"export VAULT_CACERT={vault.ca_cert}")
            print("Ctrl-C ends the server, and nothing of it is kept.", file=sys.stderr, flush=True)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with contextlib.suppress(KeyboardInterrupt):
                return vault.wait()
            return 0
    except (NoVaultError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
