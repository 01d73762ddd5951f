# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the secrets of a migration: mounts, roots, and a walk of the folders with bounded concurrency."""

from __future__ import annotations

import asyncio
import typing as t
from dataclasses import dataclass, field

from ..common.workers import run_workers
from ..errors import ApiError, NotFound, OptionError, PermissionDenied, SecretferryError
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..vault.kv import KvReader, Mount

__all__ = ["Discovery", "Root", "correction", "discover", "find", "find_roots", "nothing_found"]


@dataclass(frozen=True)
class Root:
    """Where a walk begins: a folder of a mount (empty or with a trailing slash), or one secret.

    :ivar is_named: whether the user named it; otherwise it was found by listing mounts.
    """

    mount: Mount
    path: str
    is_named: bool = True

    @property
    def is_folder(self) -> bool:
        """Whether it stands for everything below it."""
        return not self.path or self.path.endswith("/")

    @property
    def full(self) -> str:
        """Mount and path."""
        return self.mount.path + self.path


@dataclass
class Discovery:
    """What a walk found beside secrets, for each of which ``found`` was called.

    :ivar unreadable: path and reason of folders that may not be listed.
    :ivar empty: roots in which there is nothing to list.
    :ivar excluded: how many secrets the globs leave out.
    :ivar outside: how many secrets are outside the run's scope.
    :ivar failed: path, reason and remedy of folders that could not be listed for another reason.
    """

    roots: list[Root] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    empty: list[Root] = field(default_factory=list)
    excluded: int = 0
    outside: int = 0
    failed: list[tuple[str, str, str]] = field(default_factory=list)


async def discover(
    reader: KvReader,
    paths: t.Sequence[str],
    selection: Selection,
    found: t.Callable[[Mount, str], None],
    *,
    concurrency: int,
) -> Discovery:
    """Walk ``paths`` (all KV mounts where it is empty), and call ``found`` for each secret.

    A path that ends in a slash is a folder with everything below it; without, it is one secret, which need not be
    listed. A folder that may not be listed is recorded, and does not stop the others.

    :raises OptionError: a path lies in no KV mount.
    """
    result = Discovery()
    result.roots = await find_roots(reader, paths)
    # Last in, first out: the walk goes deep first, so that few folders are in the queue.
    stack: list[tuple[Root, str]] = []
    for root in reversed(result.roots):
        if root.is_folder:
            stack.append((root, root.path))
        else:
            found(root.mount, root.path)
    busy = 0
    changed = asyncio.Event()

    async def walk() -> None:
        nonlocal busy
        while stack or busy:
            if not stack:
                changed.clear()
                await changed.wait()
                continue
            root, folder = stack.pop()
            busy += 1
            try:
                await _folder(reader, root, folder, selection, stack, found, result)
            finally:
                busy -= 1
                changed.set()

    await run_workers(walk, count=concurrency)
    result.unreadable.sort()
    return result


async def find_roots(reader: KvReader, paths: t.Sequence[str]) -> list[Root]:
    """Where a walk of ``paths`` begins; where it is empty, at all KV mounts that the login may see.

    :raises OptionError: a path lies in no KV mount.
    """
    if paths:
        return [await _root(reader, path) for path in dict.fromkeys(paths)]
    return [Root(mount, "", is_named=False) for mount in await reader.mounts()]


def nothing_found(seen: Discovery) -> SecretferryError:
    """Why a walk has found no secret. A wrong mount lists nothing, and that must not look like success."""
    if seen.failed:
        return ApiError(seen.failed[0][1], seen.failed[0][2])
    if seen.unreadable:
        return PermissionDenied(
            f"no secret can be listed: {seen.unreadable[0][0]} {seen.unreadable[0][1]}",
            "Grant list on these paths, or name the secrets one by one in source.paths",
        )
    if seen.excluded:
        return NotFound(
            f"include and exclude leave none of {seen.excluded} secrets", "Globs match whole paths, mount included"
        )
    roots = ", ".join(root.full for root in seen.roots[:5]) or "no KV mount that the token may see"
    remedy = "Check source.paths, the mount's spelling, the namespace and kv_version"
    return NotFound(
        f"there is no secret in {roots}",
        next((words for root in seen.roots if (words := _without_area(root.mount, root.path))), remedy),
    )


