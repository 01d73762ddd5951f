# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of a migration: its options, as they are stored in the ledger. Pure."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass

from ..errors import OptionError
from .metadata import MODES
from .model import CONFLICTS
from .naming import join
from .selection import compile_glob

__all__ = ["LAYOUTS", "Definition", "check_identity", "merge", "tag_of"]

LAYOUTS = ("json", "keys")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Definition:
    """The options of a migration, with the values that a new one has where they are omitted.

    :ivar versions: ``all``, ``current``, or a number as text.
    :ivar invalid_characters: ``None``: those that the account rejects.
    :ivar protection_key: ``None``: the account's default one.
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
    if join(target_location) == "/":
        raise OptionError(
            "target_location", "must be a folder, not the root", "Give a folder, such as /migrated/payments"
        )
    for segment in join(target_location)[1:].split("/"):
        if segment.strip() in ("", ".", "..", ".secretferry") or not segment.isprintable():
            raise OptionError(
                "target_location",
                f"{segment!r} cannot be a folder of it",
                "Give folder names between single slashes, such as /migrated/payments",
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
    result = Definition(**values)
    _check(result)
    if stored and stored.get("layout", result.layout) != result.layout:
        raise OptionError(
            "layout",
            f"is {stored['layout']} for this migration and cannot become {result.layout}",
            "Use another name, or forget this migration with state: absent first",
        )
    return result


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
    for path in definition.paths:
        if not path.strip("/"):
            raise OptionError("source.paths", f"{path!r} names no mount", "Omit paths to take every KV mount")
        if "//" in path.strip("/") or path.endswith("//"):
            raise OptionError("source.paths", f"{path!r} has an empty segment", "Write single slashes")
