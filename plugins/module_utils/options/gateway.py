# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``akeyless`` of modules that speak to a Gateway: the same login, but the Gateway's own address."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from urllib.parse import urlsplit

from ..errors import OptionError
from .akeyless import AkeylessSettings, resolve_akeyless
from .lookup import Lookup, Params
from .spec import AKEYLESS, Option

__all__ = ["GATEWAY", "PublicAddress", "gateway_base", "is_public", "resolve_gateway", "same_place"]

GATEWAY = (Option("gateway_url", ("AKEYLESS_GATEWAY_URL",)),)

_ROOT_PORT = 8081  # there the API is at the root; at 8000 it is below /api/v2 (docs.akeyless.io)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class PublicAddress(OptionError):
    """An address of the service itself is given where a Gateway's belongs."""


def resolve_gateway(params: Params, environ: t.Mapping[str, str] | None = None) -> AkeylessSettings:
    """The settings that the option ``akeyless`` and the environment give, with the Gateway as ``api_url``.

    ``gateway_url`` comes before ``api_url``, and options before variables.

    :raises PublicAddress: the address is the public API's.
    :raises OptionError: no Gateway is named, or as :func:`resolve_akeyless`.
    """
    environ = os.environ if environ is None else environ
    params = params or {}
    own = Lookup("akeyless", GATEWAY, params, environ)
    api = Lookup("akeyless", AKEYLESS, params, environ)
    named, general = own.find("gateway_url"), api.find("api_url")
    if named is None and general is None:
        raise OptionError("akeyless.gateway_url", "no Gateway is named", f"Give {own.hint('gateway_url')}")
    use_own = named is not None and (general is None or named.rank <= general.rank)
    lookup, name = (own, "gateway_url") if use_own else (api, "api_url")
    url = lookup.url(name)
    if is_public(url):
        raise PublicAddress(
            f"akeyless.{name}",
            f"{url} is the public API, which has no migrations",
            f"Give the Gateway's address as {own.hint('gateway_url')}",
        )
    base = gateway_base(url)
    return replace(resolve_akeyless({**params, "api_url": base}, environ), api_url=base)


def gateway_base(url: str) -> str:
    """Where the API is on a Gateway: below ``/api/v2``, but at the root of port 8081. A path that is given is kept."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") or parts.port == _ROOT_PORT else f"{url.rstrip('/')}/api/v2"


def is_public(url: str) -> bool:
    """Whether this is an address of the service itself, such as https://api.akeyless.io."""
    host = (urlsplit(url).hostname or "").lower()
    return host == "api.akeyless.io" or (host.startswith("api.") and host.endswith(".akeyless.io"))


def same_place(one: str, other: str) -> bool:
    """Whether two addresses name one server: host and port, whatever the path."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    return (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(parts.scheme, 0)
