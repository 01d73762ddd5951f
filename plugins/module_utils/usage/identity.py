# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who made a request, as an audit log shows it. Pure.

Every text has passed the masking of logs: metadata of a token is chosen by the client that makes it, and could be
anything. Only members with the names that Vault's own auth methods use are looked at.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ..gateway_logs.masking import shown_name

__all__ = ["Identity", "identity_of"]

_ROLES = ("role_name", "role", "cert_name")
_USERS = ("username", "user", "common_name")
_ACCOUNTS = ("service_account_email", "canonical_arn", "client_arn")
_HMAC = re.compile(r"hmac-sha256:[0-9a-f]*")


class Identity(t.NamedTuple):
    """A client. What is not known is empty.

    :ivar entity: the id of Vault's entity. Tokens that were made by hand have none.
    :ivar display_name: the auth mount and what the auth method adds, such as ``userpass-alice``.
    :ivar service_account: ``<namespace>/<name>`` in Kubernetes; an email address or ARN in clouds.
    """

    entity: str = ""
    display_name: str = ""
    role: str = ""
    user: str = ""
    service_account: str = ""

    @property
    def name(self) -> str:
        """A name for people: the display name, and the role where the display name does not have it."""
        base = self.display_name or self.service_account or self.user or "unknown"
        return f"{base}/{self.role}" if self.role and self.role not in base else base


def identity_of(auth: t.Mapping[str, t.Any]) -> Identity:
    """The identity in an ``auth`` block; an empty one where the block is empty, as for a token that is not valid."""
    metadata = auth.get("metadata") or {}
    return _identity(
        str(auth.get("entity_id") or ""),
        str(auth.get("display_name") or ""),
        _first(metadata, _ROLES),
        _first(metadata, _USERS),
        _account(metadata),
    )


@functools.lru_cache(maxsize=4096)  # masking takes longer than all the rest of a line
def _identity(*texts: str) -> Identity:
    return Identity(*(_HMAC.sub("***", shown_name(text)) for text in texts))


def _account(metadata: t.Mapping[str, t.Any]) -> str:
    name = str(metadata.get("service_account_name") or "")
    if not name:
        return _first(metadata, _ACCOUNTS)
    space = str(metadata.get("service_account_namespace") or "")
    return f"{space}/{name}" if space else name


def _first(metadata: t.Mapping[str, t.Any], keys: tuple[str, ...]) -> str:
    return next((str(metadata[key]) for key in keys if metadata.get(key)), "")
