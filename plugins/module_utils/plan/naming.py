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
    """Join path parts with single slashes and a leading one; empty parts vanish."""
    return "/" + "/".join(part.strip("/") for part in parts if part.strip("/"))


class Naming:
    """Gives each source path its item name.

    :param target_location: the folder at the target.
    :param namespace: the Vault namespace, or empty.
    :param invalid: characters that the account refuses in names. Each becomes an escape sign and the two hexadecimal
        digits of each of its UTF-8 bytes; so does the escape sign where it would otherwise read as such a sequence.
        So two paths never meet in one name, and :func:`restore` gives the path back.
    """

    def __init__(self, target_location: str, namespace: str = "", invalid: str = "") -> None:
        self.location = join(target_location)
        self._namespace = namespace
        self._invalid = frozenset(invalid) - {"/"}
        self.escape = next((sign for sign in _ESCAPES if sign not in self._invalid), "%")
        self._doubtful = re.compile(re.escape(self.escape) + "(?=[0-9A-Fa-f]{2})")

    def item(self, mount: str, path: str, key: str | None = None) -> str:
        """The item for the secret ``path`` of ``mount``; for one key of it where ``key`` is given.

        A slash in a key is escaped always: it would look like a folder of another secret.
        """
        name = self._escaped(join(self._namespace, mount) + "/" + path)
        if key is not None:
            name += "/" + self._escaped_key(key)
        return ("" if self.location == "/" else self.location) + name

    def path(self, item: str, *, key: bool = False) -> str:
        """The source path, mount included, of the secret that an item's name stands for: the opposite of :meth:`item`.

        :param key: the name is that of one key; a slash at its end and what follows is not of the path.
        """
        name = item.removeprefix(self.location + "/").removeprefix(self._escaped(self._namespace) + "/")
        if key:
            name = name.rpartition("/")[0]
        return restore(name, self.escape) if self._invalid else name

    def changes(self, path: str) -> bool:
        """Whether ``path`` holds a character that must be replaced."""
        return bool(self._invalid) and self._escaped(path) != path

    def _escaped(self, text: str) -> str:
        if not self._invalid:
            return text
        text = self._doubtful.sub(self._coded(self.escape), text)
        return "".join(self._coded(c) if c in self._invalid else c for c in text)

    def _escaped_key(self, key: str) -> str:
        # Slashes are always coded, so what already looks like a code must always be, too: "a/b" is not "a%2Fb".
        key = self._doubtful.sub(self._coded(self.escape), key)
        return "".join(self._coded(c) if c == "/" or c in self._invalid else c for c in key)

    def _coded(self, character: str) -> str:
        return "".join(f"{self.escape}{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def restore(name: str, escape: str = "%") -> str:
    """The text that an escaped name stands for. Only for names made with a set of invalid characters."""
    parts = re.split(f"((?:{re.escape(escape)}[0-9A-F]{{2}})+)", name)
    return "".join(
        bytes.fromhex(part.replace(escape, "")).decode("utf-8", "surrogatepass") if i % 2 else part
        for i, part in enumerate(parts)
    )
