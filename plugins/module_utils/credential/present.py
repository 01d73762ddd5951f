# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states ``present`` and ``rotated``: policy, role, and a credential in its private file.

The order makes it safe to be killed: policy and role come first, the file changes in one step, and what it held before
is revoked last. A credential that was made and never got into its file ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..common.result import Result
from ..errors import OptionError, SecretferryError
from ..options import VaultSettings
from ..vault.operator import Credential, Operator, Settings, look_up, unwrap, wrapping_is_open
from ..vault.policy import Policy
from .spec import CredentialOptions

__all__ = ["make_present", "rotate"]

_Mask = t.Callable[[t.Iterable[str]], None]


@dataclass(frozen=True)
class _Held:
    """What the file holds already. ``good``: alive, ours, with time left. ``wrapping``: an unopened wrapping token."""

    accessor: str = ""
    ttl: int = 0
    good: bool = False
    wrapping: str = field(default="", repr=False)


async def make_present(
    want: CredentialOptions,
    operator: Operator,
    settings: VaultSettings,
    policy: Policy,
    result: Result,
    *,
    check: bool,
    mask: _Mask,
) -> None:
    """Policy, role and credential as they should be."""
    await asyncio.to_thread(_define, want, operator, policy, result, check)
    result.values["policy_name"] = want.own
    result.values["role_name"] = want.own
    role_is_new = result.values.pop("role_made", False)
    if want.file is None:
        return
    held = await asyncio.to_thread(_held, want, operator, settings, mask)
    if held.good:
        _describe(want, result, "kept", held.accessor, held.ttl)
    else:
        await asyncio.to_thread(_issue, want, operator, settings, result, held, check, mask)
    if want.kind == "approle" and not (check and role_is_new):
        result.values["auth"]["role_id"] = await asyncio.to_thread(operator.role_id, want.mount, want.role)


async def rotate(
    want: CredentialOptions, operator: Operator, settings: VaultSettings, result: Result, *, check: bool, mask: _Mask
) -> None:
    """A new credential in place of the one in the file, which is revoked; of a role of ours, all others are.

    :raises OptionError: there is no such role.
    """
    role = await asyncio.to_thread(_role, want, operator)
    if role is None:
        raise OptionError("name", f"there is no role {want.role}", "Make it with state: present first")
    if want.wrap_ttl and want.role != want.own:
        raise OptionError(
            "wrap_ttl", f"the secret id that was wrapped before cannot be told apart in {want.role}", "Omit wrap_ttl"
        )
    older = []
    if want.kind == "approle" and want.role == want.own:
        older = await asyncio.to_thread(operator.secret_ids, want.mount, want.role)
    held = await asyncio.to_thread(_held, want, operator, settings, mask)
    await asyncio.to_thread(_issue, want, operator, settings, result, held, check, mask)
    if want.kind == "approle":
        result.values["auth"]["role_id"] = await asyncio.to_thread(operator.role_id, want.mount, want.role)
    if not check:
        for accessor in older:
            await asyncio.to_thread(operator.destroy_secret_id, want.mount, want.role, accessor)
    result.values["role_name"] = want.role


def _define(want: CredentialOptions, operator: Operator, policy: Policy, result: Result, check: bool) -> None:
    before = operator.policy(want.own)
    if before is None or before.strip() != policy.text.strip():
        result.changed = True
        result.diff.append(_change(f"policy {want.own}", before or "", policy.text))
        if not check:
            operator.write_policy(want.own, policy.text)
    role, settings = _role(want, operator), _role_settings(want)
    stored = {key: _plain(role.get(key)) for key in settings} if role else {}
    if stored != {key: _plain(value) for key, value in settings.items()}:
        result.changed = True
        result.values["role_made"] = role is None
        result.diff.append(_change(f"{want.kind} role {want.own}", stored, settings))
        if not check and want.kind == "token":
            operator.write_token_role(want.own, settings)
        elif not check:
            operator.write_approle(want.mount, want.own, settings)


def _role(want: CredentialOptions, operator: Operator) -> Settings | None:
    if want.kind == "token":
        return operator.token_role(want.own)
    return operator.approle(want.mount, want.role)


def _role_settings(want: CredentialOptions) -> Settings:
    """As Vault gives them back: seconds, lists."""
    if want.kind == "token":
        return {
            "allowed_policies": [want.own, "default"],
            "orphan": True,
            "renewable": True,
            "token_explicit_max_ttl": want.max_ttl,
            "token_bound_cidrs": list(want.cidrs),
            "token_type": "service",
        }
    return {
        "token_policies": [want.own],
        "token_ttl": want.ttl,
        "token_max_ttl": want.max_ttl,
        "secret_id_ttl": want.max_ttl,
        "secret_id_num_uses": 0,
        "bind_secret_id": True,
        "token_bound_cidrs": list(want.cidrs),
        "secret_id_bound_cidrs": list(want.cidrs),
        "token_type": "service",
    }


def _plain(value: t.Any) -> t.Any:
    """Equal for what means the same: order of lists, null for none, an address for its network of one."""
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


