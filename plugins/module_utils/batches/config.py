# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML source of the inventory plugin ``kv_batches``: what it may hold, checked before any server is asked."""

from __future__ import annotations

import json
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ..errors import OptionError
from ..options import VaultSettings, resolve_source
from ..options.lookup import Lookup
from ..options.spec import Option
from ..plan.definition import Definition, check_identity, merge
from ..plan.spec import kv_source_spec, migration_spec
from .waves import Wave, globs_of

__all__ = ["OVERLAPS", "Config", "Planned", "read_config", "slug"]

OVERLAPS = ("fail", "first")
"""What becomes of a secret that several waves take."""

# Options that stay out of the definition of a migration, or are given elsewhere.
_NOT_OPTIONS = ("name", "state", "target_location", "source", "akeyless", "scope", "report_limit")
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")
_TOP = (
    Option("batch_size", ("SECRETFERRY_BATCH_SIZE",)),
    Option("concurrency", ("SECRETFERRY_BATCH_CONCURRENCY",)),
    Option("overlap", ("SECRETFERRY_BATCH_OVERLAP",), choices=OVERLAPS),
)
_SELECTORS = ("paths", "prefixes", "custom_metadata", "share", "rest")
_WAVE = re.compile(r"[a-z][a-z0-9_]*")
_MOST_WAVES = 99
_DEFAULT_SIZE = 500
_DEFAULT_CONCURRENCY = 16


@dataclass(frozen=True)
class Planned:
    """A migration of the inventory.

    :ivar options: of ``kv_migration``, as given.
    :ivar settings: how its source is reached; holds credentials.
    """

    name: str
    definition: Definition
    settings: VaultSettings = field(repr=False)
    environment: str
    options: dict[str, t.Any]
    batch_size: int
    waves: tuple[Wave, ...]
    first_match: bool

    @property
    def source(self) -> dict[str, t.Any]:
        """The option ``source`` without credentials. What is empty is so on purpose: it replaces what is stored."""
        definition = self.definition
        return {
            "url": definition.source_url,
            "namespace": definition.namespace,
            "kv_version": definition.kv_version,
            "paths": list(definition.paths),
            "include": list(definition.include),
            "exclude": list(definition.exclude),
        }


@dataclass(frozen=True)
class Config:
    """All of the source. ``concurrency``: requests in flight."""

    migrations: tuple[Planned, ...]
    concurrency: int


def config_spec() -> dict[str, t.Any]:
    """The argument spec of the plugin's own options; those of Ansible's fragments are not in it."""
    texts = {"type": "list", "elements": "str"}
    wave = {
        "name": {"type": "str", "required": True},
        "paths": texts,
        "exclude": texts,
        "prefixes": texts,
        "custom_metadata": {"type": "dict"},
        "share": {"type": "str"},
        "rest": {"type": "bool", "default": False},
    }
    options = {name: spec for name, spec in migration_spec().items() if name not in _NOT_OPTIONS}
    migration = {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "source": kv_source_spec(),
        "options": {"type": "dict", "options": options},
        "environment": {"type": "str"},
        "batch_size": {"type": "int"},
        "overlap": {"type": "str", "choices": list(OVERLAPS)},
        "waves": {"type": "list", "elements": "dict", "required": True, "options": wave},
    }
    return {
        "source": kv_source_spec(),
        "batch_size": {"type": "int"},
        "concurrency": {"type": "int"},
        "overlap": {"type": "str", "choices": list(OVERLAPS)},
        "migrations": {"type": "list", "elements": "dict", "required": True, "options": migration},
    }


