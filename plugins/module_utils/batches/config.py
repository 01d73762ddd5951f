# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML source of the inventory plugin ``kv_batches``: its keys, checked before any request is sent."""

from __future__ import annotations

import json
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ..common.usage_file import UsageFile
from ..errors import OptionError
from ..options.akeyless import AkeylessSettings, resolve_akeyless
from ..options.lookup import Lookup
from ..options.spec import Option, akeyless_spec
from ..options.vault import VaultSettings, resolve_source
from ..plan.definition import Definition, check_identity, check_root, merge
from ..plan.spec import kv_source_spec, migration_spec
from .wave_options import errors_at, read_waves, wave_spec
from .waves import Wave

__all__ = ["DEFAULTS", "Config", "Planned", "read_config", "slug"]

_OVERLAPS = ("fail", "first")
"""What to do with a secret that several waves match."""

_FROM = ("source", "ledger")
"""Where the secrets and their waves are read."""

# Options of kv_migration that are not part of a migration's definition, or are given elsewhere.
_NOT_OPTIONS = ("name", "state", "target_location", "source", "akeyless", "scope", "report_limit")
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")
_TOP = (
    Option("batch_size", ("SECRETFERRY_BATCH_SIZE",)),
    Option("concurrency", ("SECRETFERRY_BATCH_CONCURRENCY",)),
    Option("overlap", ("SECRETFERRY_BATCH_OVERLAP",), choices=_OVERLAPS),
    Option("from", ("SECRETFERRY_BATCH_FROM",), choices=_FROM),
)
DEFAULTS = {"batch_size": 500, "concurrency": 16, "overlap": _OVERLAPS[0], "from": _FROM[0]}
"""The values of options that neither the source nor a variable gives."""


@dataclass(frozen=True)
class Planned:
    """A migration of the inventory.

    :ivar options: of ``kv_migration``, as given.
    :ivar settings: the connection to its source, ``None`` where the ledger is read; holds credentials.
    :ivar first_match: whether the first wave that matches a secret takes it.
    :ivar usage: who uses which secret, ``None`` where no wave asks.
    """

    name: str
    definition: Definition
    settings: VaultSettings | None = field(repr=False)
    environment: str
    options: dict[str, t.Any]
    batch_size: int
    waves: tuple[Wave, ...]
    first_match: bool
    usage: UsageFile | None = field(default=None, repr=False)

    @property
    def source(self) -> dict[str, t.Any]:
        """The option ``source`` without credentials. Empty values are part of it, as they replace stored ones."""
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
    """The whole source.

    :ivar concurrency: requests in flight.
    :ivar akeyless: where the ledgers are, if the batches come from there; holds credentials.
    """

    migrations: tuple[Planned, ...]
    concurrency: int
    akeyless: AkeylessSettings | None = field(default=None, repr=False)


def config_spec() -> dict[str, t.Any]:
    """The argument spec of the plugin's own options; those of Ansible's fragments are not in it."""
    options = {name: spec for name, spec in migration_spec().items() if name not in _NOT_OPTIONS}
    migration = {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "source": kv_source_spec(),
        "options": {"type": "dict", "options": options},
        "environment": {"type": "str"},
        "usage_file": {"type": "path"},
        "batch_size": {"type": "int"},
        "overlap": {"type": "str", "choices": list(_OVERLAPS)},
        "waves": {"type": "list", "elements": "dict", "options": wave_spec()},
    }
    return {
        "from": {"type": "str", "choices": list(_FROM)},
        "source": kv_source_spec(),
        "akeyless": akeyless_spec(),
        "batch_size": {"type": "int"},
        "concurrency": {"type": "int"},
        "overlap": {"type": "str", "choices": list(_OVERLAPS)},
        "migrations": {"type": "list", "elements": "dict", "options": migration},
    }


def read_config(given: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Config:
    """The source, checked.

    :param given: its members, without those that belong to Ansible's fragments.
    :raises OptionError: naming the key, and what to do.
    """
    # Anchors of YAML make one object of several entries, and the validator writes into it; so it gets a copy.
    validated = ArgumentSpecValidator(config_spec()).validate(json.loads(json.dumps(given, default=str)))
    if validated.error_messages:
        problems = [
            f"unknown key {error.msg}" if isinstance(error, UnsupportedError) else error.msg
            for error in validated.errors
        ]
        raise OptionError("kv_batches", "; ".join(problems).rstrip("."), "Correct the inventory source")
    params = validated.validated_parameters
    top = Lookup("kv_batches", _TOP, params, os.environ if environ is None else environ)
    size, concurrency = (_number(top, name) for name in ("batch_size", "concurrency"))
    overlap = top.text("overlap") or str(DEFAULTS["overlap"])
    of_ledger = (top.text("from") or DEFAULTS["from"]) == "ledger"
    if not params["migrations"]:
        raise OptionError("migrations", "is empty", "Name at least one")
    migrations = [
        _migration(f"migrations[{n}]", entry, params, size, overlap, environ, of_ledger=of_ledger)
        for n, entry in enumerate(params["migrations"])
    ]
    _check_names(migrations)
    akeyless = resolve_akeyless(params["akeyless"], environ) if of_ledger else None
    return Config(tuple(migrations), concurrency, akeyless)


def slug(text: str) -> str:
    """The text in lower case, with an underscore for each character that a group's name may not have."""
    return re.sub(r"[^a-z0-9_]", "_", text.lower())


def _number(lookup: Lookup, name: str) -> int:
    text = lookup.text(name) or str(DEFAULTS[name])
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
    *,
    of_ledger: bool,
) -> Planned:
    with errors_at(where):
        check_identity(entry["name"], entry["target_location"])
        # The migration's own source comes before the one for all migrations.
        common = {key: value for key, value in (params.get("source") or {}).items() if value is not None}
        own = {key: value for key, value in (entry.get("source") or {}).items() if value is not None}
        source = {**common, **own}
        settings = None if of_ledger else resolve_source(source, environ)
        options = {key: value for key, value in (entry.get("options") or {}).items() if value is not None}
        definition = merge(
            {
                **options,
                **{key: source.get(key) for key in _SOURCE_OPTIONS},
                "name": entry["name"],
                "target_location": entry["target_location"],
                "source_url": settings.url if settings else "",
                "namespace": settings.namespace if settings else "",
            },
            None,
        )
        if not of_ledger:  # the ledger has the other options
            check_root(definition)
        if entry.get("batch_size") is not None:
            size = entry["batch_size"]
        if not 1 <= size <= 10_000:
            raise OptionError("batch_size", f"{size} is not a number from 1 to 10000", "Give 100 to 1000, as a rule")
        waves = () if of_ledger else read_waves(entry["waves"] or ())
        return Planned(
            name=entry["name"],
            definition=definition,
            settings=settings,
            environment=entry.get("environment") or "",
            options=options,
            batch_size=size,
            waves=waves,
            first_match=(entry.get("overlap") or overlap) == "first",
            usage=_usage(waves, entry.get("usage_file")),
        )


def _usage(waves: t.Sequence[Wave], file: str | None) -> UsageFile | None:
    asking = [wave.name for wave in waves if wave.used_by or wave.unused]
    if not asking:
        return None
    if not file:
        raise OptionError(
            "usage_file",
            f"is missing, and the wave {asking[0]} has used_by or unused",
            "Name the file that vault_usage_info wrote as dest",
        )
    return UsageFile(file)


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
