# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the value of an option: the option itself, its file, its variable, the file that the variable names.

The first that is given and not empty wins. Errors name the option, the variable and the file, never the value.
"""

from __future__ import annotations

import functools
import os
import re
import typing as t
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import OptionError
from ..http.transport import TlsSettings
from .durations import parse_duration
from .private_files import check_private
from .spec import Option

if t.TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Found", "LoginFiles", "Lookup", "Params", "header_safe", "maskable", "read_text", "secret", "tls_settings"]

Params: t.TypeAlias = t.Mapping[str, t.Any] | None

SHORTEST_MASKED = 8
"""Characters. Ansible masks every occurrence of a registered string: a short one would mangle unrelated output."""

_MOST_BYTES = 1 << 20
_TRUE = {"1", "t", "true", "yes", "on", "y"}
_FALSE = {"0", "f", "false", "no", "off", "n"}


@dataclass(frozen=True)
class Found:
    """The place of a value. ``rank``: 0 for options, 1 for variables. ``where`` names it in messages."""

    rank: int
    where: str
    text: str | None = None
    path: str | None = None


class Lookup:
    """Looks up the options of one dict.

    :param prefix: the option path of the dict, for example ``source.auth``.
    :param params: what the user gave there.
    """

    def __init__(self, prefix: str, table: tuple[Option, ...], params: Params, environ: t.Mapping[str, str]) -> None:
        self.prefix = prefix
        self._table = {option.name: option for option in table}
        self._params = params or {}
        self._environ = environ

    def path_of(self, name: str) -> str:
        """The option path, for example ``source.auth.role_id``."""
        return f"{self.prefix}.{name}"

    def knows(self, name: str) -> bool:
        """Whether there is an option of that name."""
        return name in self._table

    def find(self, name: str) -> Found | None:
        """Where the value is, without reading any file."""
        option = self._table[name]
        given = _text(self._params.get(name))
        if given:
            return Found(0, self.path_of(name), text=given)
        if option.file and (file := _text(self._params.get(f"{name}_file"))):
            return Found(0, self.path_of(f"{name}_file"), path=file)
        for variable in option.env:
            if value := self._environ.get(variable, "").strip():
                return Found(1, variable, text=value)
            if option.type == "str" and (file := self._environ.get(f"{variable}_FILE", "").strip()):
                return Found(1, f"{variable}_FILE", path=file)
        return None

    def read(self, name: str, found: Found) -> str:
        """The value of ``name`` at its place.

        :raises OptionError: the file cannot be read or is empty, or every user may change it and it is a credential's.
        """
        if not found.path:
            return found.text or ""
        if self._table[name].secret:
            check_private(found.path, self.path_of(name))
        return read_text(found.path, self.path_of(name), found.where)

    def text(self, name: str, aliases: t.Mapping[str, str] | None = None) -> str:
        """The value, from its file if need be; empty if it is not given anywhere.

        :param aliases: other spellings of choices, and what they stand for.
        :raises OptionError: the file cannot be read or is empty, or the value is none of the choices.
        """
        found = self.find(name)
        if found is None:
            return ""
        value = self.read(name, found)
        value = (aliases or {}).get(value, value)
        choices = self._table[name].choices
        if choices and value not in choices:
            raise OptionError(
                self.path_of(name), f"the value in {found.where} is not known", f"Give one of {', '.join(choices)}"
            )
        return value

    def hint(self, name: str) -> str:
        """The ways to give an option, for remedies: ``source.auth.role_id (or role_id_file, or VAULT_ROLE_ID)``."""
        option = self._table[name]
        ways = [f"{name}_file"] if option.file else []
        ways += option.env
        return self.path_of(name) + (f" (or {', or '.join(ways)})" if ways else "")

    def url(self, name: str, default: str = "") -> str:
        """An http or https URL without a trailing slash; a path prefix is kept.

        :raises OptionError: it is missing, or is not such a URL, or holds credentials.
        """
        found = self.find(name)
        where = found.where if found else ""
        value = (self.text(name) or default).rstrip("/")
        if not value:
            raise OptionError(self.path_of(name), "no address is given", f"Give {self.hint(name)}")
        remedy = f"Give {where or self.path_of(name)} in the form https://host:port"
        try:
            parts = urlsplit(value)
            host = parts.hostname
            _port = parts.port  # raises where it is no number
        except ValueError:
            raise OptionError(self.path_of(name), "the address is malformed", remedy) from None
        if "@" in parts.netloc:
            raise OptionError(
                self.path_of(name), "the address holds credentials", f"{remedy}, credentials in {self.prefix}.auth"
            )
        if parts.scheme not in ("http", "https") or not host or re.search(r"\s", value):
            raise OptionError(self.path_of(name), "the address is not an http or https URL", remedy)
        if parts.query or parts.fragment:
            raise OptionError(self.path_of(name), "the address has a query or a fragment", remedy)
        return value

    def vault_url(self, name: str) -> str:
        """A URL of a server that answers like Vault, as :meth:`url`.

        :raises OptionError: it holds the API's ``/v1``, too, which each request adds.
        """
        value = self.url(name)
        if re.search(r"/v1(?:/|$)", urlsplit(value).path):
            found = self.find(name)
            raise OptionError(
                self.path_of(name),
                "the address has /v1 in it, which each request adds by itself",
                f"Give {found.where if found else self.path_of(name)} without /v1 and what follows",
            )
        return value

    def flag(self, name: str, opposite: str, default: bool = True) -> bool:
        """True or false. ``opposite`` is a variable with the opposite meaning, in the words of Go's ParseBool."""
        given = self._params.get(name)
        if given is not None and given != "":
            return bool(given)
        text = self._environ.get(opposite, "").strip().lower()
        if text and text not in _TRUE | _FALSE:
            raise OptionError(self.path_of(name), f"{opposite} is neither true nor false", f"Set {opposite} to 1 or 0")
        return text not in _TRUE if text else default

    def seconds(self, name: str, default: float) -> float:
        """A duration in seconds."""
        found = self.find(name)
        if found is None:
            return default
        value = parse_duration(self.text(name))
        if value is None or value <= 0:
            raise OptionError(
                self.path_of(name),
                f"{found.where} is not a duration above zero",
                "Give a duration such as 90s or 1m30s",
            )
        return value

    def file(self, name: str, *, folder: bool = False) -> str | None:
        """A path to a readable file (or folder) that is used as it is.

        :raises OptionError: there is no such file, or it may not be read.
        """
        found = self.find(name)
        if found is None or not found.text:
            return None
        path = Path(found.text).expanduser()
        kind = "folder" if folder else "file"
        if not (path.is_dir() if folder else path.is_file()):
            raise OptionError(self.path_of(name), f"there is no {kind} {path}", f"Correct {found.where}")
        if not os.access(path, os.R_OK):
            raise OptionError(self.path_of(name), f"the {kind} {path} may not be read", "Change its mode or owner")
        return str(path)


