# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs of the modules for the Gateway's own migrations, made from the tables of settings."""

from __future__ import annotations

import typing as t

from ..options.spec import akeyless_spec
from .fields import ANSIBLE_TYPES, COMMON, Field, SourceType
from .source_types import TYPES

__all__ = ["ONE", "RULES", "cluster_spec", "gateway_spec", "info_spec", "migration_spec", "sync_spec"]

_TYPE_OPTIONS = [source.option for source in TYPES]

ONE = ["name", "id"]
"""The two ways to name a migration."""

RULES: dict[str, t.Any] = {
    "required_one_of": [ONE],
    "mutually_exclusive": [_TYPE_OPTIONS],
    "required_if": [("state", "present", _TYPE_OPTIONS, True)],
    "supports_check_mode": True,
}
"""Further arguments of ``AnsibleModule`` for ``gateway_migration``."""


def gateway_spec() -> dict[str, t.Any]:
    """The option ``akeyless`` of modules that speak to a Gateway. Documented in the fragment ``akeyless.gateway``."""
    return akeyless_spec({"gateway_url": {"type": "str"}})


def migration_spec() -> dict[str, t.Any]:
    """``gateway_migration``. An option without a default is left to the Gateway when it is omitted."""
    return {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "new_name": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **{field.option: _option(field) for field in COMMON},
        **{source.option: _source(source) for source in TYPES},
        "update_credentials": {"type": "str", "choices": ["on_create", "always"], "default": "on_create"},
        **_addresses(),
        "akeyless": gateway_spec(),
    }


def sync_spec() -> dict[str, t.Any]:
    """``gateway_migration_sync``."""
    return {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["started", "stopped"], "required": True},
        **_addresses(),
        "akeyless": gateway_spec(),
    }


def info_spec() -> dict[str, t.Any]:
    """``gateway_migration_info``."""
    return {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "wait": {"type": "bool", "default": False},
        "after_run": {"type": "str"},
        "wait_timeout": {"type": "str", "default": "1h"},
        "wait_sleep": {"type": "str", "default": "5s"},
        "report_limit": {"type": "int", "default": 500},
        "akeyless": gateway_spec(),
    }


def cluster_spec() -> dict[str, t.Any]:
    """``gateway_cluster_info``."""
    return {
        "instances": {"type": "list", "elements": "str"},
        "report_limit": {"type": "int", "default": 500},
        "akeyless": gateway_spec(),
    }


def _addresses() -> dict[str, t.Any]:
    return {
        "instances": {"type": "list", "elements": "str"},
        "allow_instance": {"type": "bool", "default": False},
    }


def _source(source: SourceType) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {}
    for field in source.fields:
        options[field.option] = _option(field)
        if field.secret:
            options[f"{field.option}_file"] = {"type": "path", "no_log": False}
    # The dict itself is no credential. Each credential in it is marked.
    return {"type": "dict", "no_log": False, "options": options, **dict(source.rules)}


def _option(field: Field) -> dict[str, t.Any]:
    # Always set, as Ansible guesses from names like "key" or "password" and warns where it is not set.
    entry: dict[str, t.Any] = {**ANSIBLE_TYPES[field.kind], "no_log": field.secret}
    if field.choices:
        entry["choices"] = list(field.choices)
    return entry
