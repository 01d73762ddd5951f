# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other Pythons than the one under the tests: with some libraries missing, of other versions, with an older Ansible."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

__all__ = ["environment", "python_of", "without"]


def python_of(version: str) -> Path | None:
    """An interpreter of that version (``3.12``) that works, from PATH or pyenv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = shutil.which(f"python{version}")
    candidates = [Path(found)] if found else []
    candidates += sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    for candidate in candidates:
        # A shim of pyenv may be there without a Python behind it.
        done = subprocess.run([candidate, "-c", "import ssl, sqlite3, venv"], capture_output=True, check=False)
        if done.returncode == 0:
            return candidate
    return None


def without(folder: Path, *libraries: str) -> Path:
    """A virtual environment that sees all libraries of this Python but those whose names begin so; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    # Each of them again, unless it is hidden: a virtual environment cannot hide single libraries of another.
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("ansible", "_virtualenv", "distutils-", *libraries)):
            (site / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def environment(python: Path, *requirements: str) -> Path:
    """A virtual environment of ``python`` with these requirements, made once a machine; its folder of programs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretferry"
    digest = hashlib.sha256("\n".join([str(python), *requirements]).encode()).hexdigest()[:16]
    folder = cache / f"venv-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = folder / "ready"
        if not ready.exists():
            subprocess.run([python, "-m", "venv", "--clear", folder / "venv"], check=True)
            pip: list[str | Path] = [
                folder / "venv" / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            subprocess.run([*pip, *requirements], check=True)
            ready.touch()
    return folder / "venv" / "bin"
