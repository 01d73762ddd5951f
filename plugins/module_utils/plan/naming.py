# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The name of an item at the target. Pure.

Name = target location + namespace (if any) + mount + path, as the Akeyless Gateway's own migration names them.
"""

from __future__ import annotations

import re

__all__ = ["Naming", "join", "restore"]

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


class Naming:
    """Makes the item name for each source path.

    :param target_location: the folder at the target.
    :param namespace: the Vault namespace, or empty.
    :param invalid: characters that the account rejects in names. For each of its UTF-8 bytes, such a character is
        replaced by the escape sign and two hexadecimal digits; so is the escape sign, where it could be taken for the
        beginning of such a sequence. So no two paths have the same name, and :meth:`path` returns the path.

    The segments ``.`` and ``..`` and empty ones, which Vault may hold, are always replaced, by ``%2E``, ``%2E%2E``, and
    ``%FF``.
    """

    def __init__(self, target_location: str, namespace: str = "", invalid: str = "") -> None:
        self.location = join(target_location)
        self._namespace = namespace
        self.escape = next((sign for sign in _ESCAPES if sign not in invalid), "%")
        # An account that rejects every escape sign rejects the names; the sign itself is escaped only as a sign is.
        self._invalid = frozenset(invalid) - {"/", self.escape}
        self._ambiguous = re.compile(re.escape(self.escape) + "(?=[0-9A-Fa-f]{2})")

    def item(self, mount: str, path: str, key: str | None = None) -> str:
        """The item for the secret ``path`` of ``mount``; for one key of it where ``key`` is given.

        A slash in a key is always escaped: the name would look like that of another secret's key.
        """
        name = f"{join(self._namespace, mount)}/{path}"[1:]
        name = self._below_location(self._escaped(name))
        return name if key is None else f"{name}/{self._escaped_key(key)}"

    def folder(self, mount: str, path: str) -> str:
        """The folder for everything below ``path`` (empty, or with one trailing slash) of ``mount``."""
        return self._below_location(self._escaped(f"{join(self._namespace, mount)}/{path}"[1:-1]))

    def path(self, item: str, *, key: bool = False) -> str:
        """The source path, mount included, of the secret that an item's name stands for: the opposite of :meth:`item`.

        :param key: whether it is the name of one key, whose last segment is not part of the path.
        """
        name = item.removeprefix(self.location + "/")
        if key:
            name = name.rpartition("/")[0]
        if self._invalid:
            name = restore(name, self.escape)
        else:
            name = _WRITTEN_DOTS.sub(lambda found: restore(found.group()), name)
        return name.removeprefix(f"{join(self._namespace)}/"[1:])

    def changes(self, path: str) -> bool:
        """Whether ``path`` has a character or a segment that must be replaced."""
        return self._escaped(path) != path

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
