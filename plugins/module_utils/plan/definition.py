# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of a migration: its options, as they are stored in the ledger. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field

from ..errors import OptionError
from .metadata import MODES
from .model import CONFLICTS
from .naming import LEDGERS, join
from .selection import compile_glob

__all__ = ["LAYOUTS", "Definition", "check_identity", "check_root", "merge", "tag_of"]

LAYOUTS = ("json", "keys")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Definition:
    """The options of a migration, with the values that a new one has where they are omitted.

    :ivar versions: ``all``, ``current``, or a number as text.
    :ivar invalid_characters: ``None``: those that the account rejects.
    :ivar protection_key: ``None``: the account's default one.
    :ivar mount_folders: mount to the folder that stands for it; empty: each mount stands for itself.
    """

    name: str
    target_location: str
    source_url: str = ""
    namespace: str = ""
    kv_version: str = "auto"
    paths: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    metadata_mode: str = "full"
    versions: str = "all"
    layout: str = "json"
    conflict: str = "fail"
    unreadable_paths: str = "warn"
    concurrency: int = 32
    value_limit: int = 16384
    invalid_characters: str | None = None
    protection_key: str | None = None
    mount_folders: t.Mapping[str, str] = field(default_factory=dict)

    def stored(self) -> dict[str, t.Any]:
        """The options as a JSON object, for the ledger. None is a credential."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def tag_of(name: str) -> str:
    """The tag of every item of the migration."""
    return f"secretferry:{name}"


def check_identity(name: str, target_location: str) -> None:
    """:raises OptionError: they cannot name a migration."""
    if not _NAME.fullmatch(name):
        raise OptionError(
            "name", f"{name!r} cannot name a migration", "Use up to 64 letters, digits, dots, dashes and underscores"
        )
    if not target_location.strip():
        raise OptionError("target_location", "is empty", "Give a folder, such as /migrated/payments, or / for the root")
    _check_folder("target_location", join(target_location)[1:], "/migrated/payments")


def check_root(definition: Definition) -> None:
    """Only names that somebody has thought about may begin at the root: a forgotten variable gives it, too.

    :raises OptionError: the target location is the root, and nothing says what stands for each mount.
    """
    if definition.target_location == "/" and not definition.mount_folders:
        raise OptionError(
            "target_location",
            "must be a folder, not the root, unless mount_folders is set",
            "Give a folder, such as /migrated/payments, or say in mount_folders what stands for each mount",
        )


def _check_folder(option: str, folder: str, example: str) -> None:
    for segment in folder.split("/") if folder else ():
        if segment.strip() in ("", ".", "..", LEDGERS) or not segment.isprintable():
            raise OptionError(
                option,
                f"{segment!r} cannot be a folder of it",
                f"Give folder names between single slashes, such as {example}",
            )


def merge(given: t.Mapping[str, t.Any], stored: t.Mapping[str, t.Any] | None) -> Definition:
    """The definition from the options of this run and the stored ones: an omitted option keeps its stored value.

    :param given: options; ``None`` where omitted.
    :raises OptionError: an option is malformed, or must not change after secrets have been migrated.
    """
    known = Definition.__dataclass_fields__
    values: dict[str, t.Any] = {k: v for k, v in (stored or {}).items() if k in known}
    values.update({k: v for k, v in given.items() if k in known and v is not None})
    values["target_location"] = join(values["target_location"])
    for key in ("paths", "include", "exclude"):
        values[key] = tuple(values.get(key) or ())
    values["mount_folders"] = _plain_folders(values.get("mount_folders") or {})
    result = Definition(**values)
    _check(result)
    if stored:
        _check_mount_folders_stay(stored.get("mount_folders") or {}, result.mount_folders)
    if stored and stored.get("layout", result.layout) != result.layout:
        raise OptionError(
            "layout",
            f"is {stored['layout']} for this migration and cannot become {result.layout}",
            "Use another name, or forget this migration with state: absent first",
        )
    return result


def _plain_folders(given: t.Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Without outer slashes."""
    for mount, folder in given.items():
        if not isinstance(folder, (str, int)) or isinstance(folder, bool):
            raise OptionError(
                f"mount_folders.{mount}", "is not the name of a folder", 'Write "" to leave the mount out of the names'
            )
    return {str(mount).strip("/"): str(folder).strip("/") for mount, folder in given.items()}


def _check_mount_folders_stay(before: t.Mapping[str, str], now: t.Mapping[str, str]) -> None:
    """Mounts may be added, as long as no name that an item has or could have stands for another secret then."""
    if before == now:
        return
    reason = f"is {dict(before) or 'not set'} for this migration and cannot become {dict(now) or 'empty'}"
    if before and before.items() <= now.items():
        overlapping = [
            mount
            for mount, folder in now.items()
            if mount not in before and any(_overlap(folder, other) for other in before.values())
        ]
        if not overlapping:
            return
        reason = f"cannot get {overlapping[0]} now: its folder is inside one of those of before, or holds one"
    raise OptionError(
        "mount_folders", reason, "Use another name, or roll this migration back and run it with state: absent first"
    )


def _overlap(one: str, other: str) -> bool:
    return "" in (one, other) or f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _check_mount_folders(folders: t.Mapping[str, str]) -> None:
    option = "mount_folders"
    mounts: dict[str, str] = {}
    for mount, folder in folders.items():
        if not mount or "//" in mount:
            raise OptionError(option, f"{mount!r} names no mount", "Give each mount's path in Vault, such as secret")
        _check_folder(f"{option}.{mount}", folder, "team/kv, or an empty text to leave the mount out")
        if folder in mounts:
            raise OptionError(
                option,
                f"gives {mounts[folder]} and {mount} the same folder",
                "Give each mount its own folder, or migrate them under two names",
            )
        mounts[folder] = mount


def _check(definition: Definition) -> None:
    for option, choices in (
        ("metadata_mode", MODES),
        ("layout", LAYOUTS),
        ("conflict", CONFLICTS),
        ("unreadable_paths", ("warn", "fail")),
    ):
        if getattr(definition, option) not in choices:
            raise OptionError(option, f"{getattr(definition, option)!r} is not one of {', '.join(choices)}")
    if definition.versions not in ("all", "current") and not re.fullmatch(r"[1-9]\d{0,5}", definition.versions):
        raise OptionError("versions", f"{definition.versions!r} is not all, current, or a number of 1 or more")
    if definition.kv_version not in ("auto", "1", "2"):
        raise OptionError("source.kv_version", f"{definition.kv_version!r} is not auto, 1 or 2")
    if not 1 <= definition.concurrency <= 512:
        raise OptionError("concurrency", f"{definition.concurrency} is not between 1 and 512")
    if definition.value_limit < 1:
        raise OptionError("value_limit", f"{definition.value_limit} is not a positive number of bytes")
    for option in ("include", "exclude"):
        for pattern in getattr(definition, option):
            if not pattern.strip("/"):
                raise OptionError(f"source.{option}", f"{pattern!r} is not a glob", "Write ** to match every path")
            try:
                compile_glob(pattern)
            except re.error:
                raise OptionError(f"source.{option}", f"{pattern!r} is not a glob") from None
    _check_mount_folders(definition.mount_folders)
    for path in definition.paths:
        if not path.strip("/"):
            raise OptionError("source.paths", f"{path!r} names no mount", "Omit paths to take every KV mount")
        if "//" in path.strip("/") or path.endswith("//"):
            raise OptionError("source.paths", f"{path!r} has an empty segment", "Write single slashes")
