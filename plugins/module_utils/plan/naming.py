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


def join(*parts: str) -> str:
    """Join parts of a path with single slashes, with one at the beginning; empty parts are skipped."""
    return "/" + "/".join(part.strip("/") for part in parts if part.strip("/"))


class Naming:
    """Makes the item name for each source path.

    :param target_location: the folder at the target.
    :param namespace: the Vault namespace, or empty.
    :param invalid: characters that the account rejects in names. For each of its UTF-8 bytes, such a character is
        replaced by the escape sign and two hexadecimal digits; so is the escape sign, where it could be taken for the
        beginning of such a sequence. So no two paths have the same name, and :func:`restore` returns the path.
    """

    def __init__(self, target_location: str, namespace: str = "", invalid: str = "") -> None:
        self.location = join(target_location)
        self._namespace = namespace
        self._invalid = frozenset(invalid) - {"/"}
        self.escape = next((sign for sign in _ESCAPES if sign not in self._invalid), "%")
        self._ambiguous = re.compile(re.escape(self.escape) + "(?=[0-9A-Fa-f]{2})")

    def item(self, mount: str, path: str, key: str | None = None) -> str:
        """The item for the secret ``path`` of ``mount``; for one key of it where ``key`` is given.

        A slash in a key is always escaped: the name would look like that of another secret's key.
        """
        name = self._escaped(join(self._namespace, mount) + "/" + path)
        if key is not None:
            name += "/" + self._escaped_key(key)
        return ("" if self.location == "/" else self.location) + name

    def path(self, item: str, *, key: bool = False) -> str:
        """The source path, mount included, of the secret that an item's name stands for: the opposite of :meth:`item`.

        :param key: whether it is the name of one key, whose last segment is not part of the path.
        """
        name = item.removeprefix(self.location + "/").removeprefix(self._escaped(self._namespace) + "/")
        if key:
            name = name.rpartition("/")[0]
        return restore(name, self.escape) if self._invalid else name

    def changes(self, path: str) -> bool:
        """Whether ``path`` has a character that must be replaced."""
        return bool(self._invalid) and self._escaped(path) != path

    def _escaped(self, text: str) -> str:
        if not self._invalid:
            return text
        text = self._ambiguous.sub(self._escape_of(self.escape), text)
        return "".join(self._escape_of(c) if c in self._invalid else c for c in text)

    def _escaped_key(self, key: str) -> str:
        # Slashes are always escaped, so what looks like an escape sequence must be, too: "a/b" is not "a%2Fb".
        key = self._ambiguous.sub(self._escape_of(self.escape), key)
        return "".join(self._escape_of(c) if c == "/" or c in self._invalid else c for c in key)

    def _escape_of(self, character: str) -> str:
        return "".join(f"{self.escape}{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def restore(name: str, escape: str = "%") -> str:
    """The text that was escaped. Only for names that were made with a set of invalid characters."""
    parts = re.split(f"((?:{re.escape(escape)}[0-9A-F]{{2}})+)", name)
    return "".join(
        bytes.fromhex(part.replace(escape, "")).decode("utf-8", "surrogatepass") if i % 2 else part
        for i, part in enumerate(parts)
    )