def _held(want: CredentialOptions, operator: Operator, settings: VaultSettings, mask: _Mask) -> _Held:
    """What the file holds, judged."""
    if want.file is None:
        return _Held()
    text = want.file.read()
    if not text:
        return _Held()
    mask([text])
    made_by = (
        f"auth/token/create/{want.own}" if want.kind == "token" else f"auth/{want.mount}/role/{want.role}/secret-id"
    )
    if wrapping_is_open(settings, text) == made_by:
        return _Held(good=bool(want.wrap_ttl) and want.file.is_private, wrapping=text)
    token = look_up(settings, text)
    if want.kind == "token" and token and token.get("path") == made_by and want.own in (token.get("policies") or ()):
        accessor, ttl = str(token.get("accessor") or ""), int(token.get("ttl") or 0)
    elif token is not None:
        remedy = "Name another file, or revoke it first"
        raise OptionError("write_to", f"{want.file.path} holds a living token of another origin", remedy)
    elif want.kind == "approle" and (known := operator.secret_id(want.mount, want.role, text)):
        accessor, ttl = str(known.get("secret_id_accessor") or ""), _left(known)
    else:
        return _Held()
    enough = not ttl or ttl >= want.min_ttl
    return _Held(accessor, ttl, good=enough and want.file.is_private and not want.wrap_ttl)


def _left(known: Settings) -> int:
    """Seconds until a secret id ends; 0 where it never does."""
    if not known.get("secret_id_ttl"):
        return 0
    text = str(known.get("expiration_time") or "")[:19]
    with contextlib.suppress(ValueError):
        ends = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        return max(1, int((ends - datetime.now(timezone.utc)).total_seconds()))
    return int(known["secret_id_ttl"])


def _issue(
    want: CredentialOptions,
    operator: Operator,
    settings: VaultSettings,
    result: Result,
    held: _Held,
    check: bool,
    mask: _Mask,
) -> None:
    if want.file is None:
        return
    result.changed = True
    before = f"{want.kind} with accessor {held.accessor}\n" if held.accessor else ""
    before = f"a wrapped {want.kind}\n" if held.wrapping else before
    result.diff.append(_change(str(want.file.path), before, f"a new {want.kind}\n"))
    if check:
        _describe(want, result, "to be made", "", 0)
        return
    made = _make(want, operator)
    mask([made.text])
    try:
        want.file.write(made.text)
    except SecretferryError:
        with contextlib.suppress(SecretferryError):
            _end(want, operator, made.accessor)
        raise
    _end(want, operator, held.accessor or _accessor_inside(settings, held.wrapping, mask))
    _describe(want, result, "made", made.accessor, made.ttl)


def _make(want: CredentialOptions, operator: Operator) -> Credential:
    if want.kind == "token":
        body: Settings = {
            "policies": [want.own],
            "ttl": f"{want.ttl}s",
            "explicit_max_ttl": f"{want.max_ttl}s",  # the role's own is a bound that nobody could look up
            "display_name": want.own,
            "meta": {"secretferry": want.own},
        }
        return operator.make_token(want.own, body, want.wrap_ttl)
    return operator.make_secret_id(want.mount, want.role, {}, want.wrap_ttl)


def _accessor_inside(settings: VaultSettings, wrapping: str, mask: _Mask) -> str:
    """The accessor of what nobody has unwrapped yet; empty where somebody did meanwhile."""
    if not wrapping:
        return ""
    try:
        inside = unwrap(settings, wrapping)
    except SecretferryError:
        return ""
    auth, data = inside.get("auth") or {}, inside.get("data") or {}
    mask([str(auth.get("client_token") or ""), str(data.get("secret_id") or "")])
    return str(auth.get("accessor") or data.get("secret_id_accessor") or "")


def _end(want: CredentialOptions, operator: Operator, accessor: str) -> None:
    if not accessor:
        return
    if want.kind == "token":
        if operator.token_by_accessor(accessor) is not None:
            operator.revoke_accessor(accessor)
    else:
        operator.destroy_secret_id(want.mount, want.role, accessor)


def _describe(want: CredentialOptions, result: Result, what: str, accessor: str, ttl: int) -> None:
    if want.file is None:
        return
    path = str(want.file.path)
    result.values["credential"] = {
        "kind": want.kind,
        "state": what,
        "accessor": accessor,
        "ttl": ttl,
        "wrapped": bool(want.wrap_ttl),
        "file": path,
    }
    if want.kind == "token":
        method = "wrapped_token" if want.wrap_ttl else "token"
        result.values["auth"] = {"method": method, f"{method}_file": path}
    else:
        secret_id = "wrapped_secret_id_file" if want.wrap_ttl else "secret_id_file"
        result.values["auth"] = {"method": "approle", "mount_point": want.mount, "role_id": "", secret_id: path}


def _change(what: str, before: t.Any, after: t.Any) -> dict[str, str]:
    def text(value: t.Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True) + "\n" if value else ""

    return {"before_header": what, "after_header": what, "before": text(before), "after": text(after)}
