# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states ``present`` and ``rotated``: policy, role, and a credential in its private file.

A run that is killed leaves a state that the next run completes: policy and role are written first, the file changes in
one step, and the credential that it held before is revoked last. A credential that was made and not written to its
file expires by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..common.result import Mask, Result
from ..errors import OptionError, SecretferryError
from ..options.vault import VaultSettings
from ..vault.operator import Credential, Operator, Settings, look_up, unwrap, wrapped_by
from ..vault.policy import Policy
from .role import change_of, define_role, find_role
from .spec import CredentialOptions

__all__ = ["make_present", "rotate"]


@dataclass(frozen=True)
class _FileContent:
    """The content of the file.

    :ivar ttl: seconds, ``None`` where it is unknown or without end.
    :ivar good: it works, is of this migration, and lives long enough.
    :ivar wrapping: a wrapping token that was not unwrapped yet.
    """

    accessor: str = ""
    ttl: int | None = None
    good: bool = False
    wrapping: str = field(default="", repr=False)


async def make_present(
    options: CredentialOptions,
    operator: Operator,
    settings: VaultSettings,
    policy: Policy,
    result: Result,
    *,
    check: bool,
    mask: Mask,
) -> None:
    """Make policy, role and credential, where they are missing or different."""
    role_is_new = await asyncio.to_thread(define_role, options, operator, policy, result, check)
    result.values["policy_name"] = options.own
    result.values["role_name"] = options.own
    if options.file is None:
        return
    content = await asyncio.to_thread(_read_file, options, operator, settings, mask)
    if content.good:
        _describe(options, result, "unchanged", content.accessor, content.ttl)
    else:
        await asyncio.to_thread(_issue, options, operator, settings, result, content, check, mask)
    if options.type == "approle" and not (check and role_is_new):
        result.values["auth"]["role_id"] = await asyncio.to_thread(operator.role_id, options.mount, options.role)


async def rotate(
    options: CredentialOptions, operator: Operator, settings: VaultSettings, result: Result, *, check: bool, mask: Mask
) -> None:
    """Make a new credential, and revoke the one in the file; for an AppRole role of ours, revoke all others.

    :raises OptionError: there is no such role.
    """
    role = await asyncio.to_thread(find_role, options, operator)
    if role is None:
        raise OptionError("name", f"there is no role {options.role}", "Make it with state: present first")
    if options.wrap_ttl and options.role != options.own:
        raise OptionError(
            "wrap_ttl", f"the secret id that was wrapped before cannot be identified in {options.role}", "Omit wrap_ttl"
        )
    older = []
    if options.type == "approle" and options.role == options.own:
        older = await asyncio.to_thread(operator.secret_ids, options.mount, options.role)
    content = await asyncio.to_thread(_read_file, options, operator, settings, mask)
    await asyncio.to_thread(_issue, options, operator, settings, result, content, check, mask)
    if options.type == "approle":
        result.values["auth"]["role_id"] = await asyncio.to_thread(operator.role_id, options.mount, options.role)
    if not check:
        for accessor in older:
            await asyncio.to_thread(operator.destroy_secret_id, options.mount, options.role, accessor)
    result.values["role_name"] = options.role


def _read_file(options: CredentialOptions, operator: Operator, settings: VaultSettings, mask: Mask) -> _FileContent:
    """The content of the file, checked."""
    if options.file is None:
        return _FileContent()
    text = options.file.read()
    if not text:
        return _FileContent()
    mask([text])
    made_by = (
        f"auth/token/create/{options.own}"
        if options.type == "token"
        else f"auth/{options.mount}/role/{options.role}/secret-id"
    )
    if wrapped_by(settings, text) == made_by:
        return _FileContent(good=bool(options.wrap_ttl) and options.file.is_private, wrapping=text)
    token = look_up(settings, text)
    if (
        options.type == "token"
        and token
        and token.get("path") == made_by
        and options.own in (token.get("policies") or ())
    ):
        accessor, ttl = str(token.get("accessor") or ""), int(token.get("ttl") or 0) or None
    elif token is not None:
        remedy = "Name another file, or revoke that token first"
        raise OptionError("dest", f"{options.file.path} holds a working token that this migration does not own", remedy)
    elif options.type == "approle" and (known := operator.secret_id(options.mount, options.role, text)):
        accessor, ttl = str(known.get("secret_id_accessor") or ""), _ttl_of(known)
    else:
        return _FileContent()
    enough = ttl is None or ttl >= options.min_ttl
    return _FileContent(accessor, ttl, good=enough and options.file.is_private and not options.wrap_ttl)