def correction(mount: Mount, path: str) -> str:
    """What to do about a path of ``source.paths``, without its mount, at which there is nothing."""
    if words := _without_area(mount, path):
        return words
    if not path or path.endswith("/"):
        return "Check the path's spelling, the mount and the namespace"
    return "Name folders with a slash at the end, and secrets without"


def _without_area(mount: Mount, path: str) -> str:
    area, slash, rest = path.partition("/")
    if mount.version == 1 or not slash or area not in ("data", "metadata"):
        return ""
    return f"Give {mount.path}{rest} in source.paths: {area}/ belongs to the API of KV version 2, not to the path"


async def _root(reader: KvReader, path: str) -> Root:
    mount = await reader.mount_of(path)
    inside = path.lstrip("/")
    if inside.rstrip("/") == mount.path.rstrip("/"):
        return Root(mount, "")
    if not inside.startswith(mount.path):
        raise OptionError("source.paths", f"{path} does not lie in the mount {mount.path}", "Check its spelling")
    return Root(mount, inside.removeprefix(mount.path))


async def _folder(
    reader: KvReader,
    root: Root,
    folder: str,
    selection: Selection,
    stack: list[tuple[Root, str]],
    found: t.Callable[[Mount, str], None],
    result: Discovery,
) -> None:
    mount = root.mount
    try:
        names = await reader.list(mount, folder)
    except PermissionDenied:
        result.unreadable.append((mount.path + folder, "may not be listed"))
        return
    except NotFound:
        # Below the root, the folder was removed meanwhile. The root itself is a wrong path or an empty mount.
        if folder == root.path:
            result.empty.append(root)
        return
    except ApiError as error:
        result.failed.append((mount.path + folder, error.message, error.remedy))
        return
    for name in sorted(names, reverse=True):
        full = mount.path + folder + name
        if name.endswith("/"):
            if selection.prunes(full):
                continue
            if full == f"{mount.path}/":  # its listing would be the one of the mount
                reason = f"{full}: Vault does not list secrets whose path in the mount begins with a slash"
                result.failed.append((full, reason, "Move them to a path without empty segments, or exclude this one"))
            else:
                stack.append((root, folder + name))
        elif selection.takes(full):
            found(mount, folder + name)
        else:
            result.excluded += 1


async def find(
    reader: KvReader,
    paths: t.Sequence[str],
    selection: Selection,
    scope: Scope,
    found: t.Callable[[Mount, str], None],
    *,
    concurrency: int,
) -> Discovery:
    """Like :func:`discover`, for what is in scope only.

    Where the scope names its paths, nothing is listed: ``found`` is called for each of them, also for one that was
    removed at the source, and the roots of the result are these secrets.

    :raises OptionError: a path lies in no KV mount, or the scope names one that the migration does not take.
    """
    if scope.paths is not None:
        return await _named(reader, paths, selection, scope.paths, found)
    outside = 0

    def inside(mount: Mount, secret: str) -> None:
        nonlocal outside
        if scope.takes(mount.path + secret):
            found(mount, secret)
        else:
            outside += 1

    seen = await discover(reader, paths, selection, inside, concurrency=concurrency)
    seen.outside = outside
    return seen


async def _named(
    reader: KvReader,
    paths: t.Sequence[str],
    selection: Selection,
    wanted: t.Collection[str],
    found: t.Callable[[Mount, str], None],
) -> Discovery:
    roots = await find_roots(reader, paths)
    alone = {root.full: root for root in roots if not root.is_folder}
    folders = [root for root in roots if root.is_folder]
    result = Discovery()
    for path in sorted(wanted):
        root = alone.get(path) or next((root for root in folders if path.startswith(root.full)), None)
        if root is None:
            raise OptionError(
                "scope.paths",
                f"{path} does not lie in source.paths of this migration",
                "Remove it from the scope, or add it to source.paths",
            )
        if root.is_folder and not selection.takes(path):
            raise OptionError(
                "scope.paths",
                f"{path} is left out by source.include and source.exclude of this migration",
                "Remove it from the scope, or change the globs",
            )
        secret = path.removeprefix(root.mount.path)
        result.roots.append(Root(root.mount, secret))
        found(root.mount, secret)
    return result
