# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may log in, how, and the tokens that they hold."""

from __future__ import annotations

import secrets
import time
import typing as t
from dataclasses import dataclass, field

from .errors import ApiError, bad_request, unauthorized_token
from .rights import Caller, Roles

__all__ = ["Identities", "Identity", "Token"]

# What must be there for each way of logging in. Access keys, passwords and universal identities are checked,
# the others are accepted in shape.
_SHAPES: dict[str, tuple[tuple[str, ...], ...]] = {
    "access_key": (("access-id", "access-key"),),
    "password": (("admin-email", "admin-password"),),
    "universal_identity": (("uid-token",),),
    "jwt": (("access-id", "jwt"),),
    "oidc": (("access-id", "jwt"),),
    "cert": (
        ("access-id", "cert-data", "key-data"),
        ("access-id", "cert-data", "cert-challenge", "signed-cert-challenge"),
    ),
    "k8s": (("access-id", "k8s-auth-config-name", "k8s-service-account-token"),),
    "ldap": (("access-id", "username", "ldap-password"),),
    "aws_iam": (("access-id", "cloud-id"),),
    "azure_ad": (("access-id", "cloud-id"),),
    "gcp": (("access-id", "cloud-id"),),
    "oci": (("access-id", "cloud-id"),),
    "alicloud": (("access-id", "cloud-id"),),
}

_ALIASES = {"api_key": "access_key"}
"""Other names of a way of logging in."""


@dataclass
class Identity:
    """An auth method's holder. ``access_types`` empty: every way of logging in is accepted."""

    access_id: str
    access_key: str = field(default="", repr=False)
    name: str = ""
    admin: bool = False
    email: str = ""
    password: str = field(default="", repr=False)
    uid_tokens: list[str] = field(default_factory=list, repr=False)
    roles: list[str] = field(default_factory=list)
    access_types: list[str] = field(default_factory=list)


@dataclass
class Token:
    """What /auth gives. ``expires`` is in seconds since 1970."""

    access_id: str
    expires: float


class Identities:
    """Identities by access id, tokens by their text."""

    def __init__(self, book: Roles) -> None:
        self.by_id: dict[str, Identity] = {}
        self._book = book
        self._tokens: dict[str, Token] = {}
        self._uid: dict[str, Identity] = {}
        self._callers: dict[str, Caller] = {}

    def add(self, identity: Identity) -> None:
        self.by_id[identity.access_id] = identity
        self._callers[identity.access_id] = Caller(identity.access_id, identity.admin, identity.roles, self._book)
        self._uid.update(dict.fromkeys(identity.uid_tokens, identity))

    def clear(self) -> None:
        """Forget all identities. Tokens work again as soon as their identity is added again."""
        self.by_id.clear()
        self._callers.clear()
        self._uid.clear()

    def holder(self, access_id: str) -> Caller:
        """The caller with this access id; KeyError where it is unknown."""
        return self._callers[access_id]

    def by_name(self, name: str) -> Identity | None:
        return next((i for i in self.by_id.values() if i.name == name), None)

    def log_in(self, body: dict[str, t.Any], ttl: float) -> str:
        """A new token for the caller whose credentials the body of /auth holds."""
        kind = body.get("access-type", "access_key")
        kind = _ALIASES.get(kind, kind)
        shapes = _SHAPES.get(kind)
        if shapes is None:
            raise bad_request(f"invalid access-type: {kind}")
        if not any(all(body.get(key) for key in shape) for shape in shapes):
            wanted = " or ".join("+".join(shape) for shape in shapes)
            raise bad_request(f"access-type {kind} needs {wanted}")
        identity = self._who(kind, body)
        if identity is None or (identity.access_types and kind not in identity.access_types):
            raise unauthorized_token("authentication failed, check the access id and its credentials")
        token = "t-" + secrets.token_hex(24)
        self._tokens[token] = Token(identity.access_id, time.time() + ttl)
        return token

    def caller(self, body: dict[str, t.Any]) -> Caller:
        """The caller that holds the ``token`` or ``uid-token`` of a body."""
        token = body.get("token")
        if token:
            held = self._tokens.get(token)
            if held is None or held.access_id not in self._callers:
                raise unauthorized_token("the token is not valid")
            if held.expires <= time.time():
                raise unauthorized_token("the token is expired")
            return self._callers[held.access_id]
        uid = body.get("uid-token")
        if not uid:
            raise unauthorized_token("neither token nor uid-token is given")
        return self._callers[self._uid_holder(uid).access_id]

    def describe(self, token: str) -> Token | None:
        return self._tokens.get(token)

    def expire_all(self) -> int:
        """Expire every token now; returns how many were valid."""
        now = time.time()
        alive = [held for held in self._tokens.values() if held.expires > now]
        for held in alive:
            held.expires = now
        return len(alive)

    def end_token(self, token: str) -> None:
        """End a token now."""
        self._tokens[token].expires = time.time()

    def new_uid_token(self, identity: Identity) -> str:
        uid = "u-" + secrets.token_hex(24)
        identity.uid_tokens.append(uid)
        self._uid[uid] = identity
        return uid

    def rotate_uid_token(self, uid: str, *, keep_old: bool) -> str:
        """A new universal identity token. The old one ends, unless it is kept for a child or until acknowledged."""
        identity = self._uid_holder(uid)
        new = self.new_uid_token(identity)
        if not keep_old:
            self.end_uid_token(uid)
        return new

    def end_uid_token(self, uid: str) -> None:
        self._uid_holder(uid).uid_tokens.remove(uid)
        del self._uid[uid]

    def _who(self, kind: str, body: dict[str, t.Any]) -> Identity | None:
        if kind == "universal_identity":
            try:
                return self._uid_holder(body["uid-token"])
            except ApiError:
                return None
        if kind == "password":
            found = (i for i in self.by_id.values() if i.email and i.email == body["admin-email"])
            return next((i for i in found if _same(i.password, body["admin-password"])), None)
        identity = self.by_id.get(body["access-id"])
        if identity and kind == "access_key" and not _same(identity.access_key, body["access-key"]):
            return None
        return identity

    def _uid_holder(self, uid: str) -> Identity:
        identity = self._uid.get(uid)
        if identity is None:
            raise unauthorized_token("the uid-token is not valid")
        return identity


def _same(known: str, given: str) -> bool:
    return bool(known) and secrets.compare_digest(known.encode(), given.encode())
