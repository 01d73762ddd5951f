# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``source_credential`` and ``source_credential_info``, and what they mean together."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ..common.checks import FAIL_ON
from ..errors import OptionError
from ..options.durations import seconds_of
from ..options.spec import operator_spec
from ..options.vault import has_operator
from ..plan.definition import check_identity
from ..plan.spec import kv_source_spec
from .credential_file import CredentialFile

__all__ = ["STATES", "TYPES", "CredentialOptions", "credential_options", "credential_spec", "info_spec"]

STATES = ("present", "rotated", "absent")
TYPES = ("token", "approle")


def credential_spec() -> dict[str, t.Any]:
    """``source_credential``."""
    return {
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "name": {"type": "str"},
        "type": {"type": "str", "choices": list(TYPES), "default": "token"},
        "source": kv_source_spec(),
        "operator_auth": operator_spec(),
        "dest": {"type": "path"},
        "wrap_ttl": {"type": "str"},
        "ttl": {"type": "str", "default": "1h"},
        "max_ttl": {"type": "str", "default": "24h"},
        "min_ttl": {"type": "str", "default": "10m"},
        "bound_cidrs": {"type": "list", "elements": "str"},
        "approle_mount": {"type": "str", "default": "approle"},
        "role_name": {"type": "str"},
        "accessor": {"type": "str", "no_log": False},
        "engine": {"type": "str", "choices": ["direct", "gateway"], "default": "direct"},
        "list_mounts": {"type": "bool", "default": False},
        "remove_policy": {"type": "bool"},
    }


def info_spec() -> dict[str, t.Any]:
    """``source_credential_info``."""
    shared = ("source", "name", "type", "dest", "engine", "list_mounts", "min_ttl", "max_ttl")
    options = credential_spec()
    return {
        **{name: options[name] for name in shared},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "failed"},
    }


@dataclass(frozen=True)
class CredentialOptions:
    """The options of ``source_credential``, checked.

    :ivar own: the name of the policy and the role that ``state: present`` makes.
    :ivar role: the AppRole role whose secret ids are meant. A role of another origin is possible.
    :ivar ttl, max_ttl, min_ttl: seconds.
    :ivar wrap_ttl: seconds as text for Vault; empty without wrapping.
    :ivar file: ``dest``.
    :ivar has_operator: whether an operator can log in.
    """

    state: str
    own: str
    type: str
    role: str
    mount: str
    ttl: int
    max_ttl: int
    min_ttl: int
    wrap_ttl: str
    cidrs: tuple[str, ...]
    file: CredentialFile | None
    accessor: str
    has_operator: bool
    remove_policy: bool


def credential_options(params: t.Mapping[str, t.Any]) -> CredentialOptions:
    """:raises OptionError: something is missing, contradictory or malformed. Nothing was sent or written yet."""
    state, name = params["state"], params["name"] or ""
    if name:
        check_identity(name, "/any")
    elif state in ("present", "rotated"):
        raise OptionError("name", f"state {state} needs it", "Give the name of the migration")
    operator_given = has_operator(params["operator_auth"])
    if state in ("present", "rotated") and not operator_given:
        raise OptionError(
            "operator_auth",
            f"state {state} needs a login that may make credentials",
            "Give operator_auth.token_file, or another way to log in",
        )
    if state == "rotated" and not params["dest"]:
        raise OptionError("dest", "state rotated needs it", "Name the private file that holds the credential")
    if params["role_name"] and (state == "present" or params["type"] != "approle"):
        raise OptionError(
            "role_name",
            "only secret ids of an existing AppRole role can be rotated or revoked",
            "Omit it, or set type: approle and state: rotated or absent",
        )
    own = f"secretferry-{name}" if name else ""
    file = CredentialFile(params["dest"]) if params["dest"] else None
    if file and state in ("present", "rotated"):
        file.prepare()
    if params["wrap_ttl"] and not file:
        raise OptionError("wrap_ttl", "a wrapping token needs a file", "Give dest too")
    ttl, max_ttl = seconds_of("ttl", params["ttl"]), seconds_of("max_ttl", params["max_ttl"])
    if ttl > max_ttl:
        raise OptionError("ttl", f"{params['ttl']} is longer than max_ttl ({params['max_ttl']})", "Give a shorter one")
    min_ttl = seconds_of("min_ttl", params["min_ttl"])
    if min_ttl > ttl:
        raise OptionError(
            "min_ttl", f"{params['min_ttl']} is longer than ttl ({params['ttl']})", "Give a shorter one, or raise ttl"
        )
    remove = params["remove_policy"]
    if remove and not (operator_given and own):
        raise OptionError(
            "remove_policy",
            "removing policy and role needs name and operator_auth",
            "Give both, or remove_policy: false",
        )
    return CredentialOptions(
        state=state,
        own=own,
        type=params["type"],
        role=params["role_name"] or own,
        mount=params["approle_mount"].strip("/"),
        ttl=ttl,
        max_ttl=max_ttl,
        min_ttl=min_ttl,
        wrap_ttl=f"{seconds_of('wrap_ttl', params['wrap_ttl'])}s" if params["wrap_ttl"] else "",
        cidrs=_networks(params["bound_cidrs"] or ()),
        file=file,
        accessor=params["accessor"] or "",
        has_operator=operator_given,
        remove_policy=bool(operator_given and own) if remove is None else remove,
    )


def _networks(given: t.Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(str(ipaddress.ip_network(text)) for text in given))
    except ValueError:
        raise OptionError(
            "bound_cidrs", "one of them is not a network", "Give networks like 10.1.0.0/16 or 10.1.2.3/32"
        ) from None
