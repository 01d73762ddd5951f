# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``access``: applications, and what each of them must and must not be able to read. No I/O."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, replace

from ..common.result import Params
from ..errors import OptionError
from ..http.transport import TlsSettings
from ..options.akeyless import AkeylessSettings, resolve_akeyless
from ..options.lookup import Lookup
from ..options.spec import Option, akeyless_spec, source_spec
from ..options.vault import VaultSettings, resolve_source
from ..plan.selection import compile_glob
from ..vault.kv_proxy import KvProxySettings

__all__ = ["Application", "GlobRules", "access_spec", "applications_of"]

_PROXY = (Option("url"), Option("ca_cert", (), "path"), Option("timeout"))
# Suboptions of a connection, and the TLS settings that they make.
_TLS = {
    "validate_certs": "verify",
    "ca_cert": "ca_cert",
    "ca_path": "ca_path",
    "client_cert": "client_cert",
    "client_key": "client_key",
    "tls_server_name": "server_name",
}
_Settings = t.TypeVar("_Settings", AkeylessSettings, VaultSettings)


def access_spec() -> dict[str, t.Any]:
    """The argument spec of the option. Documented in the fragment ``access``."""
    globs = {"type": "list", "elements": "str"}
    return {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "akeyless": {**akeyless_spec(), "required": True},
            "source": source_spec(),
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
                    "timeout": {"type": "str", "default": "30s"},
                },
            },
        },
    }


@dataclass(frozen=True)
class Application:
    """An application that is tried.

    :ivar source: its login at Vault; ``None`` if the globs say what it must be able to read.
    """

    name: str
    akeyless: AkeylessSettings
    source: VaultSettings | None
    may_read: tuple[str, ...]
    may_not_read: tuple[str, ...]
    proxy: KvProxySettings | None

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output."""
        return self.akeyless.secrets() | (self.source.secrets() if self.source else frozenset())


class GlobRules:
    """What an application must and must not be able to read, by its globs. Remembers which globs matched."""

    def __init__(self, application: Application) -> None:
        self._globs = {
            "may_read": {pattern: compile_glob(pattern) for pattern in application.may_read},
            "may_not_read": {pattern: compile_glob(pattern) for pattern in application.may_not_read},
        }
        self._matched: set[str] = set()

    def must_read(self, path: str, item: str) -> bool | None:
        """Whether the item of a source path must be readable (True), must not (False), or matches no glob (None)."""
        # All globs are tried, so that those which match nothing are known.
        may, may_not = (
            [p for p, glob in globs.items() if glob.fullmatch(path) or glob.fullmatch(item.lstrip("/"))]
            for globs in self._globs.values()
        )
        self._matched.update(may, may_not)
        return True if may else False if may_not else None

    def unmatched(self) -> list[tuple[str, str]]:
        """The globs that have matched nothing so far: option and glob."""
        return [
            (option, pattern)
            for option, globs in self._globs.items()
            for pattern in globs
            if pattern not in self._matched
        ]


def applications_of(
    given: t.Sequence[Params] | None, akeyless: AkeylessSettings, source: VaultSettings
) -> list[Application]:
    """The applications of the option.

    Suboptions of a connection that are omitted come from the module's own connection. A login never does, and nothing
    comes from the environment: otherwise another login than the application's would be tried.

    :param akeyless: the module's own connection to Akeyless.
    :param source: the module's own connection to Vault.
    :raises OptionError: something is missing, contradictory or malformed.
    """
    found: list[Application] = []
    for entry in given or ():
        name = str(entry["name"]).strip()
        where = f"access[{name}]"
        if not name or name in (application.name for application in found):
            raise OptionError(
                "access.name", f"{name!r} is empty or there twice", "Give each application a name of its own"
            )
        may, may_not = _globs(where, "may_read", entry), _globs(where, "may_not_read", entry)
        if not (may or may_not or entry.get("source")):
            raise OptionError(
                where, "nothing says what it may read", "Give may_read, may_not_read, or source with its login at Vault"
            )
        found.append(
            Application(
                name,
                _akeyless(where, entry.get("akeyless") or {}, akeyless),
                _source(where, entry["source"], source) if entry.get("source") and not (may or may_not) else None,
                may,
                may_not,
                _proxy(where, entry.get("kv_proxy")),
            )
        )
    return found


def _globs(where: str, option: str, entry: Params) -> tuple[str, ...]:
    for pattern in entry.get(option) or ():
        try:
            if not pattern.strip("/"):
                raise OptionError(f"{where}.{option}", f"{pattern!r} is not a glob", "Write ** to match every path")
            compile_glob(pattern)
        except re.error:
            raise OptionError(f"{where}.{option}", f"{pattern!r} is not a glob") from None
    return tuple(entry.get(option) or ())


def _akeyless(where: str, given: Params, own: AkeylessSettings) -> AkeylessSettings:
    url = given.get("api_url") or own.api_url
    try:
        return _completed(resolve_akeyless({**given, "api_url": url}, {}), given, own)
    except OptionError as error:
        raise _renamed(error, where) from None


def _source(where: str, given: Params, own: VaultSettings) -> VaultSettings:
    url = given.get("url") or own.url
    own_certificate = {"client_cert": own.tls.client_cert, "client_key": own.tls.client_key}
    certificate = {} if given.get("client_cert") else own_certificate
    try:
        # A home without the file ~/.vault-token.
        settings = resolve_source({**given, **certificate, "url": url}, {"HOME": os.devnull})
    except OptionError as error:
        raise _renamed(error, where) from None
    settings = _completed(settings, given, own)
    return settings if given.get("namespace") else replace(settings, namespace=own.namespace)


def _completed(settings: _Settings, given: Params, own: _Settings) -> _Settings:
    """The settings with the module's own TLS settings and timeout for those that are not given."""
    tls = {field: getattr(settings.tls, field) for option, field in _TLS.items() if given.get(option) not in (None, "")}
    if "client_cert" in tls:
        tls.setdefault("client_key", None)  # the module's own key belongs to its own certificate
    timeout = settings.timeout if given.get("timeout") not in (None, "") else own.timeout
    return replace(settings, tls=replace(own.tls, **tls), timeout=timeout)


def _proxy(where: str, given: Params | None) -> KvProxySettings | None:
    if not given:
        return None
    lookup = Lookup(f"{where}.kv_proxy", _PROXY, given, {})
    return KvProxySettings(
        lookup.vault_url("url"),
        given.get("mount_point") or "",
        int(given.get("kv_version") or 2),
        given.get("namespace") or "",
        TlsSettings(verify=given.get("validate_certs") is not False, ca_cert=lookup.file("ca_cert")),
        lookup.seconds("timeout", 30.0),
    )


def _renamed(error: OptionError, where: str) -> OptionError:
    """The error with the option paths of the application, and without variables, which are not read for it."""

    def text(said: str) -> str:
        said = re.sub(r" \(or [A-Z][A-Z0-9_]{5,}\)|,? or [A-Z][A-Z0-9_]{5,}", "", said)
        return re.sub(r"(?<![\w.])(akeyless|source)\.(?=[a-z])", rf"{where}.\1.", said)

    option = text(error.option)
    return OptionError(option, text(error.message).removeprefix(f"{option}: "), text(error.remedy))
