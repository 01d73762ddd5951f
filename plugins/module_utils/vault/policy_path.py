# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths of KV mounts as a Vault policy writes them, and what globs of paths become there. Pure.

Facts of Vault's ACL policies (developer.hashicorp.com/vault/docs/concepts/policies): ``*`` means something only as the
last character, where it stands for anything, slashes included; a segment ``+`` stands for any one segment; ``{{``
begins a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate

__all__ = ["Area", "Inexpressible", "PolicyPath", "literal", "path_of_glob"]

_WILD = re.compile(r"[*?]|\[.")


@dataclass(frozen=True)
class Area:
    """A folder or a secret of a KV mount that migrates.

    :param mount: with a trailing slash.
    :param version: of the KV engine, 1 or 2.
    :param path: in the mount; a folder with everything below it is empty or ends in a slash, a secret does not.
    """

    mount: str
    version: int
    path: str

    @property
    def full(self) -> str:
        """Mount and path."""
        return self.mount + self.path

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, with everything below it."""
        return not self.path or self.path.endswith("/")


class Inexpressible(Exception):
    """No policy can express this; the text says why."""


@dataclass(frozen=True)
class PolicyPath:
    """A path in a mount. A segment ``None`` stands for any one segment.

    :ivar open: every path that begins so is meant, slashes included.
    """

    segments: tuple[str | None, ...]
    open: bool = False

    def text(self, prefix: str) -> str:
        """The path in the notation of policies, below ``prefix``.

        :raises Inexpressible: it would mean something else there.
        """
        last = self.segments[-1]
        if any(segment == "+" for segment in self.segments):
            raise Inexpressible("a segment '+' stands for any segment in a Vault policy, and cannot be escaped")
        if not self.open and last is not None and last.endswith("*"):
            raise Inexpressible("a '*' at the end stands for anything in a Vault policy, and cannot be escaped")
        text = prefix + "/".join("+" if segment is None else segment for segment in self.segments)
        text += "*" if self.open else ""
        if "{{" in text or "}}" in text:
            raise Inexpressible("'{{' and '}}' begin and end a template in a Vault policy, and cannot be escaped")
        if text.endswith("+*"):
            raise Inexpressible("'+*' is forbidden in a Vault policy")
        return text

    def example(self, prefix: str) -> str:
        """A path that it matches, and that no secret has."""
        unused = "secretferry~unused"
        path = prefix + "/".join(unused if segment is None else segment for segment in self.segments)
        return path + unused if self.open else path


def literal(path: str) -> PolicyPath:
    """The path itself; one that ends in a slash stands for everything below it."""
    segments = tuple(path.split("/"))
    return PolicyPath(segments, open=segments[-1] == "")


def path_of_glob(area: Area, glob: str) -> PolicyPath | None:
    """The paths of a folder that a glob over whole paths matches. ``None``: it matches none.

    :raises Inexpressible: no policy can express them.
    """
    rest = _segments(glob)
    root = area.full.rstrip("/").split("/")
    for number, name in enumerate(root):
        if not rest:
            return None
        head = rest[0]
        if head == "**":
            if len(rest) == 1:
                return literal(area.path)  # everything below
            raise Inexpressible("'**' is possible only at the end")
        if not _matches(head, name):
            return None
        if head.endswith("**") and len(rest) == 1:
            return literal(area.path)
        rest = rest[1:]
        if not rest and number == len(root) - 1:
            return None  # the folder's name, not what is in it
    inside = tuple(area.path.rstrip("/").split("/")) if area.path else ()
    return _translated(inside, rest)


def _translated(inside: tuple[str, ...], rest: list[str]) -> PolicyPath:
    segments: list[str | None] = list(inside)
    for number, segment in enumerate(rest):
        last = number == len(rest) - 1
        if segment == "*":
            segments.append(None)
        elif segment.endswith("**") and last and not _WILD.search(segment[:-2]):
            return PolicyPath((*segments, segment[:-2]), open=True)
        elif "**" in segment:
            raise Inexpressible("'**' is possible only at the end")
        elif _WILD.search(segment):
            raise Inexpressible("wildcards within a segment are not possible, but for '**' at the end")
        else:
            segments.append(segment)
    return PolicyPath(tuple(segments))


def _segments(glob: str) -> list[str]:
    glob = glob.lstrip("/")
    return (glob + "**" if glob.endswith("/") else glob).split("/")


def _matches(segment: str, name: str) -> bool:
    """Whether a segment of a glob matches this name."""
    if not _WILD.search(segment):
        return segment == name
    if segment == "*":
        return True
    return bool(re.fullmatch(translate(segment.replace("**", "*")), name))
