# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collections awx.awx and ansible.posix, from the package ``ansible`` on PyPI: kept in the cache, never installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

__all__ = ["awx_collection", "bundled_collections"]

_PACKAGE = "ansible==12.3.0"  # has awx.awx 24.6.1 and ansible.posix 2.1.0
_FOLDERS = ("ansible_collections/awx/awx/", "ansible_collections/ansible/posix/")


def awx_collection() -> Path:
    """The folder of awx.awx. The first call downloads 54 MB.

    :raises subprocess.CalledProcessError: pip cannot download it.
    """
    return bundled_collections() / _FOLDERS[0]


def bundled_collections() -> Path:
    """A folder for ``ANSIBLE_COLLECTIONS_PATH`` with both. The first call downloads 54 MB.

    :raises subprocess.CalledProcessError: pip cannot download it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretferry"
    place = cache / f"{_PACKAGE.replace('==', '-')}-awx-posix"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            folder = Path(made)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--no-deps", "--dest", made, _PACKAGE], check=True)
            with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
                wheel.extractall(folder / "ready", [name for name in wheel.namelist() if name.startswith(_FOLDERS)])
            try:
                (folder / "ready").rename(place)
            except OSError:
                if not place.exists():  # another process was faster
                    raise
    return place
