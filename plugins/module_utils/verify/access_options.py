# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``access``: application identities, and what each must and must not be able to read. No I/O."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, replace

from ..errors import OptionError
from ..http.transport import TlsSettings
from ..options import AkeylessSettings, VaultSettings, resolve_akeyless, resolve_source
from ..options.lookup import Lookup
from ..options.spec import AKEYLESS_AUTH, VAULT_AUTH, Option, auth_spec
from ..plan.selection import compile_glob
from ..vault.kv_proxy import KvProxySettings

__all__ = ["Identity", "access_spec", "identities"]

_PROXY = (Option("url"), Option("ca_cert", (), "path"), Option("timeout", (), "float"))


def access_spec() -> dict[str, t.Any]:
    """The argument spec of the option. Documented in the fragment ``access``."""
    globs = {"type": "list", "elements": "str"}
    return {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "akeyless": {**auth_spec(AKEYLESS_AUTH), "required": True},
            "vault": auth_spec(VAULT_AUTH),
            "may_read": globs,
            "may_not_read": globs,
            "kv_proxy": {
                "type": "dict",
                "options": {
                    "url": {"type": "str", "required": True},
                    "mount_point": {"type": "str"},
                    "kv_version": {"type": "int", "choices": [1, 2], "default": 2},
                    "namespace": {"type": "str"},
                    "ca_cert": {"type": "path"},
                    "validate_certs": {"type": "bool", "default": True},
                    "timeout": {"type": "float", "default": 30.0},
                },
            },
        },
    }


@dataclass(frozen=True)
class Identity:
    """An application.

    :ivar vault: the identity that it has at Vault; ``None`` where the lists say what it may read.
    """

    name: str
    akeyless: AkeylessSettings
    vault: VaultSettings | None
    may_read: tuple[str, ...]
    may_not_read: tuple[str, ...]
    proxy: KvProxySettings | None

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output."""
        return self.akeyless.secrets() | (self.vault.secrets() if self.vault else frozenset())


def identities(
    given: t.Sequence[t.Mapping[str, t.Any]] | None, akeyless: AkeylessSettings, source: VaultSettings
) -> list[Identity]:
    """The identities of the option.

    Each says itself how it logs in: neither the environment nor the migration's own login ever stands in for it, or
    the check would try the wrong one.

    :param akeyless: where Akeyless is.
    :param source: where the Vault is.
    :raises OptionError: something is missing, contradictory or malformed.
    """
    found: list[Identity] = []
    for entry in given or ():
        name = str(entry["name"]).strip()
        where = f"access[{name}]"
        if not name or name in (identity.name for identity in found):
            raise OptionError(
                "access.name", f"{name!r} is empty or there twice", "Give each identity a name of its own"
            )
        may, may_not = _globs(where, "may_read", entry), _globs(where, "may_not_read", entry)
        if not (may or may_not or entry.get("vault")):
            raise OptionError(
                where, "nothing says what it may read", "Give may_read, may_not_read, or the vault identity it replaces"
            )
        found.append(
            Identity(
                name,
                _akeyless(where, entry, akeyless),
                _vault(where, entry, source) if entry.get("vault") and not (may or may_not) else None,
                may,
                may_not,
                _proxy(where, entry.get("kv_proxy")),
            )
        )
    return found


def _globs(where: str, option: str, entry: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    for pattern in entry.get(option) or ():
        try:
            if not pattern.strip("/"):
                raise OptionError(f"{where}.{option}", f"{pattern!r} is not a glob", "Write ** to match every path")
            compile_glob(pattern)
        except re.error:
            raise OptionError(f"{where}.{option}", f"{pattern!r} is not a glob") from None
    return tuple(entry.get(option) or ())


def _akeyless(where: str, entry: t.Mapping[str, t.Any], akeyless: AkeylessSettings) -> AkeylessSettings:
    try:
        alone = resolve_akeyless({"api_url": akeyless.api_url, "auth": entry.get("akeyless") or {}}, {})
    except OptionError as error:
        raise _renamed(error, "akeyless.auth", f"{where}.akeyless") from None
    return replace(akeyless, auth=alone.auth)


def _vault(where: str, entry: t.Mapping[str, t.Any], source: VaultSettings) -> VaultSettings:
    tls = {"client_cert": source.tls.client_cert, "client_key": source.tls.client_key}
    try:
        # A home where there is no ~/.vault-token.
        alone = resolve_source({"url": source.url, "auth": entry["vault"], **tls}, {"HOME": os.devnull})
    except OptionError as error:
        raise _renamed(error, "source.auth", f"{where}.vault") from None
    return replace(source, auth=alone.auth)


def _proxy(where: str, given: t.Mapping[str, t.Any] | None) -> KvProxySettings | None:
    if not given:
        return None
    lookup = Lookup(f"{where}.kv_proxy", _PROXY, given, {})
    return KvProxySettings(
        lookup.url("url"),
        given.get("mount_point") or "",
        int(given.get("kv_version") or 2),
        given.get("namespace") or "",
        TlsSettings(verify=given.get("validate_certs") is not False, ca_cert=lookup.file("ca_cert")),
        lookup.seconds("timeout", 30.0),
    )


def _renamed(error: OptionError, old: str, new: str) -> OptionError:
    """The same, said of the option that was really given; there are no variables for it."""

    def text(told: str) -> str:
        told = re.sub(r" \(or [A-Z][A-Z0-9_]{5,}\)|,? or [A-Z][A-Z0-9_]{5,}", "", told)
        return told.replace(old, new)

    option = text(error.option)
    return OptionError(option, text(error.message).removeprefix(f"{option}: "), text(error.remedy))
