# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles, their rules, and what they allow."""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import ApiError, unauthorized_access

__all__ = ["CAPABILITIES", "Caller", "Roles", "Rule"]

CAPABILITIES = ("read", "create", "update", "delete", "list")


@dataclass(frozen=True)
class Rule:
    """Capabilities on the paths that a pattern matches; ``*`` stands for any characters, slashes included."""

    path: str
    capabilities: frozenset[str]
    kind: str = "item-rule"
    pattern: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        path = self.path if self.path.startswith("/") or self.path == "*" else f"/{self.path}"
        object.__setattr__(self, "pattern", re.compile(".*".join(map(re.escape, path.split("*"))), re.DOTALL))


class Roles:
    """Rules by role name."""

    def __init__(self) -> None:
        self.rules: dict[str, list[Rule]] = {}

    def set_rule(self, role: str, path: str, capabilities: t.Iterable[str], kind: str = "item-rule") -> None:
        """Add a rule, or replace the one of the same path and kind."""
        rules = self.rules[role]
        rules[:] = [r for r in rules if (r.path, r.kind) != (path, kind)]
        rules.append(Rule(path, frozenset(capabilities), kind))

    def allowed(self, roles: t.Iterable[str], path: str) -> frozenset[str]:
        """The union of what the rules of all roles give; a matching ``deny`` takes everything away."""
        given: frozenset[str] = frozenset()
        for role in roles:
            for rule in self.rules.get(role, ()):
                if rule.kind == "item-rule" and rule.pattern.fullmatch(path):
                    given |= rule.capabilities
        return frozenset() if "deny" in given else given


class Caller:
    """The caller that sent the request."""

    def __init__(self, access_id: str, admin: bool, roles: t.Iterable[str], book: Roles) -> None:
        self.access_id = access_id
        self.admin = admin
        self._roles = roles
        self._book = book

    def can(self, capability: str, name: str) -> bool:
        return self.admin or capability in self._book.allowed(self._roles, name)

    def must(self, capability: str, name: str) -> None:
        """Refuse a caller without this right, with 401 ``UnauthorizedAccess``."""
        if not self.can(capability, name):
            raise unauthorized_access(capability, name)

    def must_see(self, name: str) -> None:
        if not (self.can("list", name) or self.can("read", name)):
            raise unauthorized_access("list", name)

    def must_be_admin(self, what: str) -> None:
        if not self.admin:
            raise unauthorized_access("admin", what)

    @contextlib.contextmanager
    def named_in_refusals(self) -> Iterator[None]:
        """Refusals inside tell the caller's access id."""
        try:
            yield
        except ApiError as error:
            error.access_id = self.access_id
            raise

    def permissions(self, name: str) -> list[str]:
        given = frozenset(CAPABILITIES) if self.admin else self._book.allowed(self._roles, name)
        return [capability for capability in CAPABILITIES if capability in given]
