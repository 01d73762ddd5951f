# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state ``revoked``: credentials ended, each shown to be dead by trying it, then policy, role and file removed."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ..common.result import Result
from ..errors import ApiError, NotFound, OptionError, SecretferryError
from ..options import VaultSettings, resolve_source
from ..vault.operator import Operator, look_up, unwrap, wrapping_is_open
from ..vault.connection import VaultConnection
from .spec import CredentialOptions

__all__ = ["Revocation", "given_settings"]

_Params = t.Mapping[str, t.Any]
_OPERATOR = "Give operator, who may revoke it by its accessor"


def given_settings(source: _Params | None) -> VaultSettings | None:
    """The credential that ``source.auth`` itself names; ``None`` without one.

    Not one of the environment: what is there may be somebody's own. Not one in a file that is gone, either.

    :raises OptionError: it is malformed.
    """
    auth = (source or {}).get("auth") or {}
    if not any(value not in (None, "") for value in auth.values()):
        return None
    for name, value in auth.items():
        if name.endswith("_file") and value and not Path(value).expanduser().exists():
            return None
    return resolve_source(source)


class Revocation:
    """Ends what the options name.

    :param settings: the Vault; its login is not used.
    :param operator: ``None`` where a token must end itself.
    """

    def __init__(
        self,
        want: CredentialOptions,
        settings: VaultSettings,
        operator: Operator | None,
        result: Result,
        *,
        check: bool,
        mask: t.Callable[[t.Iterable[str]], None],
    ) -> None:
        self._want = want
        self._settings = settings
        self._operator = operator
        self._result = result
        self._check = check
        self._mask = mask
        self.revoked: list[dict[str, t.Any]] = []
        self.removed: list[str] = []

    def run(self, given: VaultSettings | None) -> None:
        """Blocks.

        :param given: the credential of ``source.auth``, if any.
        :raises SecretferryError: it could not be revoked, or is not dead after it.
        """
        want = self._want
        if want.file is not None and (text := want.file.read()):
            self._text(text)
        if want.accessor:
            self._accessor(want.accessor)
        if given is not None:
            self._given(given)
        if self._operator is not None and want.own and want.kind == "approle":
            self._own_secret_ids(self._operator)
        if want.remove and self._operator is not None:
            self._remove(self._operator)
        if want.file is not None and want.file.path.exists():
            self._note_removed(f"file {want.file.path}")
            if not self._check:
                want.file.remove()

    def _text(self, text: str) -> None:
        """What the file holds: a token, a secret id, or a wrapping token of either."""
        self._mask([text])
        if made_by := wrapping_is_open(self._settings, text):
            self._wrapped(text, made_by)
        elif self._want.kind == "token":
            self._token(text)
        elif self._operator is not None:
            self._secret_id(self._operator, text)
        else:
            raise OptionError("operator", "a secret id can be destroyed by an operator only", "Give operator")

    def _wrapped(self, text: str, made_by: str) -> None:
        """Nobody has opened it yet. Opening it ends the wrapping token, and shows what to revoke."""
        if self._check:
            self._note("wrapping token", "", dead=False)
            return
        inside = unwrap(self._settings, text)
        if token := str((inside.get("auth") or {}).get("client_token") or ""):
            self._mask([token])
            self._token(token)
        elif secret_id := str((inside.get("data") or {}).get("secret_id") or ""):
            self._mask([secret_id])
            if self._operator is None:
                raise OptionError("operator", "a secret id can be destroyed by an operator only", "Give operator")
            self._secret_id(self._operator, secret_id)
        else:
            raise SecretferryError(
                f"what {made_by} wrapped is neither a token nor a secret id", "Look at the file's origin"
            )

    def _given(self, given: VaultSettings) -> None:
        auth = given.auth
        self._mask(given.secrets())
        if auth.method == "token":
            self._token(auth.token)
        elif auth.method == "approle" and auth.secret_id:
            if self._operator is None:
                raise OptionError("operator", "a secret id can be destroyed by an operator only", "Give operator")
            if not self._want.role:
                raise OptionError("role_name", "the AppRole role is not named", "Give role_name, or name")
            self._secret_id(self._operator, auth.secret_id, auth.role_id)
        else:
            raise OptionError(
                "source.auth",
                f"a login by {auth.method} has nothing that can be revoked",
                "Give a token, or role_id and secret_id; or omit it and give accessor or write_to",
            )

    def _token(self, token: str) -> None:
        known = look_up(self._settings, token)
        if known is None:
            self._note("token", "", dead=True, was_dead=True, proof="Vault refuses it as an invalid token")
            return
        accessor = str(known.get("accessor") or "")
        self._not_root(known)
        if self._check:
            self._note("token", accessor, dead=False)
            return
        if self._operator is not None and accessor:
            self._operator.revoke_accessor(accessor)
        else:
            self._revoke_itself(token)
        after = look_up(self._settings, token)
        # Old servers answer a dead token as they answer a missing right, which this one did not miss before.
        dead = after is None or (bool(known) and not after)
        if self._operator is not None and accessor:
            dead = dead and self._operator.token_by_accessor(accessor) is None
        self._note("token", accessor, dead=dead, proof="tried: Vault refuses it as an invalid token")

    def _revoke_itself(self, token: str) -> None:
        connection = VaultConnection(self._settings)
        try:
            connection.client(token).auth.token.revoke_self()
        except ApiError as error:
            raise type(error)(
                "the token may not revoke itself", _OPERATOR, status=error.status, detail=error.detail
            ) from None
        finally:
            connection.close()

    def _accessor(self, accessor: str) -> None:
        if self._operator is None:
            raise OptionError("accessor", "a token is revoked by its accessor by an operator only", "Give operator")
        known = self._operator.token_by_accessor(accessor)
        if known is None:
            if not any(entry["accessor"] == accessor for entry in self.revoked):
                proof = "Vault knows no token with that accessor"
                self._note("token", accessor, dead=True, was_dead=True, proof=proof)
            return
        self._not_root(known)
        if self._check:
            if not any(entry["accessor"] == accessor for entry in self.revoked):
                self._note("token", accessor, dead=False)
            return
        self._operator.revoke_accessor(accessor)
        dead = self._operator.token_by_accessor(accessor) is None
        self._note("token", accessor, dead=dead, proof="tried: Vault knows no token with that accessor")

    def _secret_id(self, operator: Operator, secret_id: str, role_id: str = "") -> None:
        want = self._want
        known = operator.secret_id(want.mount, want.role, secret_id)
        if not known:
            self._note("secret_id", "", dead=True, was_dead=True, proof="Vault knows no such secret id")
            return
        accessor = str(known.get("secret_id_accessor") or "")
        if self._check:
            self._note("secret_id", accessor, dead=False)
            return
        role_id = role_id or operator.role_id(want.mount, want.role)
        operator.destroy_secret_id(want.mount, want.role, accessor)
        refused = self._login_is_refused(role_id, secret_id)
        dead = refused and not operator.secret_id(want.mount, want.role, secret_id)
        self._note("secret_id", accessor, dead=dead, proof="tried: Vault refuses to log in with it")

    def _login_is_refused(self, role_id: str, secret_id: str) -> bool:
        connection = VaultConnection(self._settings)
        try:
            client = connection.client()
            answer = client.auth.approle.login(
                role_id=role_id, secret_id=secret_id, use_token=False, mount_point=self._want.mount
            )
        except ApiError as error:
            return error.status in (400, 401, 403)
        else:
            # It works after all: leave no token behind.
            token = str(answer["auth"]["client_token"])
            self._mask([token])
            connection.client(token).auth.token.revoke_self()
            return False
        finally:
            connection.close()

    def _own_secret_ids(self, operator: Operator) -> None:
        """All others of the role that we made: one may have been lost before it reached its file."""
        want = self._want
        try:
            accessors = operator.secret_ids(want.mount, want.own)
        except NotFound:
            return
        noted = {entry["accessor"] for entry in self.revoked}
        for accessor in accessors:
            if accessor in noted:
                continue
            if not self._check:
                operator.destroy_secret_id(want.mount, want.own, accessor)
            self._note("secret_id", accessor, dead=not self._check, proof="destroyed by its accessor")
        if not self._check and (left := operator.secret_ids(want.mount, want.own)):
            raise SecretferryError(f"{len(left)} secret ids of {want.own} are still there", "Run again")

    def _remove(self, operator: Operator) -> None:
        want = self._want
        if want.kind == "token" and operator.token_role(want.own) is not None:
            self._note_removed(f"token role {want.own}")
            if not self._check:
                operator.end_tokens_of(want.own)
                operator.delete_token_role(want.own)
        if want.kind == "approle" and operator.approle(want.mount, want.own) is not None:
            self._note_removed(f"AppRole role {want.own}")
            if not self._check:
                operator.delete_approle(want.mount, want.own)
        if operator.policy(want.own) is not None:
            self._note_removed(f"policy {want.own}")
            if not self._check:
                operator.delete_policy(want.own)

    @staticmethod
    def _not_root(known: t.Mapping[str, t.Any]) -> None:
        if "root" in (known.get("policies") or ()):
            raise OptionError(
                "source.auth",
                "this is a root token, which no migration should have: it is not revoked",
                "Name the migration's own credential; end a root token with 'vault token revoke', on purpose",
            )

    def _note(self, kind: str, accessor: str, *, dead: bool, was_dead: bool = False, proof: str = "") -> None:
        self.revoked.append({"kind": kind, "accessor": accessor, "dead": dead, "was_dead": was_dead, "proof": proof})
        if not was_dead:
            self._result.changed = True
            name = f"{kind}{f' with accessor {accessor}' if accessor else ''}"
            self._result.diff.append({"before": f"{name}\n", "after": ""})
        if not dead and not self._check:
            raise SecretferryError(
                f"the {kind} with accessor {accessor} was revoked, and still works",
                "Look at Vault's log, and run again",
            )

    def _note_removed(self, what: str) -> None:
        self.removed.append(what)
        self._result.changed = True
        self._result.diff.append({"before": f"{what}\n", "after": ""})
