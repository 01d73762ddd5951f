# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``preflight``, and the checks that it makes."""

from __future__ import annotations

import typing as t

from ..common.checks import FAIL_ON, Check
from ..credential.audit import SOURCE_CHECKS
from ..credential.scope import kv_options
from ..errors import OptionError
from ..gateway.spec import gateway_spec
from ..options.durations import duration_of, seconds_of
from ..options.spec import operator_spec
from ..options.vault import has_operator
from ..plan.definition import LAYOUTS, Definition, check_identity, check_root, merge
from ..plan.metadata import MODES
from ..plan.model import CONFLICTS
from ..plan.spec import kv_source_spec

__all__ = ["ENGINES", "check_options", "complete", "ids_of", "preflight_spec"]

ENGINES = ("direct", "gateway")

_AKEYLESS = ("akeyless_reachable", "akeyless_token", "akeyless_ttl")
_GATEWAY = ("gateway_api", "gateway_migrations", "gateway_registered", "gateway_running", "gateway_address")
_TARGET = ("protection_key", "target_rights", "target_items")
_CONTENT = ("source_paths", "metadata_length", "value_size", "version_history", "item_names")
_REACH = ("gateway_source_reachable", "gateway_write")
_PROBE = ("probe_source", "probe_arrival", "probe_cleanup")


def ids_of(engine: str, probe: bool) -> tuple[str, ...]:
    """The ids of all checks of an engine, in the order of the result."""
    gateway = engine == "gateway"
    return (
        *_AKEYLESS,
        *(_GATEWAY if gateway else ()),
        *_TARGET,
        "source_reachable",
        *SOURCE_CHECKS,
        *_CONTENT,
        *(_REACH if gateway else ()),
        *(_PROBE if probe else ()),
    )


def preflight_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "engine": {"type": "str", "choices": list(ENGINES), "default": "direct"},
        "name": {"type": "str", "default": "preflight"},
        "target_location": {"type": "str", "required": True},
        "source": kv_source_spec(),
        "akeyless": gateway_spec(),
        "operator_auth": operator_spec(),
        "metadata_mode": {"type": "str", "choices": list(MODES), "default": Definition.metadata_mode},
        "versions": {"type": "str", "default": Definition.versions},
        "layout": {"type": "str", "choices": list(LAYOUTS), "default": Definition.layout},
        "conflict": {"type": "str", "choices": list(CONFLICTS), "default": Definition.conflict},
        "protection_key": {"type": "str", "no_log": False},
        "value_limit": {"type": "int", "default": Definition.value_limit},
        "invalid_characters": {"type": "str"},
        "mount_folders": {"type": "dict"},
        "read_values": {"type": "bool", "default": True},
        "concurrency": {"type": "int", "default": Definition.concurrency},
        "min_ttl": {"type": "str", "default": "10m"},
        "max_ttl": {"type": "str", "default": "24h"},
        "instances": {"type": "list", "elements": "str"},
        "probe": {"type": "bool", "default": False},
        "probe_mount": {"type": "str"},
        "probe_timeout": {"type": "str", "default": "2m"},
        "gateway_source_url": {"type": "str"},
        "list_mounts": {"type": "bool", "default": False},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "failed"},
    }


def check_options(params: t.Mapping[str, t.Any]) -> Definition:
    """Check the options before any request is sent.

    :raises OptionError: an option is malformed, or needs another one.
    """
    check_identity(params["name"], params["target_location"])
    for name in ("min_ttl", "max_ttl"):
        seconds_of(name, params[name])
    if params["probe"] and params["engine"] != "gateway":
        raise OptionError("probe", "only the Gateway needs a probe", "Set engine: gateway, or probe: false")
    if params["probe"] and not has_operator(params["operator_auth"]):
        raise OptionError(
            "operator_auth",
            "the probe needs a login that may write a canary into Vault",
            "Give operator_auth.token_file, or another way to log in",
        )
    duration_of("probe_timeout", params["probe_timeout"])
    kv_options(params["source"])
    definition = merge(params, None)
    check_root(definition)
    return definition


# Checks whose failure leaves out other checks: those of the side that the names begin with.
_BLOCKERS = ("gateway_source_reachable", "gateway_write", "probe_source", "probe_cleanup", "gateway_api",
             "gateway_migrations",
             "source_reachable", "source_token", "source_paths", "akeyless_reachable", "akeyless_token")  # fmt: skip
_BLOCKED = (("source_", "source_"), ("akeyless_", "akeyless_"), ("target_", "akeyless_"), ("protection_", "akeyless_"))


def complete(checks: t.Sequence[Check], engine: str, probe: bool) -> list[Check]:
    """All checks in order; those that were not made are unknown."""
    made = {check.id: check for check in checks}
    bad = [one for one in _BLOCKERS if one in made and made[one].verdict == "failed"]

    def missing(one: str) -> Check:
        side = next((by for start, by in _BLOCKED if one.startswith(start)), "")
        by = next((blocker for blocker in bad if blocker.startswith(side)), "")
        if not by:
            return Check(one, "unknown", "it could not be checked")
        return Check(one, "unknown", f"not checked, because {by} failed", f"Correct {by} first")

    return [made.get(one) or missing(one) for one in ids_of(engine, probe)]
