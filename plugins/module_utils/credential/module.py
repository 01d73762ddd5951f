# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``source_credential``: from its options to its result."""

from __future__ import annotations

import asyncio
import contextlib
import typing as t

from ..common.checks import conclude, counted
from ..common.result import Result
from ..common.sessions import open_source
from ..errors import OptionError
from ..options import VaultSettings, resolve_operator, resolve_source
from .audit import Limits, audit
from .present import make_present, rotate
from .revoke import Revocation, given_settings
from .scope import CONCURRENCY, areas_of, kv_options, open_operator, policy_of
from .spec import CredentialOptions, wanted

__all__ = ["source_credential"]

_Params = t.Mapping[str, t.Any]
_Mask = t.Callable[[t.Iterable[str]], None]


async def source_credential(params: _Params, *, check: bool, mask: _Mask) -> Result:
    """Make, judge, rotate or end the temporary credential of a migration.

    :param params: the module's options.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: it did not happen; the message says what did not.
    """
    want = wanted(params)
    kv_options(params["source"])
    result = Result()
    if want.state == "audited":
        await _audited(params, want, result, mask)
    elif want.state == "revoked":
        await _revoked(params, want, result, check=check, mask=mask)
    else:
        await _made(params, want, result, check=check, mask=mask)
    return result


async def _made(params: _Params, want: CredentialOptions, result: Result, *, check: bool, mask: _Mask) -> None:
    settings = resolve_operator(params["operator"], params["source"])
    async with open_operator(params, mask) as (reader, operator):
        if want.state == "rotated":
            await rotate(want, operator, settings, result, check=check, mask=mask)
            return
        areas = await areas_of(reader, params["source"])
        if not areas:
            raise OptionError("source.paths", "the operator sees no KV mount", "Name what is to migrate")
        policy = policy_of(
            areas,
            params["source"],
            namespace=settings.namespace,
            engine=params["engine"],
            list_mounts=params["list_mounts"],
        )
        result.values["policy"] = policy.text
        result.warnings += policy.notes
        await make_present(want, operator, settings, policy, result, check=check, mask=mask)


async def _revoked(params: _Params, want: CredentialOptions, result: Result, *, check: bool, mask: _Mask) -> None:
    given = given_settings(params["source"])
    named = want.file or want.accessor or want.own or (params["source"] or {}).get("auth")
    if not named:
        raise OptionError(
            "state", "nothing is named that could be revoked", "Give name, write_to, accessor or source.auth"
        )
    async with contextlib.AsyncExitStack() as stack:
        operator = None
        if want.operated:
            settings = resolve_operator(params["operator"], params["source"])
            _reader, operator = await stack.enter_async_context(open_operator(params, mask))
        else:
            settings = given or _unauthenticated(params)
        revocation = Revocation(want, settings, operator, result, check=check, mask=mask)
        try:
            await asyncio.to_thread(revocation.run, given)
        finally:
            result.values.update(revoked=revocation.revoked, removed=revocation.removed)
        result.values["dead"] = all(entry["dead"] for entry in revocation.revoked)


def _unauthenticated(params: _Params) -> VaultSettings:
    """The Vault, for a token that ends itself: no login of anybody's is looked for."""
    source = {**(params["source"] or {}), "auth": {"method": "token", "token": "none"}}
    return resolve_source(source)


async def _audited(params: _Params, want: CredentialOptions, result: Result, mask: _Mask) -> None:
    source = dict(params["source"] or {})
    if want.file is not None and want.kind == "token" and not source.get("auth"):
        source["auth"] = {"method": "token", "token_file": str(want.file.path)}
    settings = resolve_source(source)
    mask(settings.secrets())
    kv_version = kv_options(source).kv_version
    async with open_source(settings, concurrency=CONCURRENCY, kv_version=kv_version) as (reader, session):
        mask([session.token])
        try:
            areas = await areas_of(reader, source)
            found = await audit(reader, session, areas, source, Limits(min_ttl=want.min_ttl, max_ttl=want.max_ttl))
            policy = policy_of(
                areas,
                source,
                namespace=settings.namespace,
                engine=params["engine"],
                list_mounts=params["list_mounts"],
            )
        finally:
            # The token of this login has served; one that was given is left alone.
            await asyncio.to_thread(session.close, revoke=True)
    result.values.update(
        checks=[c.shown() for c in found.checks],
        summary=counted(found.checks),
        token=found.token,
        least_privilege=all(c.verdict == "ok" for c in found.checks),
        policy=policy.text,
    )
    result.warnings += policy.notes
    result.error = conclude(found.checks, params["fail_on"])