def read_text(path: str, option: str, where: str) -> str:
    """The text in a file, without surrounding white space.

    :raises OptionError: it is missing, unreadable, empty, too large or not text.
    """
    file = Path(path).expanduser()
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        text = content.decode().strip()
    except FileNotFoundError:
        raise OptionError(option, f"there is no file {file}", f"Correct {where}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OptionError(option, f"the file {file} cannot be read ({reason})", f"Correct {where}") from None
    except UnicodeDecodeError:
        raise OptionError(option, f"the file {file} is not text", f"Correct {where}") from None
    if len(content) > _MOST_BYTES:
        raise OptionError(option, f"the file {file} is larger than 1 MiB", f"Correct {where}")
    if not text:
        raise OptionError(option, f"the file {file} is empty", f"Write the value into it, or correct {where}")
    return text


@dataclass(frozen=True)
class LoginFiles:
    """The part of a login that came from files. Rotators, agents and kubelets replace such files during a run."""

    option: t.ClassVar[str] = ""
    """The option path of the login."""

    files: t.Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """The path of the file, by suboption."""

    def fresh(self, name: str) -> str:
        """The value of ``name`` now: read again if it came from a file, else (or if that fails) the first value."""
        if path := self.files.get(name):
            try:
                return read_text(path, f"{self.option}.{name}", path)
            except OptionError:
                pass
        return t.cast(str, getattr(self, name))


def tls_settings(lookup: Lookup, opposite: str) -> TlsSettings:
    """The TLS settings of a connection, whose files exist. ``opposite``: see :meth:`Lookup.flag`."""
    cert, key = lookup.file("client_cert"), lookup.file("client_key")
    if key and not cert:
        raise OptionError(
            lookup.path_of("client_cert"), "a key without its certificate", f"Give {lookup.hint('client_cert')}"
        )
    if key:
        check_private(key, lookup.path_of("client_key"))
    return TlsSettings(
        verify=lookup.flag("validate_certs", opposite),
        ca_cert=lookup.file("ca_cert"),
        ca_path=lookup.file("ca_path", folder=True) if lookup.knows("ca_path") else None,
        client_cert=cert,
        client_key=key,
        server_name=(lookup.text("tls_server_name") or None) if lookup.knows("tls_server_name") else None,
    )


def header_safe(option: str, value: str) -> None:
    """Check that a value can be part of an HTTP header.

    :raises OptionError: it has a blank, a line break or a character outside ASCII.
    """
    if re.search(r"[^!-~]", value):
        raise OptionError(option, "there are blanks, line breaks or non-ASCII characters in it", "Give the bare token")


def maskable(auth: DataclassInstance) -> frozenset[str]:
    """The credentials of a login that are long enough to be masked in output."""
    values = (getattr(auth, f.name) for f in fields(auth) if f.metadata.get("secret"))
    return frozenset(value for value in values if len(value) >= SHORTEST_MASKED)


# A dataclass field for a credential: empty by default, never in ``repr``, found by :func:`maskable`.
secret = functools.partial(field, default="", repr=False, metadata={"secret": True})


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
