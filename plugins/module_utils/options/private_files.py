# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who else may read or change a file that holds a credential. The rule is in docs/migrating.md."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import OptionError

__all__ = ["check_private", "take_file_warnings"]

_warnings: dict[str, None] = {}


def check_private(path: str, option: str) -> None:
    """Check a file that is about to be read; what is only unwise becomes a warning.

    :raises OptionError: every user may change it, so the credential in it may be another user's.
    """
    file = Path(path).expanduser()
    try:
        state = file.stat()
    except OSError:
        return  # reading it tells why
    if not stat.S_ISREG(state.st_mode):
        return  # a pipe or a terminal
    mode = stat.S_IMODE(state.st_mode)
    if mode & stat.S_IWOTH:
        raise OptionError(
            option,
            f"every user may change the file {file} (mode {mode:04o})",
            f"Make sure that the credential in it is yours, then run chmod 600 {file}",
        )
    # As ssh does: only the owner can be asked to change the mode. Kubernetes mounts secrets with mode 0644, into folders
    # whose names begin with two dots.
    mounted = any(part.startswith("..") for part in Path(os.path.realpath(file)).parts)
    if mode & 0o077 and state.st_uid == os.geteuid() and not mounted:
        what = "change" if mode & stat.S_IWGRP else "read"
        _warnings[
            f"{option}: other users may {what} the file {file} (mode {mode:04o}): run chmod 600 {file}"
        ] = None


def take_file_warnings() -> list[str]:
    """The warnings since the last call, each once."""
    found = [*_warnings]
    _warnings.clear()
    return found
