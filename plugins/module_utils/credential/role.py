# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy and the role of a migration's credential."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import typing as t

from ..common.result import Result
from ..errors import SecretferryError
from ..vault.operator import Operator, Settings
from ..vault.policy import Policy
from .spec import CredentialOptions

__all__ = ["change_of", "define_role", "find_role"]


def define_role(options: CredentialOptions, operator: Operator, policy: Policy, result: Result, check: bool) -> bool:
    """Write the policy and the role, where they are missing or different. Returns whether the role is new."""
    # All is read before anything is written: where AppRole is missing, no policy is left behind.
    role, settings = find_role(options, operator), _role_settings(options)
    before = operator.policy(options.own)
    new_policy = before is None or before.strip() != policy.text.strip()
    if new_policy:
        result.changed = True
        result.diff.append(change_of(f"policy {options.own}", before or "", policy.text))
    current = {key: _plain(role.get(key)) for key in settings} if role else {}
    new_role = current != {key: _plain(value) for key, value in settings.items()}
    if new_role:
        result.changed = True
        result.diff.append(change_of(f"{options.type} role {options.own}", current, settings))
    if check:
        return role is None
    if new_policy:
        operator.write_policy(options.own, policy.text)
    if new_role:
        try:
            _write_role(options, operator, settings)
        except SecretferryError:
            if before is None:  # a policy without its role would be left behind
                with contextlib.suppress(SecretferryError):
                    operator.delete_policy(options.own)
            raise
    return role is None


def _write_role(options: CredentialOptions, operator: Operator, settings: Settings) -> None:
    if options.type == "token":
        operator.write_token_role(options.own, settings)
    else:
        operator.write_approle(options.mount, options.own, settings)


def find_role(options: CredentialOptions, operator: Operator) -> Settings | None:
    """The role's settings, ``None`` where there is none.

    :raises OptionError: AppRole is not mounted.
    """
    if options.type == "token":
        return operator.token_role(options.own)
    return operator.approle(options.mount, options.role, must_be_mounted=True)


def _role_settings(options: CredentialOptions) -> Settings:
    """In the form in which Vault returns them: seconds, lists."""
    if options.type == "token":
        return {
            "allowed_policies": [options.own, "default"],
            "orphan": True,
            "renewable": True,
            "token_explicit_max_ttl": options.max_ttl,
            "token_bound_cidrs": list(options.cidrs),
            "token_type": "service",
        }
    return {
        "token_policies": [options.own],
        "token_ttl": options.ttl,
        "token_max_ttl": options.max_ttl,
        "secret_id_ttl": options.max_ttl,
        "secret_id_num_uses": 0,
        "bind_secret_id": True,
        "token_bound_cidrs": list(options.cidrs),
        "secret_id_bound_cidrs": list(options.cidrs),
        "token_type": "service",
    }


def _plain(value: t.Any) -> t.Any:
    """Normalised for comparison: the order of lists, null for an empty list, an address for a network of one."""
    if value is None:
        return []
    if not isinstance(value, list):
        return value
    return sorted(_network(str(entry)) for entry in value)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return text


def change_of(what: str, before: t.Any, after: t.Any) -> dict[str, str]:
    """An entry of the result's diff: texts, or settings as JSON."""

    def text(value: t.Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True) + "\n" if value else ""

    return {"before_header": what, "after_header": what, "before": text(before), "after": text(after)}
