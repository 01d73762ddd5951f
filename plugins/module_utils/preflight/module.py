# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``preflight``: all checks that can be made before a migration, each with a verdict and a remedy."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.gateway import Gateway
from ..assess.module import assess
from ..common.checks import Check, conclude, counted
from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_source, open_target
from ..credential.audit import Limits, audit
from ..credential.scope import areas_of, policy_of
from ..errors import LoginError, MissingLibrary, OptionError, SecretferryError
from ..options import AkeylessSettings, VaultSettings, resolve_akeyless, resolve_source, seconds_of
from ..options.gateway import PublicAddress, resolve_gateway
from ..plan.definition import Definition
from .content import content_checks
from .probe import probe_checks
from .spec import complete, first_look
from .target import PUBLIC, gateway_checks, key_check, rights_check, token_checks

__all__ = ["preflight"]

_Params = t.Mapping[str, t.Any]
_Mask = t.Callable[[t.Iterable[str]], None]
_GATEWAY_TAKES = "5"
# Logins that may work only once: what a wrapping token holds, and secret ids with a number of uses.
_ONCE = ("wrapped_token", "approle")


async def preflight(params: _Params, *, check: bool, mask: _Mask) -> Result:
    """Make every check of the engine.

    :param params: the module's options.
    :param check: leaves out the probe, the only thing that writes.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises OptionError: an option is malformed or missing. Nothing was asked yet.
    """
    started = time.monotonic()
    definition = first_look(params)
    engine, probing = params["engine"], params["probe"]
    checks: list[Check] = []
    settings = _target_settings(params, checks)
    source = resolve_source(params["source"])
    mask(settings.secrets())
    mask(source.secrets())
    result = Result()
    progress.stage("target")
    reached = await _target(params, settings, checks, mask)
    progress.stage("source")
    token = await _source(params, source, checks, result, mask)
    if token:
        progress.stage("assess")
        again = dict(params["source"] or {})
        if source.auth.method in _ONCE:
            again["auth"] = {"method": "token", "token": token}
        await _content(params, again, definition, settings if reached else None, checks, mask)
    if engine == "gateway":
        progress.stage("probe")
        checks += await _reach(params, settings, source, checks, check=check, mask=mask)
    found = complete(checks, engine, probing)
    result.values |= {
        "checks": [one.shown() for one in found],
        "summary": counted(found),
        "passed": conclude(found, params["fail_on"]) is None,
        "engine": engine,
        "durations": {"total": round(time.monotonic() - started, 3)},
    }
    result.error = conclude(found, params["fail_on"])
    return result


def _target_settings(params: _Params, checks: list[Check]) -> AkeylessSettings:
    if params["engine"] == "direct":
        return resolve_akeyless(_plain(params["akeyless"]))
    try:
        return resolve_gateway(params["akeyless"])
    except PublicAddress:
        checks.append(PUBLIC)
        return resolve_akeyless(_plain(params["akeyless"]))


def _plain(akeyless: _Params | None) -> dict[str, t.Any]:
    return {key: value for key, value in (akeyless or {}).items() if key != "gateway_url"}


async def _target(params: _Params, settings: AkeylessSettings, checks: list[Check], mask: _Mask) -> bool:
    """The checks on the side of Akeyless; whether it answers."""
    try:
        async with open_target(settings, concurrency=8) as (store, session):
            mask([session.token])
            checks.append(Check("akeyless_reachable", "ok", f"{settings.api_url} answers"))
            checks += await token_checks(session, seconds_of("min_ttl", params["min_ttl"]))
            if params["engine"] == "gateway":
                known = {check.id for check in checks}
                found = await gateway_checks(Gateway(store.client), settings, params["instances"] or ())
                checks += [check for check in found if check.id not in known]
            checks.append(await key_check(store, params["protection_key"], params["engine"]))
            checks.append(await rights_check(store, params["target_location"], params["engine"], params["probe"]))
    except LoginError as error:
        checks.append(Check("akeyless_reachable", "ok", f"{settings.api_url} answers"))
        checks.append(Check("akeyless_token", "failed", error.message, error.remedy))
        return False
    except MissingLibrary:
        raise
    except SecretferryError as error:
        checks.append(Check("akeyless_reachable", "failed", error.message, error.remedy))
        return False
    return True


