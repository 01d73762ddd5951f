# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of an existing migration, for the modules that work with one that kv_migration has stored."""

from __future__ import annotations

import typing as t

from ..errors import LedgerError
from ..options import VaultSettings, resolve_source
from ..plan.definition import Definition, merge
from .ledger import Ledger

__all__ = ["stored_definition"]

_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")


def stored_definition(params: t.Mapping[str, t.Any], ledger: Ledger) -> tuple[Definition, VaultSettings]:
    """The definition that the ledger stores, changed by the options of this run, and the settings of its source.

    :param params: the module's options: ``name``, ``target_location``, ``concurrency`` and, if it has one, ``source``.
    :param ledger: after :meth:`.Ledger.load`.
    :raises LedgerError: the ledger stores no definition.
    :raises OptionError: an option is malformed, or changes what cannot change.
    """
    stored = (ledger.definition or {}).get("options")
    if not stored:
        raise LedgerError(
            f"there is no migration {params['name']}: {ledger.folder}/definition is not there",
            "Check name and target_location, and that the Akeyless role may read and list them; or run kv_migration",
        )
    source = dict(params.get("source") or {})
    for option, key in (("url", "source_url"), ("namespace", "namespace")):
        source[option] = source.get(option) or stored.get(key)
    settings = resolve_source(source)
    given = {key: source.get(key) for key in _SOURCE_OPTIONS}
    given.update(name=params["name"], target_location=params["target_location"], concurrency=params["concurrency"])
    definition = merge({**given, "source_url": settings.url, "namespace": settings.namespace}, stored)
    return definition, settings
