# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The globs that include or exclude paths. Pure."""

from __future__ import annotations

import re
import typing as t

__all__ = ["Selection", "compile_glob"]


def compile_glob(pattern: str) -> re.Pattern[str]:
    """A glob over whole source paths (mount included).

    ``*`` and ``?`` match within one segment, ``**`` matches slashes, too, ``[abc]`` and ``[!abc]`` are classes. A
    pattern that ends with a slash matches everything below. A slash at the beginning is ignored, as in
    ``source.paths``.
    """
    pattern = pattern.lstrip("/")
    if pattern.endswith("/"):
        pattern += "**"
    out, at = [], 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern[at] == "*":
            out.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            out.append("[^/]")
            at += 1
        elif pattern[at] == "[" and (close := pattern.find("]", at + 2)) > 0:
            body = pattern[at + 1 : close].replace("\\", "\\\\")
            out.append(f"[{'^' + body[1:] if body[0] == '!' else body}]")
            at = close + 1
        else:
            out.append(re.escape(pattern[at]))
            at += 1
    return re.compile("".join(out), re.DOTALL)


class Selection:
    """Takes the paths that an include glob matches, or all where there is none, and that no exclude glob matches."""

    def __init__(self, include: t.Sequence[str] = (), exclude: t.Sequence[str] = ()) -> None:
        self._include = [compile_glob(pattern) for pattern in include]
        self._exclude = [compile_glob(pattern) for pattern in exclude]
        self._unused = {
            **{("include", p): glob for p, glob in zip(include, self._include, strict=True)},
            **{("exclude", p): glob for p, glob in zip(exclude, self._exclude, strict=True)},
        }
        # A folder with an exclude glob for everything below it need not be listed.
        self._pruned = [compile_glob(p.rstrip("/").removesuffix("/**")) for p in exclude if p.endswith(("/", "/**"))]

    def takes(self, path: str) -> bool:
        """Whether the secret at ``path`` (``mount/path``) is taken."""
        self._note(path)
        if any(glob.fullmatch(path) for glob in self._exclude):
            return False
        return not self._include or any(glob.fullmatch(path) for glob in self._include)

    def prunes(self, folder: str) -> bool:
        """Whether nothing below ``folder`` (with or without a trailing slash) can be taken."""
        pruned = any(glob.fullmatch(folder.rstrip("/")) for glob in self._pruned)
        if pruned:
            self._note(folder.rstrip("/") + "/")
        return pruned

    def unused(self) -> list[tuple[str, str]]:
        """The globs that matched nothing so far, and may be misspelt: ``include`` or ``exclude``, and the glob."""
        return list(self._unused)

    def _note(self, path: str) -> None:
        for name in [name for name, glob in self._unused.items() if glob.fullmatch(path)]:
            del self._unused[name]
