# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition that is in force for a run: a module's options, and for what they omit, the stored definition."""

from __future__ import annotations

import typing as t

from ..errors import LedgerError
from ..options.vault import VaultSettings, resolve_source
from ..plan.definition import Definition, check_root, merge
from .ledger import Ledger

__all__ = ["given_options", "resolve_definition", "stored_definition", "stored_options"]

_OPTIONS = (
    "name",
    "target_location",
    "metadata_mode",
    "versions",
    "layout",
    "conflict",
    "unreadable_paths",
    "concurrency",
    "value_limit",
    "invalid_characters",
    "protection_key",
    "mount_folders",
)
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")


def stored_definition(params: t.Mapping[str, t.Any], ledger: Ledger) -> tuple[Definition, VaultSettings]:
    """The definition that the ledger stores, changed by the options of this run, and the settings of its source.

    :param params: the module's options: ``name``, ``target_location``, ``concurrency`` and, if it has one, ``source``.
    :param ledger: after :meth:`.Ledger.load`.
    :raises LedgerError: the ledger stores no definition.
    :raises OptionError: an option is malformed, or changes what cannot change.
    """
    return resolve_definition(params, stored_options(params, ledger))


def stored_options(params: t.Mapping[str, t.Any], ledger: Ledger) -> dict[str, t.Any]:
    """The options that the ledger stores.

    :raises LedgerError: the ledger stores no definition.
    """
    stored: dict[str, t.Any] = (ledger.definition or {}).get("options") or {}
    if not stored:
        raise LedgerError(
            f"there is no migration {params['name']}: {ledger.folder}/definition is not there",
            "Check name and target_location, and that the Akeyless role may read and list them; or run kv_migration",
        )
    return stored


def resolve_definition(
    params: t.Mapping[str, t.Any], stored: t.Mapping[str, t.Any] | None
) -> tuple[Definition, VaultSettings]:
    """The definition that results from a module's options and the stored one, and the settings of its source.

    :raises OptionError: an option is malformed, or changes what cannot change once secrets have been migrated.
    """
    source = dict(params.get("source") or {})
    for option, key in (("url", "source_url"), ("namespace", "namespace")):
        if stored and not source.get(option):
            source[option] = stored.get(key)
    settings = resolve_source(source)
    given = {**given_options(params), "source_url": settings.url, "namespace": settings.namespace}
    definition = merge(given, stored)
    check_root(definition)
    return definition, settings


def given_options(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Those of a module's options that belong to a definition, ``None`` where omitted."""
    source = params.get("source") or {}
    given = {option: params.get(option) for option in _OPTIONS}
    return {**given, **{option: source.get(option) for option in _SOURCE_OPTIONS}}
