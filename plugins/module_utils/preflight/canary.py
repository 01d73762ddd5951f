# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe's part in Vault: a canary secret, and a token that can read nothing else. All of it is removed afterwards.

Everything has one name, ``secretferry-probe-<name>``, by which the next probe finds what a killed one left. A token
cannot be found by a name: it expires in minutes, and can do nothing after its policy was removed. Blocks.
"""

from __future__ import annotations

import contextlib
import secrets
import typing as t

from ..credential.scope import MOUNT_RULES
from ..errors import NotFound
from ..vault.kv import Mount, encode_path
from ..vault.operator import Operator, look_up, missing_right
from ..vault.policy import build_policy
from ..vault.policy_path import Area
from ..vault.session import VaultSession

__all__ = ["Canary"]


class Canary:
    """The secret, the policy, the token role and the token of a probe.

    :param name: of everything.
    :param mount: the canary is in a folder of that name there.
    :param ttl: seconds that the token lives.
    :ivar value, mark: the random values in the canary and in its custom metadata.
    """

    def __init__(self, session: VaultSession, name: str, mount: Mount, *, ttl: int, list_mounts: bool) -> None:
        self.name = name
        self.mount = mount
        self.path = f"{name}/canary"
        self.value = secrets.token_hex(16)
        self.mark = secrets.token_hex(8)
        self._session = session
        self._operator = Operator(session)
        self._ttl = ttl
        self._rules = MOUNT_RULES if list_mounts else ()
        self._accessor = ""

    def make(self) -> str:
        """Write the canary, and make the token that can read it.

        :returns: the token.
        :raises SecretferryError: the operator lacks a right, or Vault does not answer.
        """
        if self.mount.version == 2:
            self._post(self._area("metadata", self.path), {"custom_metadata": {"secretferry": self.mark}})
            self._post(self._area("data", self.path), {"data": {"canary": self.value}})
        else:
            self._post(self._area("data", self.path), {"canary": self.value})
        area = Area(self.mount.path, self.mount.version, f"{self.name}/")
        policy = build_policy([area], from_top=True, more=self._rules, title=["A canary of secretferry.akeyless."])
        self._operator.write_policy(self.name, policy.text)
        role = {"allowed_policies": [self.name], "orphan": True, "renewable": False, "token_no_default_policy": True}
        self._operator.write_token_role(self.name, role)
        ttl = f"{self._ttl}s"
        body = {"policies": [self.name], "ttl": ttl, "explicit_max_ttl": ttl, "no_default_policy": True}
        made = self._operator.make_token(self.name, body)
        self._accessor = made.accessor
        return made.text

    def remove(self, tokens: t.Iterable[str] = ()) -> list[str]:
        """Remove everything that exists.

        :param tokens: tokens in migrations of former probes.
        :returns: what was removed.
        :raises SecretferryError: something could not be removed.
        """
        removed = []
        for folder in (f"{self.name}/",):
            for leaf in self._list(folder):
                self._delete(self._area("metadata", folder + leaf))
                removed.append(f"secret {self.mount.path}{folder}{leaf}")
        accessors = [self._accessor] if self._accessor else []
        for token in tokens:
            # Only a token of a probe: a migration of that name could hold another.
            known = look_up(self._session.settings, token)
            if known and known.get("path") == f"auth/token/create/{self.name}":
                accessors.append(str(known["accessor"]))
        for accessor in accessors:
            if self._operator.token_by_accessor(accessor) is not None:
                self._operator.revoke_accessor(accessor)
                removed.append("a token")
        self._operator.revoke_tokens_of(self.name)  # also the unknown ones of killed probes
        if self._operator.token_role(self.name) is not None:
            self._operator.delete_token_role(self.name)
            removed.append(f"token role {self.name}")
        if self._operator.policy(self.name) is not None:
            self._operator.delete_policy(self.name)
            removed.append(f"policy {self.name}")
        return removed

    def remaining(self) -> list[str]:
        """What of it exists."""
        found = [f"secret {self.mount.path}{self.name}/{leaf}" for leaf in self._list(f"{self.name}/")]
        if self._operator.token_role(self.name) is not None:
            found.append(f"token role {self.name}")
        if self._operator.policy(self.name) is not None:
            found.append(f"policy {self.name}")
        if self._accessor and self._operator.token_by_accessor(self._accessor) is not None:
            found.append(f"the token with accessor {self._accessor}")
        return found

    def _area(self, area: str, path: str) -> str:
        return encode_path(f"{self.mount.path}{f'{area}/' if self.mount.version == 2 else ''}{path}")

    def _list(self, folder: str) -> list[str]:
        path = self._area("metadata", folder)
        with contextlib.suppress(NotFound), missing_right("list", path):
            answer = self._session.client.adapter.get(f"/v1/{path}?list=true")
            return [str(key) for key in answer["data"]["keys"]]
        return []

    def _post(self, path: str, body: dict[str, t.Any]) -> None:
        with missing_right("create and update", path):
            self._session.client.adapter.post(f"/v1/{path}", json=body)

    def _delete(self, path: str) -> None:
        with contextlib.suppress(NotFound), missing_right("delete", path):
            self._session.client.adapter.delete(f"/v1/{path}")