async def _source(params: _Params, settings: VaultSettings, checks: list[Check], result: Result, mask: _Mask) -> str:
    """The checks on the source and its token. Returns the token; empty where nothing can be read with it."""
    limits = Limits(seconds_of("min_ttl", params["min_ttl"]), seconds_of("max_ttl", params["max_ttl"]))
    kv_version = (params["source"] or {}).get("kv_version") or "auto"
    hint = "" if params["engine"] == "direct" else " from here, which says nothing of the Gateway's own reach"
    try:
        async with contextlib.AsyncExitStack() as stack:
            reader, session = await stack.enter_async_context(
                open_source(settings, concurrency=8, kv_version=kv_version)
            )
            token = session.token
            mask([token])
            checks.append(Check("source_reachable", "ok", f"{settings.url} answers{hint}"))
            try:
                areas = await areas_of(reader, params["source"])
            except OptionError as error:
                checks.append(Check("source_paths", "failed", error.message, error.remedy))
                return ""
            found = await audit(reader, session, areas, params["source"], limits)
            checks += found.checks
            result.values["token"] = found.token
            with contextlib.suppress(OptionError):
                policy = policy_of(
                    areas,
                    params["source"],
                    namespace=settings.namespace,
                    engine=params["engine"],
                    list_mounts=params["list_mounts"],
                )
                result.values["policy"] = policy.text
    except LoginError as error:
        checks.append(Check("source_reachable", "ok", f"{settings.url} answers{hint}"))
        checks.append(Check("source_token", "failed", error.message, error.remedy))
        return ""
    except MissingLibrary:
        raise
    except SecretferryError as error:
        checks.append(Check("source_reachable", "failed", error.message, error.remedy))
        return ""
    return token


async def _content(
    params: _Params,
    source: _Params,
    definition: Definition,
    settings: AkeylessSettings | None,
    checks: list[Check],
    mask: _Mask,
) -> None:
    """What is to migrate, as kv_info sees it."""
    engine = params["engine"]
    akeyless = {**_plain(params["akeyless"]), "api_url": settings.api_url} if settings else {}
    asked = {
        "source": source,
        "akeyless": akeyless,
        "target_location": definition.target_location if settings else None,
        "read_values": params["read_values"],
        "metadata_mode": params["metadata_mode"],
        "versions": _GATEWAY_TAKES if engine == "gateway" else params["versions"],
        "layout": params["layout"],
        "value_limit": params["value_limit"],
        "invalid_characters": params["invalid_characters"],
        "concurrency": params["concurrency"],
        "report_limit": 10,
    }
    try:
        assessed = await assess(asked, check=True, mask=mask)
    except SecretferryError as error:
        checks.append(Check("source_paths", "failed", error.message, error.remedy))
        return
    checks += content_checks(assessed.values, engine, params["conflict"], target_known=settings is not None)


async def _reach(
    params: _Params,
    settings: AkeylessSettings,
    source: VaultSettings,
    checks: t.Sequence[Check],
    *,
    check: bool,
    mask: _Mask,
) -> list[Check]:
    """What only the Gateway itself can show."""
    if not params["probe"] or check:
        why = "only the Gateway itself can show that" if not params["probe"] else "there is no probe in check mode"
        return [
            Check("gateway_reach", "unknown", why, "Set probe: true to try it with a canary"),
            Check("gateway_write", "unknown", why, "Set probe: true to try it with a canary"),
        ]
    needed = ("akeyless_reachable", "akeyless_token", "gateway_api", "gateway_migrations")
    if any(one.id in needed and one.verdict == "failed" for one in checks):
        return []
    try:
        return await probe_checks(params, settings, source, mask)
    except SecretferryError as error:
        return [Check("probe_source", "failed", error.message, error.remedy)]