def read_config(given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Config:
    """The source, checked.

    :param given: its members, without those that belong to Ansible's fragments.
    :raises OptionError: naming the key, and what to do.
    """
    # Anchors of YAML make one object of several entries, and the validator fills each of them in.
    validated = ArgumentSpecValidator(config_spec()).validate(json.loads(json.dumps(given, default=str)))
    if validated.error_messages:
        said = [
            f"unknown key {error.msg}" if isinstance(error, UnsupportedError) else error.msg
            for error in validated.errors
        ]
        raise OptionError("kv_batches", "; ".join(said).rstrip("."), "Correct the inventory source")
    params = validated.validated_parameters
    top = Lookup("kv_batches", _TOP, params, os.environ if environ is None else environ)
    size, concurrency = (
        _number(top, name, default)
        for name, default in (("batch_size", _DEFAULT_SIZE), ("concurrency", _DEFAULT_CONCURRENCY))
    )
    overlap = top.text("overlap") or OVERLAPS[0]
    if not params["migrations"]:
        raise OptionError("migrations", "is empty", "Name at least one")
    migrations = [
        _migration(f"migrations[{n}]", entry, params, size, overlap, environ)
        for n, entry in enumerate(params["migrations"])
    ]
    _check_names(migrations)
    return Config(tuple(migrations), concurrency)


def slug(text: str) -> str:
    """Lower case, and nothing that a group's name may not hold."""
    return re.sub(r"[^a-z0-9_]", "_", text.lower())


def _number(lookup: Lookup, name: str, default: int) -> int:
    text = lookup.text(name) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise OptionError(name, f"{text!r} is not a number from 1 to 10000", f"Correct {lookup.hint(name)}")
    return int(text)


def _migration(
    where: str,
    entry: t.Mapping[str, t.Any],
    params: t.Mapping[str, t.Any],
    size: int,
    overlap: str,
    environ: t.Mapping[str, str] | None,
) -> Planned:
    with _at(where):
        check_identity(entry["name"], entry["target_location"])
        # What a migration says of its source comes before what is said for all.
        common = {key: value for key, value in (params.get("source") or {}).items() if value is not None}
        own = {key: value for key, value in (entry.get("source") or {}).items() if value is not None}
        source = {**common, **own}
        settings = resolve_source(source, environ)
        options = {key: value for key, value in (entry.get("options") or {}).items() if value is not None}
        definition = merge(
            {
                **options,
                **{key: source.get(key) for key in _SOURCE_OPTIONS},
                "name": entry["name"],
                "target_location": entry["target_location"],
                "source_url": settings.url,
                "namespace": settings.namespace,
            },
            None,
        )
        if entry.get("batch_size") is not None:
            size = entry["batch_size"]
        if not 1 <= size <= 10_000:
            raise OptionError("batch_size", f"{size} is not a number from 1 to 10000", "Give 100 to 1000, as a rule")
        return Planned(
            name=entry["name"],
            definition=definition,
            settings=settings,
            environment=entry.get("environment") or "",
            options=options,
            batch_size=size,
            waves=_waves(entry["waves"]),
            first_match=(entry.get("overlap") or overlap) == "first",
        )


class _at:
    """Says in errors which entry it is about."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: t.Any, error: BaseException | None, _trace: t.Any) -> None:
        if isinstance(error, OptionError):
            message = error.message.removeprefix(f"{error.option}: ")
            raise OptionError(f"{self._where}.{error.option}", message, error.remedy) from None


def _waves(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Wave, ...]:
    if not 1 <= len(entries) <= _MOST_WAVES:
        raise OptionError("waves", f"there are {len(entries)} waves", f"Give 1 to {_MOST_WAVES}")
    waves: list[Wave] = []
    after = 0.0
    for n, entry in enumerate(entries):
        with _at(f"waves[{n}]"):
            waves.append(_wave(entry, n + 1, after, {wave.name for wave in waves}))
        after += waves[-1].share
        if after > 100:
            raise OptionError(
                "waves", f"the shares add up to {after:g} %", "Give 100 % at the most, or a wave rest: true"
            )
    if sum(wave.rest for wave in waves) > 1:
        raise OptionError("waves", "more than one of them has rest: true", "The rest can be in one wave only")
    return tuple(waves)


def _wave(entry: t.Mapping[str, t.Any], number: int, after: float, taken: t.Collection[str]) -> Wave:
    name = entry["name"]
    if not _WAVE.fullmatch(name):
        raise OptionError("name", f"{name!r} cannot name a wave", "Use lower-case letters, digits and underscores")
    if name in taken:
        raise OptionError("name", f"{name} names another wave, too", "Give each wave a name of its own")
    given = [key for key in _SELECTORS if entry.get(key)]
    if not given:
        raise OptionError("name", f"the wave {name} has no selector", f"Give one of {', '.join(_SELECTORS)}")
    if entry["rest"] and (len(given) > 1 or entry.get("exclude")):
        raise OptionError(
            "rest", f"the wave {name} has other selectors, too", "Give rest alone: it is what others leave"
        )
    for key in ("paths", "exclude", "prefixes"):
        for text in entry.get(key) or ():
            if not text.strip("/"):
                raise OptionError(key, f"{text!r} names no path", "Write ** to match every path")
    try:
        globs, excluded = globs_of(entry.get("paths") or ()), globs_of(entry.get("exclude") or ())
    except re.error:
        raise OptionError("paths", "one of them is not a glob", "Check brackets") from None
    return Wave(
        name,
        number,
        globs,
        excluded,
        tuple(prefix.strip("/") for prefix in entry.get("prefixes") or ()),
        _custom(entry.get("custom_metadata") or {}),
        _percent(entry.get("share")),
        after,
        entry["rest"],
    )


def _custom(given: t.Mapping[str, t.Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    wanted = []
    for key, value in given.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in values):
            raise OptionError(
                "custom_metadata",
                f"{key} is neither a text nor a list of texts",
                "Quote what YAML takes for a yes or no",
            )
        wanted.append((str(key), tuple(str(v) for v in values)))
    return tuple(wanted)


def _percent(text: str | None) -> float:
    if not text:
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", text)
    if not found or not 0 < float(found[1]) <= 100:
        raise OptionError("share", f"{text!r} is not a share from above 0 to 100 %", "Write 5 % or 0.5 %")
    return float(found[1])


def _check_names(migrations: t.Sequence[Planned]) -> None:
    seen: dict[str, str] = {}
    for migration in migrations:
        name = migration.name.lower()
        if name in seen or slug(name) in (slug(other) for other in seen):
            raise OptionError(
                "migrations",
                f"{migration.name} and another one would have the same hosts or groups",
                "Give them names that differ in letters and digits, not only in case or signs",
            )
        seen[name] = migration.name
