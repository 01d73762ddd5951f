# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file in which ``vault_usage_info`` tells ``kv_batches`` who uses which secret. Names only.

    {"usage_format": 1, "first": "...", "last": "...",
     "identities": {"approle/checkout": ["7d2e3179-...", "approle", "checkout"]},
     "secrets": {"secret/payments/db": {"read": true, "identities": ["approle/checkout"]}}}

``identities`` has the texts by which an identity can be found beside its name. ``read`` is whether a value was read.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t

from ..errors import OptionError

__all__ = ["UsageFile", "usage_text", "write_usage"]

_FORMAT = 1


class UsageFile:
    """What a file says.

    :param path: of the file.
    :param option: the option that names it, for errors.
    :raises OptionError: it cannot be read, or another program wrote it.
    """

    def __init__(self, path: str, option: str = "usage_file") -> None:
        try:
            with open(os.path.expanduser(path), encoding="utf-8") as file:
                content = json.load(file)
            if content["usage_format"] != _FORMAT:
                raise ValueError
            self._names = {str(name): frozenset(map(str, texts)) for name, texts in content["identities"].items()}
            self._secrets = {
                str(secret): (bool(use["read"]), tuple(map(str, use["identities"])))
                for secret, use in content["secrets"].items()
            }
        except OSError as error:
            raise OptionError(
                option, f"{path} cannot be read: {error.strerror}", "Let vault_usage_info write it"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise OptionError(
                option, f"{path} is not a file of vault_usage_info", "Name the file that it wrote as dest"
            ) from None

    def is_read(self, path: str) -> bool:
        """Whether an identity has read the secret."""
        return self._secrets.get(path, (False, ()))[0]

    def users(self, path: str) -> frozenset[str]:
        """Names of the identities that have used the secret, and the other texts by which they can be found."""
        names = self._secrets.get(path, (False, ()))[1]
        return frozenset(names).union(*(self._names.get(name, frozenset()) for name in names))


def usage_text(
    span: tuple[str | None, str | None],
    identities: t.Mapping[str, t.Iterable[str]],
    secrets: t.Mapping[str, tuple[bool, t.Iterable[str]]],
) -> str:
    """The content of a file, the same for the same usage.

    :param span: first and last time.
    """
    content = {
        "usage_format": _FORMAT,
        "first": span[0],
        "last": span[1],
        "identities": {name: sorted(set(texts)) for name, texts in identities.items()},
        "secrets": {
            path: {"read": read, "identities": sorted(names)} for path, (read, names) in sorted(secrets.items())
        },
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def write_usage(dest: str, text: str, *, check: bool) -> tuple[bool, str]:
    """Write a file, private and in one step, unless it has that content.

    :returns: whether it changes, and its content before.
    :raises OptionError: it cannot be written.
    """
    path = os.path.expanduser(dest)
    before = ""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
        before = file.read()
    if before == text or check:
        return before != text, before
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".usage-")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise OptionError("dest", f"{dest} cannot be written: {error.strerror}", "Check its folder") from None
    return True, before
