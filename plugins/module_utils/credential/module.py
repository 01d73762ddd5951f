# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules ``source_credential`` and ``source_credential_info``: from their options to their results."""

from __future__ import annotations

import asyncio
import contextlib

from ..common.checks import conclude, counted
from ..common.result import Mask, Params, Result
from ..common.sessions import open_source
from ..errors import OptionError
from ..options.durations import seconds_of
from ..options.vault import VaultSettings, resolve_operator, resolve_source
from ..plan.definition import check_identity
from ..vault.operator import Operator
from .audit import AuditLimits, audit
from .credential_file import CredentialFile
from .present import make_present, rotate
from .revoke import Revocation, given_settings
from .scope import CONCURRENCY, areas_of, kv_options, open_operator, policy_of
from .spec import CredentialOptions, credential_options

__all__ = ["source_credential", "source_credential_info"]


async def source_credential(params: Params, *, check: bool, mask: Mask) -> Result:
    """Make, rotate or revoke the temporary credential of a migration.

    :param params: the module's options.
    :param mask: registers credentials, so that no output shows one.
    :raises SecretferryError: it failed; the message says what failed.
    """
    options = credential_options(params)
    kv_options(params["source"])
    result = Result()
    if options.state == "absent":
        await _absent(params, options, result, check=check, mask=mask)
    else:
        await _present(params, options, result, check=check, mask=mask)
    return result


async def _present(params: Params, options: CredentialOptions, result: Result, *, check: bool, mask: Mask) -> None:
    settings = resolve_operator(params["operator_auth"], params["source"])
    async with open_operator(params, mask) as (reader, session):
        operator = Operator(session)
        if options.state == "rotated":
            await rotate(options, operator, settings, result, check=check, mask=mask)
            return
        areas = await areas_of(reader, params["source"])
        if not areas:
            raise OptionError("source.paths", "the operator may see no KV mount", "Name the paths to migrate")
        policy = policy_of(areas, params, source=params["source"], namespace=settings.namespace)
        result.values["policy"] = policy.text
        result.warnings += policy.notes
        await make_present(options, operator, settings, policy, result, check=check, mask=mask)


async def _absent(params: Params, options: CredentialOptions, result: Result, *, check: bool, mask: Mask) -> None:
    given = given_settings(params["source"])
    named = options.file or options.accessor or options.own or (params["source"] or {}).get("auth")
    if not named:
        raise OptionError("state", "no credential to revoke is named", "Give name, dest, accessor or source.auth")
    async with contextlib.AsyncExitStack() as stack:
        operator = None
        if options.has_operator:
            settings = resolve_operator(params["operator_auth"], params["source"])
            _reader, session = await stack.enter_async_context(open_operator(params, mask))
            operator = Operator(session)
        else:
            settings = given or _unauthenticated(params)
        revocation = Revocation(options, settings, operator, result, check=check, mask=mask)
        try:
            await asyncio.to_thread(revocation.run, given)
        finally:
            result.values.update(revocations=revocation.revocations, removed=revocation.removed)
        result.values["revoked"] = all(entry["revoked"] for entry in revocation.revocations)


def _unauthenticated(params: Params) -> VaultSettings:
    """The Vault, for a token that revokes itself: no other login is looked up."""
    return resolve_source({**(params["source"] or {}), "auth": {"method": "token", "token": "none"}})


async def source_credential_info(params: Params, *, check: bool, mask: Mask) -> Result:
    """Check the rights and the life of the credential of a migration.

    :param params: the module's options.
    :param check: has no effect: nothing is ever written.
    :param mask: registers credentials, so that no output shows one.
    :raises SecretferryError: Vault could not be asked. Checks that failed are in ``Result.error``.
    """
    source = dict(params["source"] or {})
    if params["name"]:
        check_identity(params["name"], "/any")
    if params["dest"] and params["type"] == "token" and not source.get("auth"):
        source["auth"] = {"method": "token", "token_file": str(CredentialFile(params["dest"]).path)}
    limits = AuditLimits(seconds_of("min_ttl", params["min_ttl"]), seconds_of("max_ttl", params["max_ttl"]))
    kv_version = kv_options(source).kv_version
    settings = resolve_source(source)
    mask(settings.secrets())
    async with open_source(settings, concurrency=CONCURRENCY, kv_version=kv_version) as (reader, session):
        mask([session.token])
        try:
            areas = await areas_of(reader, source)
            found = await audit(reader, session, areas, source, limits)
            policy = policy_of(areas, params, source=source, namespace=settings.namespace)
        finally:
            # Revokes the token that this login made. A token that was given stays valid.
            await asyncio.to_thread(session.close, revoke=True)
    return Result(
        values={
            "checks": [c.shown() for c in found.checks],
            "summary": counted(found.checks),
            "token": found.token,
            "least_privilege": all(c.verdict == "ok" for c in found.checks),
            "policy": policy.text,
        },
        warnings=list(policy.notes),
        error=conclude(found.checks, params["fail_on"]),
    )
