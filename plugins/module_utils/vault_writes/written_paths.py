# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The paths that were written, deduplicated and in bounded memory. Pure."""

from __future__ import annotations

import typing as t

__all__ = ["WrittenPaths", "is_below", "is_written"]


def is_below(path: str, places: t.Collection[str]) -> bool:
    """Whether a path is one of the places, or in one of them. An empty place is everything.

    :param path: of a secret, or of a folder with a slash at its end; mount included.
    :param places: secrets, or folders and mounts with or without a slash at their ends.
    """
    return any(path == place or path.startswith(_as_folder(place)) for place in places)


def is_written(path: str, written: t.Collection[str]) -> bool:
    """Whether a secret is among what was written, as :meth:`WrittenPaths.take` returns it. Fast where that is a set."""
    return path in written or any(folder in written for folder in _folders_of(path))


_TEMPLATES = ("{", "#jinja2:")


class WrittenPaths:
    """A set of secrets. Beyond its limit it holds folders instead, which have all that was written.

    A name that Ansible could take for a template is never shown: whoever may write a secret could run programs with it.
    Such a secret, too, counts as its folder.

    :param most: how many paths it holds at the most.
    :ivar writes: how many writes there were.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._paths: set[str] = set()
        self._folders: set[str] = set()
        self.writes = 0

    def __len__(self) -> int:
        return len(self._paths) + len(self._folders)

    def add(self, path: str) -> None:
        """Add what was written: a secret, or a folder with a slash at its end; empty for everything."""
        self.writes += 1
        while any(mark in path for mark in _TEMPLATES):
            path = _parent(path)
        if self._is_covered(path):
            return
        if path and not path.endswith("/"):
            self._paths.add(path)
        else:
            self._add_folders({path})
        while len(self) > self._most:
            self._widen()

    def take(self) -> list[str]:
        """The paths so far, in order, and begin anew. An empty path is everything."""
        taken = sorted(self._paths | self._folders)
        self._paths, self._folders, self.writes = set(), set(), 0
        return taken

    def _is_covered(self, path: str) -> bool:
        return bool(self._folders) and any(folder in self._folders for folder in _folders_of(path))

    def _add_folders(self, folders: set[str]) -> None:
        every = self._folders | folders
        self._folders = {one for one in every if not any(above in every for above in _folders_of(one) if above != one)}
        self._paths = {path for path in self._paths if not self._is_covered(path)}

    def _widen(self) -> None:
        """Put the deepest paths into their folders."""
        every = self._paths | self._folders
        deepest = max(map(_depth, every))
        folders = {_parent(path) for path in every if _depth(path) == deepest}
        self._folders = {folder for folder in self._folders if _depth(folder) != deepest}
        self._add_folders(folders)


def _as_folder(place: str) -> str:
    return f"{place.rstrip('/')}/" if place.strip("/") else ""


def _depth(path: str) -> int:
    """How many folders a path is in."""
    return path.rstrip("/").count("/") + 1 if path else 0


def _parent(path: str) -> str:
    return path.rstrip("/").rpartition("/")[0] + "/" if "/" in path.rstrip("/") else ""


def _folders_of(path: str) -> t.Iterator[str]:
    """Each folder that a path is in, and the path itself if it is a folder; everything first."""
    yield ""
    at = path.find("/")
    while at >= 0:
        yield path[: at + 1]
        at = path.find("/", at + 1)