def _ttl_of(known: Settings) -> int | None:
    """Seconds until a secret id expires; ``None`` where it never does."""
    if not known.get("secret_id_ttl"):
        return None
    text = str(known.get("expiration_time") or "")[:19]
    with contextlib.suppress(ValueError):
        ends = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        return max(1, int((ends - datetime.now(timezone.utc)).total_seconds()))
    return int(known["secret_id_ttl"])


def _issue(
    options: CredentialOptions,
    operator: Operator,
    settings: VaultSettings,
    result: Result,
    content: _FileContent,
    check: bool,
    mask: Mask,
) -> None:
    if options.file is None:
        return
    result.changed = True
    before = f"{options.type} with accessor {content.accessor}\n" if content.accessor else ""
    before = f"a wrapped {options.type}\n" if content.wrapping else before
    result.diff.append(change_of(str(options.file.path), before, f"a new {options.type}\n"))
    if check:
        _describe(options, result, "to_be_created", "", None)
        return
    made = _make(options, operator)
    mask([made.text])
    try:
        options.file.write(made.text)
    except SecretferryError:
        with contextlib.suppress(SecretferryError):
            _revoke(options, operator, made.accessor)
        raise
    _revoke(options, operator, content.accessor or _accessor_inside(settings, content.wrapping, mask))
    _describe(options, result, "created", made.accessor, made.ttl or None)


def _make(options: CredentialOptions, operator: Operator) -> Credential:
    if options.type == "token":
        body: Settings = {
            "policies": [options.own],
            "ttl": f"{options.ttl}s",
            "explicit_max_ttl": f"{options.max_ttl}s",  # so that a look-up shows it; the role's own limit is not shown
            "display_name": options.own,
            "meta": {"secretferry": options.own},
        }
        return operator.make_token(options.own, body, options.wrap_ttl)
    return operator.make_secret_id(options.mount, options.role, {}, options.wrap_ttl)


def _accessor_inside(settings: VaultSettings, wrapping: str, mask: Mask) -> str:
    """The accessor of the credential in a wrapping token; empty where it was unwrapped meanwhile."""
    if not wrapping:
        return ""
    try:
        inside = unwrap(settings, wrapping)
    except SecretferryError:
        return ""
    auth, data = inside.get("auth") or {}, inside.get("data") or {}
    mask([str(auth.get("client_token") or ""), str(data.get("secret_id") or "")])
    return str(auth.get("accessor") or data.get("secret_id_accessor") or "")


def _revoke(options: CredentialOptions, operator: Operator, accessor: str) -> None:
    if not accessor:
        return
    if options.type == "token":
        if operator.token_by_accessor(accessor) is not None:
            operator.revoke_accessor(accessor)
    else:
        operator.destroy_secret_id(options.mount, options.role, accessor)


def _describe(options: CredentialOptions, result: Result, state: str, accessor: str, ttl: int | None) -> None:
    if options.file is None:
        return
    path = str(options.file.path)
    result.values["credential"] = {
        "type": options.type,
        "state": state,
        "accessor": accessor,
        "ttl": ttl,
        "wrapped": bool(options.wrap_ttl),
        "dest": path,
    }
    if options.type == "token":
        method = "wrapped_token" if options.wrap_ttl else "token"
        result.values["auth"] = {"method": method, f"{method}_file": path}
    else:
        secret_id = "wrapped_secret_id_file" if options.wrap_ttl else "secret_id_file"
        result.values["auth"] = {"method": "approle", "mount_point": options.mount, "role_id": "", secret_id: path}
