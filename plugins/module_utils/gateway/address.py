# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the address that we were given is the cluster's, so that settings are never changed for one instance only.

An instance and its cluster look the same from outside. What can be known: the addresses under which clusters are
registered in the account (``list-gateways``), and the addresses of instances that the user names.
"""

from __future__ import annotations

import typing as t

from ..akeyless.gateway import Gateway
from ..errors import ApiError, OptionError
from ..options.gateway import same_place

__all__ = ["address_of", "refuse_instance"]


async def address_of(gateway: Gateway, url: str, instances: t.Sequence[str]) -> dict[str, t.Any]:
    """What is known of an address: ``{url, is, reason}``, where ``is`` is ``cluster``, ``instance`` or ``unknown``."""
    told: dict[str, t.Any] = {"url": url}
    registered: list[str] | None
    try:
        registered = [str(one.get("cluster_url") or "") for one in await gateway.clusters()]
    except ApiError as error:
        if error.status >= 500 or error.status == 429:
            raise
        registered = None
    if registered and any(same_place(one, url) for one in registered if one):
        return {**told, "is": "cluster", "reason": "a cluster is registered under this address"}
    if any(same_place(one, url) for one in instances):
        if len(instances) > 1:
            return {**told, "is": "instance", "reason": f"it is one of the {len(instances)} addresses in instances"}
        return {**told, "is": "cluster", "reason": "it is the only instance in instances"}
    if registered is None:
        return {**told, "is": "unknown", "reason": "the caller may not list the account's Gateways"}
    return {
        **told,
        "is": "unknown",
        "reason": "no cluster is registered under this address, which may be another name of one",
    }


def refuse_instance(address: t.Mapping[str, t.Any], allowed: bool) -> list[str]:
    """Nothing is written through one instance unless the user says so.

    :returns: warnings.
    :raises OptionError: it is an instance of several, and not allowed.
    """
    if address["is"] != "instance":
        return []
    if allowed:
        return [f"{address['url']} is one instance of several; allow_instance is set, so it is used all the same"]
    raise OptionError(
        "akeyless.gateway_url",
        f"{address['url']} is one instance of several: {address['reason']}",
        "Give the cluster's address (its load balancer or service), or set allow_instance",
    )
