# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options ``source`` and ``akeyless``: specs for the modules, settings for the sessions.

A module declares ``source=source_spec({...})`` and ``akeyless=akeyless_spec()``; the runner turns what the user gave
into settings with :func:`resolve_source` and :func:`resolve_akeyless`, which also look at the environment and at
files, and masks ``settings.secrets()``.
"""

from __future__ import annotations

from .akeyless import AkeylessAuth, AkeylessSettings, resolve_akeyless
from .durations import duration_of, seconds_of
from .numbers import report_limit_of
from .spec import ACTION_GROUP, akeyless_spec, operator_spec, source_spec
from .vault import VaultAuth, VaultSettings, has_operator, resolve_operator, resolve_source

__all__ = [
    "ACTION_GROUP",
    "AkeylessAuth",
    "AkeylessSettings",
    "VaultAuth",
    "VaultSettings",
    "akeyless_spec",
    "duration_of",
    "has_operator",
    "operator_spec",
    "report_limit_of",
    "resolve_akeyless",
    "resolve_operator",
    "resolve_source",
    "seconds_of",
    "source_spec",
]
