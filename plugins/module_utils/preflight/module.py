# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``preflight``: all checks that are possible before a migration, each with a verdict and a remedy."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.gateway import Gateway
from ..assess.session import assess_source
from ..common.checks import Check, conclude, counted
from ..common.progress import progress
from ..common.result import Mask, Params, Result
from ..common.sessions import open_source, open_target
from ..credential.audit import AuditLimits, audit
from ..credential.scope import areas_of, policy_of
from ..errors import LoginError, MissingLibrary, OptionError, SecretferryError
from ..options.akeyless import AkeylessSettings, resolve_akeyless
from ..options.durations import seconds_of
from ..options.gateway import PublicApi, resolve_gateway
from ..options.vault import VaultSettings, resolve_source
from ..plan.definition import Definition
from .content import content_checks
from .probe import probe_checks
from .spec import check_options, complete
from .target import PUBLIC, gateway_checks, key_check, rights_check, token_checks

__all__ = ["preflight"]

_GATEWAY_VERSIONS = "5"  # a Gateway migrates the newest five
# Logins that may work only once: wrapping tokens, and secret ids with a limited number of uses.
_ONCE = ("wrapped_token", "approle")


async def preflight(params: Params, *, check: bool, mask: Mask) -> Result:
    """Make every check of the engine.

    :param params: the module's options.
    :param check: leaves out the probe, which is the only part that writes.
    :param mask: registers credentials, so that no output shows one.
    :raises OptionError: an option is malformed or missing. No request was sent yet.
    """
    started = time.monotonic()
    definition = check_options(params)
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
    async with contextlib.AsyncExitStack() as stack:
        token = await _source(params, source, checks, result, mask, stack)
        if token:
            progress.stage("assess")
            again = dict(params["source"] or {})
            if source.auth.method in _ONCE:
                again["auth"] = {"method": "token", "token": token}
            await _content(params, again, definition, settings if reached else None, checks, mask)
    if engine == "gateway":
        progress.stage("probe")
        checks += await _probe(params, settings, source, checks, check=check, mask=mask)
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


def _target_settings(params: Params, checks: list[Check]) -> AkeylessSettings:
    if params["engine"] == "direct":
        return resolve_akeyless(_plain(params["akeyless"]))
    try:
        return resolve_gateway(params["akeyless"])
    except PublicApi:
        checks.append(PUBLIC)
        return resolve_akeyless(_plain(params["akeyless"]))


def _plain(akeyless: Params | None) -> dict[str, t.Any]:
    return {key: value for key, value in (akeyless or {}).items() if key != "gateway_url"}


async def _target(params: Params, settings: AkeylessSettings, checks: list[Check], mask: Mask) -> bool:
    """Make the checks of Akeyless. Returns whether it answers and the login works."""
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


async def _source(
    params: Params,
    settings: VaultSettings,
    checks: list[Check],
    result: Result,
    mask: Mask,
    stack: contextlib.AsyncExitStack,
) -> str:
    """Make the checks of the source and its token. Returns the token; empty where it can read nothing.

    :param stack: the token is valid until it is closed.
    """
    limits = AuditLimits(seconds_of("min_ttl", params["min_ttl"]), seconds_of("max_ttl", params["max_ttl"]))
    kv_version = (params["source"] or {}).get("kv_version") or "auto"
    hint = "" if params["engine"] == "direct" else " this host, which does not show whether it answers the Gateway"
    try:
        reader, session = await stack.enter_async_context(open_source(settings, concurrency=8, kv_version=kv_version))
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
            policy = policy_of(areas, params, source=params["source"], namespace=settings.namespace)
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
    params: Params,
    source: Params,
    definition: Definition,
    settings: AkeylessSettings | None,
    checks: list[Check],
    mask: Mask,
) -> None:
    """Make the checks of the secrets to migrate, from the assessment of kv_info."""
    engine = params["engine"]
    akeyless = {**_plain(params["akeyless"]), "api_url": settings.api_url} if settings else {}
    options = {
        "source": source,
        "akeyless": akeyless,
        "target_location": definition.target_location if settings else None,
        "read_values": params["read_values"],
        "metadata_mode": params["metadata_mode"],
        "versions": _GATEWAY_VERSIONS if engine == "gateway" else params["versions"],
        "layout": params["layout"],
        "value_limit": params["value_limit"],
        "invalid_characters": params["invalid_characters"],
        "mount_folders": params["mount_folders"],
        "concurrency": params["concurrency"],
        "report_limit": 10,
    }
    try:
        assessed = await assess_source(options, mask)
    except SecretferryError as error:
        checks.append(Check("source_paths", "failed", error.message, error.remedy))
        return
    checks += content_checks(assessed.values, engine, params["conflict"], target_known=settings is not None)


async def _probe(
    params: Params,
    settings: AkeylessSettings,
    source: VaultSettings,
    checks: t.Sequence[Check],
    *,
    check: bool,
    mask: Mask,
) -> list[Check]:
    """Make the checks that only the Gateway itself can show, with the probe."""
    if not params["probe"] or check:
        why = "only the Gateway itself can show it" if not params["probe"] else "there is no probe in check mode"
        return [
            Check("gateway_source_reachable", "unknown", why, "Set probe: true to test it with a canary"),
            Check("gateway_write", "unknown", why, "Set probe: true to test it with a canary"),
        ]
    needed = ("akeyless_reachable", "akeyless_token", "gateway_api", "gateway_migrations")
    if any(one.id in needed and one.verdict == "failed" for one in checks):
        return []
    try:
        return await probe_checks(params, settings, source, mask)
    except SecretferryError as error:
        return [Check("probe_source", "failed", error.message, error.remedy)]
