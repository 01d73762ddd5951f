# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds a Vault server to run, or builds one from published Go modules, once a machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "vault_server"


class NoVaultError(Exception):
    """There is no Vault on this machine and no way to make one; the text says what is missing."""


def find_or_build_vault() -> Path:
    """The path of a binary that understands ``server -dev``.

    In this order: ``VAULT_BIN``, ``vault`` on the PATH, ``bao`` on the PATH, one built before, one
    built now. Several processes may ask at once: one builds, the others wait for it.

    Raises NoVaultError, whose text says what to install.
    """
    chosen = os.environ.get("VAULT_BIN")
    if chosen:
        return _executable(Path(chosen).expanduser())
    for name in ("vault", "bao"):
        found = shutil.which(name)
        if found:
            return Path(found)

    target = _cached_path()
    if target.exists():
        return target
    go = shutil.which("go")
    if go is None:
        raise NoVaultError(
            "No Vault to run: neither `vault` nor `bao` is on the PATH, and there is no `go` to build one with. "
            "Install any one of the three (HashiCorp Vault, OpenBao, or Go 1.21 or newer), "
            "or name a binary in VAULT_BIN."
        )
    with _only_one_builder(target.parent):
        if not target.exists():
            _build(go, target)
    return target


def _executable(path: Path) -> Path:
    if not os.access(path, os.X_OK) or path.is_dir():
        raise NoVaultError(f"VAULT_BIN names {path}, which is not an executable file.")
    return path


def _cached_path() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((SOURCE / name).read_bytes())
    # A home folder may be shared by machines of different kinds.
    digest.update(f"{platform.system()} {platform.machine()}".encode())
    return cache / "secretferry" / f"vault-{digest.hexdigest()[:16]}" / "vault"


@contextmanager
def _only_one_builder(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(go: str, target: Path) -> None:
    print(
        f"Building a Vault server from Go modules with {go}: five to ten minutes and about 3 GB of Go caches the first "
        f"time, never again after that. It goes to {target}.",
        file=sys.stderr,
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "vault"
        command = [go, "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", str(made), "."]
        done = subprocess.run(command, cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise NoVaultError(f"Building the Vault server failed; the last of what Go said:\n{done.stdout[-2000:]}")
        made.replace(target)
