# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the Gateway's address is the cluster's, so that settings are never changed for one instance only.

An instance and its cluster look the same from outside. Two sources can tell them apart: the addresses under which
clusters are registered in the account (``list-gateways``), and the option ``instances``.
"""

from __future__ import annotations

import typing as t

from ..akeyless.gateway import Gateway
from ..errors import ApiError, OptionError
from ..options.gateway import same_place

__all__ = ["address_of", "reject_instance"]


async def address_of(gateway: Gateway, url: str, instances: t.Sequence[str]) -> dict[str, t.Any]:
    """What is known of an address: ``{url, type, reason}``; the type is ``cluster``, ``instance`` or ``unknown``."""
    address: dict[str, t.Any] = {"url": url}
    registered: list[str] | None
    try:
        registered = [str(one.get("cluster_url") or "") for one in await gateway.clusters()]
    except ApiError as error:
        if error.status >= 500 or error.status == 429:
            raise
        registered = None
    if registered and any(same_place(one, url) for one in registered if one):
        return {**address, "type": "cluster", "reason": "a cluster is registered under this address"}
    if any(same_place(one, url) for one in instances):
        if len(instances) > 1:
            return {
                **address,
                "type": "instance",
                "reason": f"it is one of the {len(instances)} addresses in instances",
            }
        return {**address, "type": "cluster", "reason": "it is the only instance in instances"}
    if registered is None:
        return {**address, "type": "unknown", "reason": "the caller may not list the account's Gateways"}
    return {
        **address,
        "type": "unknown",
        "reason": "no cluster is registered under this address; it may be another name of a registered one",
    }


def reject_instance(address: t.Mapping[str, t.Any], allowed: bool) -> list[str]:
    """Stop before a write through one instance, unless the user allows it.

    :param allowed: the option ``allow_instance``.
    :returns: warnings.
    :raises OptionError: the address is an instance of several, and not allowed.
    """
    if address["type"] != "instance":
        return []
    if allowed:
        return [
            f"{address['url']} is one instance of several; as allow_instance is set, settings are written through it"
        ]
    raise OptionError(
        "akeyless.gateway_url",
        f"{address['url']} is one instance of several: {address['reason']}",
        "Give the cluster's address (its load balancer or service), or set allow_instance",
    )
