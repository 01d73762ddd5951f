# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is configurable of a Gateway cluster. README.md has the same table for readers."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..settings import Adjustable

__all__ = ["PROFILES", "GatewaySettings"]

PROFILES: dict[str, dict[str, t.Any]] = {
    "current": {},
    # Before migration ids, reports and metadata modes; with plain logs, and 1Password among the types.
    "older": {
        "returns_id": False,
        "has_report": False,
        "metadata_modes": False,
        "takes_1password": True,
        "log_format": "text",
    },
}
"""What a Gateway's age changes."""


@dataclass
class GatewaySettings(Adjustable):
    """Habits of a cluster. All of them are assumptions: Akeyless documents none."""

    choices: t.ClassVar[dict[str, tuple[str, ...]]] = {
        "log_format": ("json", "text"),
        "secrets_shown": ("plain", "empty", "stars"),
        "sync_mode": ("continuous", "once"),
        "update_omitted": ("keep", "default"),
        "existing_items": ("replace", "append"),
        "forbidden_secrets": ("fail", "skip"),
        "missing_get": ("empty", "error"),
        "bytes_shown": ("list", "base64"),
    }

    # age
    returns_id: bool = True
    has_report: bool = True
    metadata_modes: bool = True
    takes_1password: bool = False

    # answers
    secrets_shown: str = "plain"
    bytes_shown: str = "list"
    missing_get: str = "empty"
    missing_status: int = 404
    duplicate_status: int = 409
    not_allowed_status: int = 401
    status_tells_sync: bool = True
    state_never: str = ""
    state_pending: str = "Pending"
    state_running: str = "In Progress"
    state_done: str = "Completed"
    state_failed: str = "Failed"
    state_stopped: str = "Stopped"

    # validation
    check_fields: bool = True
    check_protection_key: bool = False
    require_sdk_keys: bool = False
    update_omitted: str = "keep"

    # runs
    create_starts: bool = False
    sync_mode: str = "continuous"
    sync_interval: int = 600
    versions_taken: int = 5
    existing_items: str = "replace"
    forbidden_secrets: str = "fail"
    reaches_source: bool = True

    # logs
    log_format: str = "json"
    log_values: bool = False
