# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks on the side of Akeyless: the token, the Gateway, the protection key, the caller's rights. Reads only."""

from __future__ import annotations

import typing as t

from ..akeyless.gateway import Gateway, PublicGateway
from ..akeyless.items import ItemStore
from ..akeyless.session import AkeylessSession
from ..common.checks import Check, shortly
from ..errors import ApiError, NotFound, OptionError, PermissionDenied, SecretferryError
from ..gateway.address import address_of
from ..options.akeyless import AkeylessSettings
from ..options.gateway import same_place
from ..plan.naming import join
from ..stopping import stop
from ..target.account import check_protection_key

__all__ = ["PUBLIC", "gateway_checks", "key_check", "rights_check", "token_checks"]

_UNUSED = "secretferry-check"
_NEEDED = {"direct": ("create", "read", "update", "delete", "list"), "gateway": ("read", "list")}
_ROLE = "Give the caller's role these rights on {path} in Akeyless, as an item rule"

PUBLIC = Check(
    "gateway_api",
    "failed",
    "the address is that of the public API, which has no migrations",
    "Give the Gateway's address as akeyless.gateway_url (or AKEYLESS_GATEWAY_URL)",
)


async def token_checks(session: AkeylessSession, min_ttl: int) -> list[Check]:
    """Whether the token works, and for how long."""
    token = await stop.in_thread(session.self_check)
    if not token["valid"]:
        return [
            Check(
                "akeyless_token", "failed", "Akeyless says that the token is not valid", "Log in again: akeyless.auth"
            )
        ]
    who = token["access_id"] or "a token that was given"
    checks = [Check("akeyless_token", "ok", f"{who}, logged in by {token['access_type']}")]
    ttl = token["ttl"]
    if not ttl:
        checks.append(Check("akeyless_ttl", "unknown", "Akeyless does not say when the token expires"))
    elif ttl >= min_ttl:
        checks.append(Check("akeyless_ttl", "ok", f"{ttl} seconds left"))
    elif session.repeatable:
        checks.append(Check("akeyless_ttl", "ok", f"{ttl} seconds left, and the login can be repeated"))
    else:
        checks.append(
            Check(
                "akeyless_ttl",
                "failed",
                f"{ttl} seconds left, less than min_ttl ({min_ttl}), and a token cannot log in again",
                "Give a new akeyless.auth.token, or an access type that can log in again, such as access_key",
            )
        )
    return checks


async def gateway_checks(gateway: Gateway, settings: AkeylessSettings, instances: t.Sequence[str]) -> list[Check]:
    """Whether there is a Gateway, registered and running, and whether the caller may use its migrations."""
    checks = []
    try:
        count = sum(map(len, (await gateway.migrations()).values()))
    except PublicGateway:
        checks.append(PUBLIC)
    except PermissionDenied as error:
        checks.append(Check("gateway_api", "ok", f"{settings.api_url} answers the commands of Gateways"))
        checks.append(Check("gateway_migrations", "failed", error.message, error.remedy))
    except ApiError as error:
        checks.append(Check("gateway_api", "failed", error.message, error.remedy))
    else:
        checks.append(Check("gateway_api", "ok", f"{settings.api_url} answers the commands of Gateways"))
        checks.append(Check("gateway_migrations", "ok", f"the caller may use migrations; there are {count}"))
    return checks + await _registration(gateway, settings, instances)


async def _registration(gateway: Gateway, settings: AkeylessSettings, instances: t.Sequence[str]) -> list[Check]:
    try:
        clusters = await gateway.clusters()
    except ApiError:
        remedy = "Ask an administrator, or look at the Gateway in the Akeyless console"
        evidence = "the caller may not list the account's Gateways"
        return [
            Check(one, "unknown", evidence, remedy)
            for one in ("gateway_registered", "gateway_running", "gateway_address")
        ]
    address = await address_of(gateway, settings.api_url, instances)
    mine = [one for one in clusters if same_place(str(one.get("cluster_url") or ""), settings.api_url)]
    checks = []
    if not clusters:
        remedy = "Start the Gateway with an access id that may register it, and look at its log"
        checks.append(Check("gateway_registered", "failed", "no Gateway is registered in the account", remedy))
    elif not mine:
        urls = shortly([str(one.get("cluster_url") or "without an address") for one in clusters])
        checks.append(
            Check(
                "gateway_registered",
                "warning",
                f"{len(clusters)} Gateways are registered, none under this address: {urls}",
                "Give the registered address as akeyless.gateway_url, or set the cluster's URL in its configuration",
            )
        )
    else:
        checks.append(Check("gateway_registered", "ok", f"it is registered as {mine[0].get('cluster_name')}"))
    if mine:
        status = str(mine[0].get("status") or "unknown")
        fine = status.lower() == "running"
        remedy = "" if fine else "Look at the Gateway's instances and logs, and start it"
        checks.append(Check("gateway_running", "ok" if fine else "failed", f"its status is {status}", remedy))
    else:
        checks.append(Check("gateway_running", "unknown", "no registered Gateway has this address"))
    if address["type"] == "instance":
        checks.append(
            Check(
                "gateway_address",
                "failed",
                f"{settings.api_url} is one instance of several",
                "Give the cluster's address (its load balancer or service) as akeyless.gateway_url",
            )
        )
    else:
        known = address["type"] == "cluster"
        remedy = "" if known else "Check that it is the address of the cluster, and not of one instance"
        checks.append(Check("gateway_address", "ok" if known else "warning", str(address["reason"]), remedy))
    return checks


async def key_check(store: ItemStore, name: str | None, engine: str) -> Check:
    """Whether the protection key exists, and is of a type that can protect secrets.

    With ``engine: gateway`` the Gateway's own identity uses it, so a key that the caller may not read is unknown.
    """
    if not name:
        return Check("protection_key", "ok", "the account's default key")
    if engine == "gateway":
        try:
            await store.describe(name)
        except PermissionDenied:
            return Check("protection_key", "unknown", f"the caller may not read {name}", "Set probe: true to test it")
    try:
        await check_protection_key(store, name)
    except OptionError as error:
        return Check("protection_key", "failed", error.message.removeprefix("protection_key: "), error.remedy)
    return Check("protection_key", "ok", f"{name} is an AES-GCM key")


async def rights_check(store: ItemStore, location: str, engine: str, probe: bool) -> Check:
    """The caller's rights at the target location."""
    path = join(location)
    try:
        answer = await store.client.call(
            "describe-permissions",
            {"path": join(path, _UNUSED), "type": "item"},
            what=f"rights at {path}",
            repeatable=True,
        )
    except (PermissionDenied, NotFound) as error:
        return Check("target_rights", "unknown", error.message, "Ask an administrator for the caller's rights there")
    except SecretferryError as error:
        return Check("target_rights", "unknown", error.message, error.remedy)
    given = [str(one).lower() for one in answer.get("client_permissions") or ()]
    needed = [*_NEEDED[engine], *(["delete"] if probe else [])]
    lacking = [one for one in needed if one not in given]
    if lacking:
        return Check(
            "target_rights",
            "failed",
            f"at {path} the caller lacks {', '.join(lacking)}; it has {', '.join(given) or 'no right'}",
            _ROLE.format(path=join(path, "*")),
        )
    return Check("target_rights", "ok", f"at {path} the caller may {', '.join(given)}")
