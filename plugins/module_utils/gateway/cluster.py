# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_cluster_info``: clusters of the account, and whether the instances of one are consistent."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..akeyless.client import AkeylessClient
from ..akeyless.gateway import Gateway
from ..akeyless.session import AkeylessSession
from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import ApiError, OptionError, SecretferryError
from ..http.rate_limit import RateLimit
from ..http.transport import open_transport
from ..options.akeyless import AkeylessSettings
from ..options.gateway import gateway_base, resolve_gateway
from ..options.numbers import report_limit_of
from .address import address_of
from .observed import GatewayMigration, read_listing, secrets_of

__all__ = ["cluster_info"]


_INSTANCE_TIMEOUT = 5.0  # seconds


@dataclass
class _Instance:
    url: str
    healthy: bool = False
    health_status: int | None = None
    reason: str = ""
    migrations: dict[tuple[str, str], GatewayMigration] | None = field(default=None, repr=False)

    def shown(self) -> dict[str, t.Any]:
        return {
            "url": self.url,
            "healthy": self.healthy,
            "health_status": self.health_status,
            "migrations": None if self.migrations is None else len(self.migrations),
            "reason": self.reason,
        }


async def cluster_info(params: Params, *, check: bool, mask: Mask) -> Result:
    """Read the account's clusters, and the instances whose addresses are given.

    :param check: has no effect: nothing is ever written.
    :raises SecretferryError: the cluster itself cannot be asked.
    """
    started = time.monotonic()
    for url in params["instances"] or ():
        if urlsplit(url).scheme not in ("http", "https") or "@" in urlsplit(url).netloc:
            raise OptionError("instances", "an entry is not an address of the form https://host:port", "Correct it")
    limit = report_limit_of(params)
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        result = Result()
        try:
            result.values["clusters"] = [_cluster(entry) for entry in await gateway.clusters()]
        except ApiError as error:
            result.values["clusters"] = None
            result.warnings.append(f"The account's Gateways cannot be listed: {error}")
        result.values["address"] = await address_of(gateway, settings.api_url, params["instances"] or ())
        instances = [await _ask(url, settings, session, mask) for url in params["instances"] or ()]
        drift = _drift(instances)
        listed = [one for one in instances if one.migrations is not None]
        result.values |= {
            "instances": [one.shown() for one in instances],
            "all_healthy": all(one.healthy for one in instances) if instances else None,
            "drift": drift[:limit],
            "drift_count": len(drift),
            "consistent": (not drift and len(listed) == len(instances)) if len(instances) > 1 else None,
            "requests": {"akeyless": store.client.transport.requests + session.requests},
            "durations": {"total": round(time.monotonic() - started, 3)},
        }
        return result


async def _ask(url: str, settings: AkeylessSettings, session: AkeylessSession, mask: Mask) -> _Instance:
    """The health of an instance, and the migrations that it shows to the same login."""
    instance = _Instance(url)
    parts = urlsplit(url)
    health = open_transport(f"{parts.scheme}://{parts.netloc}", settings.tls, timeout=_INSTANCE_TIMEOUT, connections=1)
    api = open_transport(gateway_base(url.rstrip("/")), settings.tls, timeout=settings.timeout, connections=1)
    try:
        instance.health_status = (await health.send("GET", "/health", {})).status
        instance.healthy = instance.health_status == 200
        if not instance.healthy:
            instance.reason = f"GET /health answers {instance.health_status}"
        client = AkeylessClient(api, session, RateLimit("Gateway instance", 1, patience=_INSTANCE_TIMEOUT))
        listing = read_listing(await Gateway(client).migrations())
        mask(secrets_of(listing))
        instance.migrations = {(one.type, one.name): one for one in listing}
    except SecretferryError as error:
        instance.healthy = False
        instance.reason = str(error)
    finally:
        await health.close()
        await api.close()
    return instance


def _drift(instances: t.Sequence[_Instance]) -> list[dict[str, t.Any]]:
    """Every setting in which instances that listed their migrations differ; of credentials only that they differ."""
    listed = [one for one in instances if one.migrations is not None]
    drift: list[dict[str, t.Any]] = []
    for key in sorted({key for one in listed for key in one.migrations or ()}):
        found = {one.url: (one.migrations or {}).get(key) for one in listed}
        about = {"migration": key[1], "type": key[0]}
        if not all(found.values()):
            values: dict[str, t.Any] = {url: migration is not None for url, migration in found.items()}
            drift.append({**about, "setting": "exists", "by_instance": values})
        views = {url: migration for url, migration in found.items() if migration is not None}
        settings = {url: {"id": migration.id, **migration.settings()} for url, migration in views.items()}
        for name in sorted({name for view in settings.values() for name in view}):
            values = {url: view.get(name) for url, view in settings.items()}
            if len({repr(value) for value in values.values()}) > 1:
                drift.append({**about, "setting": name, "by_instance": values})
        credentials = {url: migration.credentials() for url, migration in views.items()}
        for name in sorted({name for view in credentials.values() for name in view}):
            if len({repr(view.get(name)) for view in credentials.values()}) > 1:
                drift.append({**about, "setting": name, "by_instance": "differs"})
    return drift


def _cluster(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The names and the state of a cluster, from an entry of list-gateways."""
    return {
        "id": entry.get("id"),
        "name": str(entry.get("cluster_name") or ""),
        "display_name": str(entry.get("display_name") or ""),
        "url": str(entry.get("cluster_url") or ""),
        "status": str(entry.get("status") or ""),
        "status_description": str(entry.get("status_description") or ""),
        "running": str(entry.get("status") or "").lower() == "running",
        "allowed": bool(entry.get("allowed", True)),
    }
