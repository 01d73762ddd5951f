# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state ``absent``: credentials are revoked and tested, then policy, role and file are removed."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ..common.result import Mask, Params, Result
from ..errors import ApiError, NotFound, OptionError, SecretferryError
from ..options.vault import VaultSettings, resolve_source
from ..vault.connection import VaultConnection
from ..vault.operator import Operator, look_up, unwrap, wrapped_by
from .spec import CredentialOptions

__all__ = ["Revocation", "given_settings"]

_OPERATOR = "Give operator_auth, as an operator may revoke it by its accessor"


def given_settings(source: Params | None) -> VaultSettings | None:
    """The credential in the option ``source.auth``; ``None`` without one, or where its file does not exist.

    The environment is not read, as a credential there may have another purpose.

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
    """Revokes the credentials that the options name.

    :param settings: the Vault; its login is not used.
    :param operator: ``None`` where a token must revoke itself.
    :ivar revocations: one entry for each credential: type, accessor, revoked, already_revoked, evidence.
    :ivar removed: the policy, the role and the file that were removed.
    """

    def __init__(
        self,
        options: CredentialOptions,
        settings: VaultSettings,
        operator: Operator | None,
        result: Result,
        *,
        check: bool,
        mask: Mask,
    ) -> None:
        self._options = options
        self._settings = settings
        self._operator = operator
        self._result = result
        self._check = check
        self._mask = mask
        self.revocations: list[dict[str, t.Any]] = []
        self.removed: list[str] = []

    def run(self, given: VaultSettings | None) -> None:
        """Revoke and remove. Blocks.

        :param given: the credential of ``source.auth``, if any.
        :raises SecretferryError: a credential could not be revoked, or works after it.
        """
        options = self._options
        if options.file is not None and (text := options.file.read()):
            self._text(text)
        if options.accessor:
            self._accessor(options.accessor)
        if given is not None:
            self._given(given)
        if self._operator is not None and options.own and options.type == "approle":
            self._own_secret_ids(self._operator)
        if options.remove_policy and self._operator is not None:
            self._remove(self._operator)
        if options.file is not None and options.file.path.exists():
            self._note_removed(f"file {options.file.path}")
            if not self._check:
                options.file.remove()

    def _text(self, text: str) -> None:
        """The content of the file: a token, a secret id, or a wrapping token of either."""
        self._mask([text])
        if made_by := wrapped_by(self._settings, text):
            self._wrapped(text, made_by)
        elif self._options.type == "token":
            self._token(text)
        elif self._operator is not None:
            self._secret_id(self._operator, text)
        else:
            raise OptionError("operator_auth", "only an operator can destroy a secret id", "Give operator_auth")

    def _wrapped(self, text: str, made_by: str) -> None:
        """A wrapping token that was not unwrapped yet: unwrapping it revokes it, and shows the credential to revoke."""
        if self._check:
            self._note("wrapping_token", "", revoked=False)
            return
        inside = unwrap(self._settings, text)
        if token := str((inside.get("auth") or {}).get("client_token") or ""):
            self._mask([token])
            self._token(token)
        elif secret_id := str((inside.get("data") or {}).get("secret_id") or ""):
            self._mask([secret_id])
            if self._operator is None:
                raise OptionError("operator_auth", "only an operator can destroy a secret id", "Give operator_auth")
            self._secret_id(self._operator, secret_id)
        else:
            raise SecretferryError(
                f"the wrapping token of {made_by} holds neither a token nor a secret id",
                "Check where the file comes from",
            )

    def _given(self, given: VaultSettings) -> None:
        auth = given.auth
        self._mask(given.secrets())
        if auth.method == "token":
            self._token(auth.token)
        elif auth.method == "approle" and auth.secret_id:
            if self._operator is None:
                raise OptionError("operator_auth", "only an operator can destroy a secret id", "Give operator_auth")
            if not self._options.role:
                raise OptionError("role_name", "the AppRole role is not named", "Give role_name, or name")
            self._secret_id(self._operator, auth.secret_id, auth.role_id)
        else:
            raise OptionError(
                "source.auth",
                f"a login by {auth.method} has nothing that can be revoked",
                "Give a token, or role_id and secret_id; or omit it and give accessor or dest",
            )

    def _token(self, token: str) -> None:
        known = look_up(self._settings, token)
        if known is None:
            self._note("token", "", already_revoked=True, evidence="Vault rejects it as an invalid token")
            return
        accessor = str(known.get("accessor") or "")
        self._not_root(known)
        if self._check:
            self._check_right("auth/token/revoke-accessor")
            self._note("token", accessor, revoked=False)
            return
        if self._operator is not None and accessor:
            self._operator.revoke_accessor(accessor)
        else:
            self._revoke_itself(token)
        after = look_up(self._settings, token)
        # Old servers answer an invalid token and a missing right alike; this token had the right before.
        revoked = after is None or (bool(known) and not after)
        if self._operator is not None and accessor:
            revoked = revoked and self._operator.token_by_accessor(accessor) is None
        self._note("token", accessor, revoked=revoked, evidence="tested: Vault rejects it as an invalid token")

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
            raise OptionError("accessor", "only an operator can revoke a token by its accessor", "Give operator_auth")
        known = self._operator.token_by_accessor(accessor)
        if known is None:
            if not any(entry["accessor"] == accessor for entry in self.revocations):
                evidence = "Vault knows no token with that accessor"
                self._note("token", accessor, already_revoked=True, evidence=evidence)
            return
        self._not_root(known)
        if self._check:
            self._check_right("auth/token/revoke-accessor")
            if not any(entry["accessor"] == accessor for entry in self.revocations):
                self._note("token", accessor, revoked=False)
            return
        self._operator.revoke_accessor(accessor)
        revoked = self._operator.token_by_accessor(accessor) is None
        self._note("token", accessor, revoked=revoked, evidence="tested: Vault knows no token with that accessor")

    def _secret_id(self, operator: Operator, secret_id: str, role_id: str = "") -> None:
        options = self._options
        known = operator.secret_id(options.mount, options.role, secret_id)
        if not known:
            self._note("secret_id", "", already_revoked=True, evidence="Vault knows no such secret id")
            return
        accessor = str(known.get("secret_id_accessor") or "")
        if self._check:
            self._check_right(f"auth/{options.mount}/role/{options.role}/secret-id-accessor/destroy")
            self._note("secret_id", accessor, revoked=False)
            return
        role_id = role_id or operator.role_id(options.mount, options.role)
        operator.destroy_secret_id(options.mount, options.role, accessor)
        rejected = self._login_is_rejected(role_id, secret_id)
        revoked = rejected and not operator.secret_id(options.mount, options.role, secret_id)
        self._note("secret_id", accessor, revoked=revoked, evidence="tested: Vault rejects a login with it")

    def _login_is_rejected(self, role_id: str, secret_id: str) -> bool:
        connection = VaultConnection(self._settings)
        try:
            client = connection.client()
            answer = client.auth.approle.login(
                role_id=role_id, secret_id=secret_id, use_token=False, mount_point=self._options.mount
            )
        except ApiError as error:
            return error.status in (400, 401, 403)
        else:
            # The secret id still works: revoke the token of this login.
            token = str(answer["auth"]["client_token"])
            self._mask([token])
            connection.client(token).auth.token.revoke_self()
            return False
        finally:
            connection.close()

    def _own_secret_ids(self, operator: Operator) -> None:
        """All other secret ids of our role: a run that was killed may not have written one to its file."""
        options = self._options
        try:
            accessors = operator.secret_ids(options.mount, options.own)
        except NotFound:
            return
        noted = {entry["accessor"] for entry in self.revocations}
        for accessor in accessors:
            if accessor in noted:
                continue
            if not self._check:
                operator.destroy_secret_id(options.mount, options.own, accessor)
            self._note("secret_id", accessor, revoked=not self._check, evidence="destroyed by its accessor")
        if not self._check and (left := operator.secret_ids(options.mount, options.own)):
            raise SecretferryError(f"{len(left)} secret ids of {options.own} still exist", "Run again")

    def _remove(self, operator: Operator) -> None:
        options = self._options
        if options.type == "token" and operator.token_role(options.own) is not None:
            self._note_removed(f"token role {options.own}")
            if not self._check:
                operator.revoke_tokens_of(options.own)
                operator.delete_token_role(options.own)
        if options.type == "approle" and operator.approle(options.mount, options.own) is not None:
            self._note_removed(f"AppRole role {options.own}")
            if not self._check:
                operator.delete_approle(options.mount, options.own)
        if operator.policy(options.own) is not None:
            self._note_removed(f"policy {options.own}")
            if not self._check:
                operator.delete_policy(options.own)

    def _check_right(self, path: str) -> None:
        """Outside check mode the request itself shows whether the operator has the right."""
        if self._operator is not None:
            self._operator.check_rights({path: "update"})

    @staticmethod
    def _not_root(known: t.Mapping[str, t.Any]) -> None:
        if "root" in (known.get("policies") or ()):
            raise OptionError(
                "source.auth",
                "it is a root token, which this module does not revoke",
                "Name the migration's own credential; revoke a root token with 'vault token revoke'",
            )

    def _note(
        self, type_: str, accessor: str, *, revoked: bool = True, already_revoked: bool = False, evidence: str = ""
    ) -> None:
        entry = {"type": type_, "accessor": accessor, "revoked": revoked, "already_revoked": already_revoked}
        self.revocations.append({**entry, "evidence": evidence})
        if not already_revoked:
            self._result.changed = True
            name = f"{type_}{f' with accessor {accessor}' if accessor else ''}"
            self._result.diff.append({"before": f"{name}\n", "after": ""})
        if not revoked and not self._check:
            raise SecretferryError(
                f"the {type_} with accessor {accessor} was revoked, and still works",
                "See Vault's log, and run again",
            )

    def _note_removed(self, what: str) -> None:
        self.removed.append(what)
        self._result.changed = True
        self._result.diff.append({"before": f"{what}\n", "after": ""})
