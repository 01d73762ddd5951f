# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of an item at the target. Pure.

Name = target location + namespace (if any) + mount + path, as the Akeyless Gateway's own migration names them. With
``mount_folders``, a folder that the user chose stands for the mount: Akeyless's HashiCorp Vault Proxy answers a client
that asks for ``<mount>/data/<path>`` with the item ``/<path>``.
"""

from __future__ import annotations

import re
import typing as t

__all__ = ["LEDGERS", "Naming", "below", "is_of_ledger", "join", "restore"]

LEDGERS = ".secretferry"
"""The folder at the target location that holds the ledgers."""

# Preferred first. An account may forbid any of them (its setting "invalid characters").
_ESCAPES = "%~=^_"
# Segments that a server or a tool could resolve: empty, "." and "..". A name never has them.
_DOTS = re.compile(r"(?<![^/])\.{0,2}(?![^/])")
# How such a segment is written, and a segment of a path that looks like it, escaped any number of times.
_WRITTEN_DOTS = re.compile(r"(?<![^/])%(?:25)*(?:2E(?:%(?:25)*2E)?|FF)(?![^/])")
_EMPTY = b"\xff"  # never part of UTF-8


def join(*parts: str) -> str:
    """Join parts of a path with single slashes, with one at the beginning; empty parts are skipped."""
    return "/" + "/".join(part.strip("/") for part in parts if part.strip("/"))


def below(location: str, item: str) -> str:
    """The rest of an item's name, from the slash that follows the target location on."""
    return item.removeprefix(location.rstrip("/"))


def is_of_ledger(location: str, item: str) -> bool:
    """Whether an item is in the folder of the ledgers at the target location, or has its name."""
    return f"{below(location, item)}/".startswith(f"/{LEDGERS}/")


class Naming:
    """Makes the item name for each source path.

    :param target_location: the folder at the target.
    :param namespace: the Vault namespace, or empty.
    :param invalid: characters that the account rejects in names. For each of its UTF-8 bytes, such a character is
        replaced by the escape sign and two hexadecimal digits; so is the escape sign, where it could be taken for the
        beginning of such a sequence. So no two paths have the same name, and :meth:`path` returns the path.
    :param mount_folders: mounts and the folders below the location that stand for them, without outer slashes. Empty:
        each mount stands for itself.

    The segments ``.`` and ``..`` and empty ones, which Vault may hold, are always replaced, by ``%2E``, ``%2E%2E``, and
    ``%FF``.
    """

    def __init__(
        self,
        target_location: str,
        namespace: str = "",
        invalid: str = "",
        mount_folders: t.Mapping[str, str] | None = None,
    ) -> None:
        self.location = join(target_location)
        self._namespace = f"{join(namespace)}/"[1:] if namespace.strip("/") else ""
        # Longest first, so that the first one that matches is the right one.
        pairs = [(f"{mount}/", f"{folder}/" if folder else "") for mount, folder in (mount_folders or {}).items()]
        self._folders = sorted(pairs, key=lambda pair: -len(pair[0]))
        self._mounts = sorted(((folder, mount) for mount, folder in pairs), key=lambda pair: -len(pair[0]))
        self.escape = next((sign for sign in _ESCAPES if sign not in invalid), "%")
        # An account that rejects every escape sign rejects the names; the sign itself is escaped only as a sign is.
        self._invalid = frozenset(invalid) - {"/", self.escape}
        self._ambiguous = re.compile(re.escape(self.escape) + "(?=[0-9A-Fa-f]{2})")

    def item(self, mount: str, path: str, key: str | None = None) -> str:
        """The item for the secret ``path`` of ``mount``; for one key of it where ``key`` is given.

        A slash in a key is always escaped: the name would look like that of another secret's key.
        """
        name = self._below_location(self._escaped(self._name(mount, path)))
        return name if key is None else f"{name}/{self._escaped_key(key)}"

    def folder(self, mount: str, path: str) -> str:
        """The folder for everything below ``path`` (empty, or with one trailing slash) of ``mount``."""
        name = self._name(mount, path)[:-1]
        return self._below_location(self._escaped(name)) if name else self.location

    def path(self, item: str, *, key: bool = False) -> str:
        """The source path, mount included, of the secret that an item's name stands for: the opposite of :meth:`item`.

        :param key: whether it is the name of one key, whose last segment is not part of the path.
        """
        name = below(self.location, item)[1:]
        if key:
            name = name.rpartition("/")[0]
        if self._invalid:
            name = restore(name, self.escape)
        else:
            name = _WRITTEN_DOTS.sub(lambda found: restore(found.group()), name)
        name = name.removeprefix(self._namespace)
        for folder, mount in self._mounts:
            if name.startswith(folder):
                return mount + name.removeprefix(folder)
        return name

    def obstacle(self, full: str, name: str) -> tuple[str, str] | None:
        """Why the secret ``full``, mount included, cannot have the item ``name``; ``None`` where it can.

        A secret whose item another path could have is refused, whether or not there is a secret at that path: so each
        batch of a migration comes to the same end.

        :returns: a reason and a remedy.
        """
        if not self._folders and LEDGERS not in name:
            return None
        if self._folders and not any(full.startswith(known) for known, _folder in self._folders):
            return (
                "mount_folders does not have its mount",
                "Add the mount, with its own path as the folder if the names are to begin with that",
            )
        if is_of_ledger(self.location, name):
            return "its item would be in the folder of the ledgers", "Exclude it, or give its mount another folder"
        if self._folders and self.path(name) != full:
            return (
                f"its item would have the name that {self.path(name)} gets",
                "Give one of the two mounts another folder in mount_folders, or exclude the secret",
            )
        return None

    def changes(self, path: str) -> bool:
        """Whether ``path`` has a character or a segment that must be replaced."""
        return self._escaped(path) != path

    def _name(self, mount: str, path: str) -> str:
        full = f"{mount.strip('/')}/{path}"
        for known, folder in self._folders:
            if full.startswith(known):
                full = folder + full.removeprefix(known)
                break
        return self._namespace + full

    def _below_location(self, name: str) -> str:
        return f"{'' if self.location == '/' else self.location}/{name}"

    def _escaped(self, text: str) -> str:
        if self._invalid:
            text = self._ambiguous.sub(self._escape_of(self.escape), text)
            text = "".join(self._escape_of(c) if c in self._invalid else c for c in text)
        else:
            text = _WRITTEN_DOTS.sub(lambda found: found.group().replace("%", "%25"), text)
        return _DOTS.sub(lambda found: self._escape_of(found.group()), text)

    def _escaped_key(self, key: str) -> str:
        # Slashes are always escaped, so what looks like an escape sequence must be, too: "a/b" is not "a%2Fb".
        key = self._ambiguous.sub(self._escape_of(self.escape), key)
        key = "".join(self._escape_of(c) if c == "/" or c in self._invalid else c for c in key)
        return _DOTS.sub(lambda found: self._escape_of(found.group()), key)

    def _escape_of(self, text: str) -> str:
        written = text.encode("utf-8", "surrogatepass") or _EMPTY
        return "".join(f"{self.escape}{byte:02X}" for byte in written)


def restore(name: str, escape: str = "%") -> str:
    """The text that was escaped. Only for keys, and for names that were made with a set of invalid characters."""
    return re.sub(f"(?:{re.escape(escape)}[0-9A-F]{{2}})+", lambda found: _decoded(found.group(), escape), name)


def _decoded(written: str, escape: str) -> str:
    try:
        return bytes.fromhex(written.replace(escape, "")).replace(_EMPTY, b"").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return written  # part of an item's name that no migration gave
