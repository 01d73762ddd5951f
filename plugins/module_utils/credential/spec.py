# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of ``source_credential``, and what they mean together."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ..common.checks import FAIL_ON
from ..errors import OptionError
from ..options import has_operator, operator_spec, seconds_of
from ..plan.definition import check_identity
from ..plan.spec import kv_source_spec
from .credential_file import CredentialFile

__all__ = ["KINDS", "STATES", "CredentialOptions", "credential_spec", "our_name", "wanted"]

STATES = ("present", "audited", "rotated", "revoked")
KINDS = ("token", "approle")


def credential_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "name": {"type": "str"},
        "kind": {"type": "str", "choices": list(KINDS), "default": "token"},
        "source": kv_source_spec(),
        "operator": operator_spec(),
        "write_to": {"type": "path"},
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
        "remove": {"type": "bool"},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "failed"},
    }


@dataclass(frozen=True)
class CredentialOptions:
    """The options, checked.

    :ivar own: the name of the policy and the role that ``present`` makes.
    :ivar role: the AppRole role whose secret ids are meant, which need not be ours.
    :ivar ttl, max_ttl, min_ttl: seconds.
    :ivar wrap_ttl: seconds as text for Vault; empty without wrapping.
    """

    state: str
    own: str
    kind: str
    role: str
    mount: str
    ttl: int
    max_ttl: int
    min_ttl: int
    wrap_ttl: str
    cidrs: tuple[str, ...]
    file: CredentialFile | None
    accessor: str
    operated: bool
    remove: bool


def our_name(name: str) -> str:
    """What our policies and roles for a migration are called."""
    return f"secretferry-{name}"


def wanted(params: t.Mapping[str, t.Any]) -> CredentialOptions:
    """:raises OptionError: something is missing, contradictory or malformed. Nothing was asked or written yet."""
    state, name = params["state"], params["name"] or ""
    if name:
        check_identity(name, "/any")
    elif state in ("present", "rotated"):
        raise OptionError("name", f"state {state} needs it", "Give the name of the migration")
    operated = has_operator(params["operator"])
    if state in ("present", "rotated") and not operated:
        raise OptionError(
            "operator",
            f"state {state} needs a login that may make credentials",
            "Give operator.token_file, or another way to log in (see the option operator)",
        )
    if state == "rotated" and not params["write_to"]:
        raise OptionError("write_to", "state rotated needs it", "Name the private file that holds the credential")
    if params["role_name"] and (state == "present" or params["kind"] != "approle"):
        raise OptionError(
            "role_name",
            "only secret ids of an AppRole role that is there can be rotated or revoked",
            "Omit it, or set kind: approle and state: rotated or revoked",
        )
    own = our_name(name) if name else ""
    file = CredentialFile(params["write_to"]) if params["write_to"] else None
    if file and state in ("present", "rotated"):
        file.prepare()
    if params["wrap_ttl"] and not file:
        raise OptionError("wrap_ttl", "a wrapping token needs a place to go", "Give write_to, too")
    ttl, max_ttl = seconds_of("ttl", params["ttl"]), seconds_of("max_ttl", params["max_ttl"])
    if ttl > max_ttl:
        raise OptionError("ttl", f"{params['ttl']} is longer than max_ttl ({params['max_ttl']})", "Give a shorter one")
    min_ttl = seconds_of("min_ttl", params["min_ttl"])
    if min_ttl > ttl:
        raise OptionError(
            "min_ttl", f"{params['min_ttl']} is longer than ttl ({params['ttl']})", "Give a shorter one, or raise ttl"
        )
    remove = params["remove"]
    if remove and not (operated and own):
        raise OptionError("remove", "removing policy and role needs name and operator", "Give both, or remove: false")
    return CredentialOptions(
        state=state,
        own=own,
        kind=params["kind"],
        role=params["role_name"] or own,
        mount=params["approle_mount"].strip("/"),
        ttl=ttl,
        max_ttl=max_ttl,
        min_ttl=min_ttl,
        wrap_ttl=f"{seconds_of('wrap_ttl', params['wrap_ttl'])}s" if params["wrap_ttl"] else "",
        cidrs=_networks(params["bound_cidrs"] or ()),
        file=file,
        accessor=params["accessor"] or "",
        operated=operated,
        remove=bool(operated and own) if remove is None else remove,
    )


def _networks(given: t.Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(str(ipaddress.ip_network(text)) for text in given))
    except ValueError:
        raise OptionError(
            "bound_cidrs", "one of them is not a network", "Give networks like 10.1.0.0/16 or 10.1.2.3/32"
        ) from None
