# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``source`` in an environment."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import VaultSettings, resolve_source

__all__ = ["URL", "source", "write"]

URL = "https://vault.example.com:8200"


def source(home: dict[str, str], auth: dict[str, t.Any] | None = None, **env: str) -> VaultSettings:
    return resolve_source({"url": URL, "auth": auth or {}}, {**home, **env})


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)
