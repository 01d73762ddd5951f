# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``kv_sync``, checked together. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ..errors import OptionError
from ..migrate.deletions import DeletionPolicy
from ..options.durations import seconds_of
from ..options.numbers import report_limit_of
from ..plan.definition import check_identity
from ..plan.scope import Scope
from ..plan.spec import stored_migration_spec

__all__ = ["Continuous", "SyncOptions", "sync_spec"]


def sync_spec() -> dict[str, t.Any]:
    """All options. What is omitted and belongs to the definition comes from the ledger."""
    return {
        **stored_migration_spec(),
        "state": {"type": "str", "choices": ["synced", "started", "stopped"], "default": "synced"},
        "skip_unless_started": {"type": "bool", "default": False},
        "continuous": {
            "type": "dict",
            "options": {
                "interval": {"type": "str", "default": "60s"},
                "duration": {"type": "str"},
                "until": {"type": "str"},
                "outage_timeout": {"type": "str", "default": "30m"},
            },
        },
        "delete": {"type": "bool", "default": False},
        "undeleted_versions": {"type": "str", "choices": ["conflict", "rewrite"], "default": "conflict"},
        "delete_limit": {"type": "int", "default": 100},
        "lease_timeout": {"type": "str", "default": "2m"},
    }


@dataclass(frozen=True)
class Continuous:
    """Passes again and again. All in seconds; ``seconds`` is for how long, from now."""

    interval: int
    seconds: float
    outage_timeout: int


@dataclass(frozen=True)
class SyncOptions:
    """The options, checked.

    :ivar lease_timeout: seconds.
    """

    state: str
    skip_unless_started: bool
    continuous: Continuous | None
    deletions: DeletionPolicy
    lease_timeout: int
    scope: Scope
    report_limit: int

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], now: float) -> SyncOptions:
        """From the module's options.

        :param now: seconds since the epoch.
        :raises OptionError: an option is malformed, or contradicts another. No request was made yet.
        """
        check_identity(params["name"], params["target_location"])
        scope = Scope.of(params["scope"])
        state = params["state"]
        report_limit = report_limit_of(params)
        if params["delete_limit"] < 0:
            raise OptionError("delete_limit", f"{params['delete_limit']} is not a number of secrets")
        if params["skip_unless_started"] and state != "synced":
            raise OptionError("skip_unless_started", f"has no meaning with state {state}", "Use it with state: synced")
        if state != "synced" and not scope.whole:
            raise OptionError(
                "scope", f"state {state} is noted for the whole migration", "Omit scope, or use state: synced"
            )
        if state == "stopped" and params["continuous"]:
            raise OptionError("continuous", "state stopped makes no pass", "Omit it, or use state: synced or started")
        return cls(
            state=state,
            skip_unless_started=params["skip_unless_started"],
            continuous=_continuous(params["continuous"], now),
            deletions=DeletionPolicy(params["delete"], params["undeleted_versions"], params["delete_limit"]),
            lease_timeout=seconds_of("lease_timeout", params["lease_timeout"]),
            scope=scope,
            report_limit=report_limit,
        )


def _continuous(given: t.Mapping[str, t.Any] | None, now: float) -> Continuous | None:
    if not given:
        return None
    if not given["duration"] and not given["until"]:
        raise OptionError("continuous", "has no end", "Give continuous.duration or continuous.until")
    ends = []
    if given["duration"]:
        ends.append(float(seconds_of("continuous.duration", given["duration"])))
    if given["until"]:
        ends.append(_end(given["until"]) - now)
    return Continuous(
        interval=seconds_of("continuous.interval", given["interval"]),
        seconds=max(0.0, min(ends)),
        outage_timeout=seconds_of("continuous.outage_timeout", given["outage_timeout"]),
    )


def _end(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise OptionError(
            "continuous.until", f"{text!r} is not a date and time", "Write it like 2027-01-31T18:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
