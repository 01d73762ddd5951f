# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument spec of ``kv_migration``, and what other modules share of it."""

from __future__ import annotations

import typing as t

from ..options.spec import akeyless_spec, source_spec
from .definition import LAYOUTS
from .metadata import MODES
from .model import CONFLICTS
from .scope import scope_spec

__all__ = ["kv_source_spec", "migration_spec", "stored_migration_spec"]


def kv_source_spec() -> dict[str, t.Any]:
    """``source`` for modules that walk KV mounts. Documented in the fragment ``vault.kv``."""
    globs = {"type": "list", "elements": "str"}
    return source_spec(
        {
            "kv_version": {"type": "str", "choices": ["auto", "1", "2"]},
            "paths": {"type": "list", "elements": "str"},
            "include": globs,
            "exclude": globs,
        }
    )


def stored_migration_spec() -> dict[str, t.Any]:
    """The options of every module that walks a migration's source. ``concurrency`` is the stored one when omitted."""
    return {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "source": kv_source_spec(),
        "akeyless": akeyless_spec(),
        "scope": scope_spec(),
        "concurrency": {"type": "int"},
        "report_limit": {"type": "int", "default": 500},
    }


def migration_spec() -> dict[str, t.Any]:
    """All options. Those that are stored have no default: when omitted, they keep their stored value."""
    return {
        **stored_migration_spec(),
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "metadata_mode": {"type": "str", "choices": list(MODES)},
        "versions": {"type": "str"},
        "layout": {"type": "str", "choices": list(LAYOUTS)},
        "conflict": {"type": "str", "choices": list(CONFLICTS)},
        "unreadable_paths": {"type": "str", "choices": ["warn", "fail"]},
        "value_limit": {"type": "int"},
        "invalid_characters": {"type": "str"},
        "protection_key": {"type": "str", "no_log": False},
        "mount_folders": {"type": "dict"},
    }
