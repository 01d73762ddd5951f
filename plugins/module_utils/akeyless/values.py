# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as get-secret-value answers them."""

from __future__ import annotations

import json
import typing as t

from ..http.error_texts import remember_value
from ..rawjson import canonical

__all__ = ["remembered", "same_value", "text_of"]


def same_value(stored: str | None, sent: str) -> bool:
    """Whether a stored value is the one that was sent: the same text, or the same JSON."""
    if stored is None:
        return False
    if stored == sent:
        return True
    try:
        return canonical(stored) == canonical(sent)
    except ValueError:
        return False


def text_of(value: t.Any) -> str:
    """A value as text. One of format json may come back decoded; which one is not documented (docs/assumptions.md)."""
    return value if isinstance(value, str) else json.dumps(value)


def remembered(name: str, value: str) -> str:
    """A value, after it was noted that no error text may show it; the ledger's own items hold paths, not values."""
    if "/.secretferry/" not in name:
        remember_value(value)
    return value
