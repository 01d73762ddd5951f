# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives the artifact the same bytes whenever it is built from the same files.

``ansible-galaxy collection build`` lists files in the order of the folder on the disk, and writes the time into the
archive. So anybody can compare a published artifact only with one that was packed again: sorted, and without times.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import typing as t
from pathlib import Path

_BUILT = 315_532_800  # the first second of 1980 UTC, in seconds since 1970; some programs do not accept earlier times
_MANIFEST, _FILES = "MANIFEST.json", "FILES.json"


def pack_again(archive: Path) -> None:
    """Replace a collection's artifact by one with the same files, in the order of their names and without times."""
    members: dict[str, tuple[tarfile.TarInfo, bytes]] = {}
    with tarfile.open(archive) as built:
        for info in built:
            file = built.extractfile(info)
            members[info.name.rstrip("/")] = (info, file.read() if file else b"")
    _sort_the_list(members)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        # ansible-galaxy puts these two first, so that Galaxy finds them soon.
        for name in [_MANIFEST, _FILES, *sorted(members.keys() - {_MANIFEST, _FILES})]:
            info, content = members[name]
            info.mtime, info.size, info.pax_headers = _BUILT, len(content), {}
            tar.addfile(info, io.BytesIO(content))
    with archive.open("wb") as out, gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=_BUILT) as zipped:
        zipped.write(packed.getvalue())


def _sort_the_list(members: dict[str, tuple[tarfile.TarInfo, bytes]]) -> None:
    """Sort the list of files, and put its new checksum where the manifest has it."""
    files = _load(members, _FILES)
    files["files"].sort(key=lambda entry: entry["name"])
    listed = _dump(files)
    manifest = _load(members, _MANIFEST)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    members[_FILES] = (members[_FILES][0], listed)
    members[_MANIFEST] = (members[_MANIFEST][0], _dump(manifest))


def _load(members: dict[str, tuple[tarfile.TarInfo, bytes]], name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(members[name][1]))


def _dump(content: dict[str, t.Any]) -> bytes:
    return json.dumps(content, indent=True).encode()
