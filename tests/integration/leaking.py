# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the canary tests need: an account full of canaries, and a watch over the places where one could show up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ferrydev.canaries import QUOTED_FORMS, Hit, canary, scan
from ferrydev.tampering import Change
from ferrydev.vault import Vault

__all__ = ["ISSUED", "Credentials", "Watch", "echo", "leaks"]

ISSUED = re.compile(r"\bhv[sb]\.[A-Za-z0-9_-]{20,}|\b[tu]-[0-9a-f]{48}\b")
"""A token that a server issued. Those of logins are not canaries, but look like nothing else."""
_ECHOES: tuple[t.Callable[[str], str], ...] = (*QUOTED_FORMS, lambda value: value.replace("-", "-\\"))


@dataclass(frozen=True)
class Credentials:
    """Every credential that a test can choose, chosen to be a canary."""

    vault_token: str = field(default_factory=canary)
    secret_id: str = field(default_factory=canary)
    password: str = field(default_factory=canary)
    access_key: str = field(default_factory=canary)
    uid_token: str = field(default_factory=canary)
    admin_password: str = field(default_factory=canary)

    def all(self) -> list[str]:
        return list(vars(self).values())

    def emulator(self) -> dict[str, t.Any]:
        """The emulator's configuration."""
        uid = {"access_id": "p-uid", "uid_tokens": [self.uid_token], "admin": True}
        mail = {"access_id": "p-mail", "email": "a@example.com", "password": self.admin_password, "admin": True}
        return {"admin": {"access_id": "p-canary", "access_key": self.access_key}, "identities": [uid, mail]}

    def enrol(self, vault: Vault, mount: str) -> str:
        """Let them log in to Vault and read ``mount``; returns the role id."""
        vault.write_policy("canaries", f'path "{mount}/*" {{ capabilities = ["read", "list"] }}')
        vault.token(["canaries"], id=self.vault_token)
        login = vault.approle("canaries", ["canaries", "default"])
        body = {"secret_id": self.secret_id}
        vault.request("POST", "auth/approle/role/canaries/custom-secret-id", json=body)
        vault.userpass("canary", self.password, ["canaries", "default"])
        return login.role_id


class Watch:
    """Looks at every process's arguments while it is open, and at what is new in the folder for temporary files."""

    def __init__(self) -> None:
        self._temporary = Path(tempfile.gettempdir())
        self._before = set(os.listdir(self._temporary))
        self._arguments: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def arguments(self) -> bytes:
        """The arguments of all processes seen."""
        return b"\n".join(sorted(self._arguments))

    def new_files(self) -> list[Path]:
        """Readable files in what came to the folder for temporary files meanwhile."""
        new = [self._temporary / name for name in os.listdir(self._temporary) if name not in self._before]
        # os.walk, because what others put there may vanish while we look.
        files = [place for place in new if place.is_file()]
        files += [Path(folder, name) for place in new for folder, _, names in os.walk(place) for name in names]
        return [file for file in files if file.is_file() and os.access(file, os.R_OK)]

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    self._arguments.add((process / "cmdline").read_bytes())
                except OSError:  # it has ended
                    continue


def leaks(where: t.Iterable[Path | str | bytes], mine: t.Collection[str] | None = None) -> list[Hit]:
    """Where a canary shows, in any disguise.

    :param mine: for places that others write to as well: only these canaries, plain, and files may vanish meanwhile.
    """
    if mine is None:
        return scan(where)
    hits: list[Hit] = []
    for place in where:
        with contextlib.suppress(OSError):
            hits += scan([place])
    return [hit for hit in hits if hit.beginning and any(value.startswith(hit.beginning) for value in mine)]


def echo(*more: str) -> Change:
    """Akeyless rejects each secret, and its answer tells the value and the token, and ``more``, in many disguises."""

    def change(status: int, answer: bytes, asked: bytes) -> tuple[int, bytes]:
        body = json.loads(asked)
        if "/.secretferry/" in body["name"]:
            return status, answer
        told = [form(part) for form in _ECHOES for part in (body["value"], *more, body["token"])]
        return 400, json.dumps({"error": f"cannot store this: {' '.join(told)} in {body['name']}"}).encode()

    return change
