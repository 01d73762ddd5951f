# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Vault denies writes after the freeze: from the capabilities of a token, and by a write that cannot succeed.

The write demands a version that no secret has (check-and-set), so it changes nothing even where it is allowed.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..common.result import Mask, Params
from ..errors import ApiError, PermissionDenied, SecretferryError
from ..options.vault import VaultSettings, resolve_operator, resolve_source
from ..vault.connection import VaultConnection
from ..vault.kv import encode_path
from ..vault.operator import Operator
from ..vault.policy_path import Area
from ..vault.session import VaultSession
from .rewrite import WRITING, regions_of

__all__ = ["WriteCheck", "check_writes"]

_SECRET = "secretferry-freeze-probe"
_NO_VERSION = 2_000_000_000
_TTL = "2m"


@dataclass
class WriteCheck:
    """``denied``: whether every write was denied, ``None`` where none could be tested."""

    denied: bool | None = None
    warnings: list[str] = field(default_factory=list)
    error: SecretferryError | None = None


def check_writes(
    params: Params, operator: Operator, areas: t.Sequence[Area], policies: t.Sequence[str], mask: Mask
) -> WriteCheck:
    """Test a write with the login ``writer_auth``, or else with a token of the frozen policies and the default policy.

    :param mask: registers credentials, so that no output shows one.
    """
    result = WriteCheck()
    settings = resolve_operator(params["operator_auth"], params["source"])
    if params["writer_auth"]:
        writer = resolve_source({**(params["source"] or {}), "auth": params["writer_auth"]})
        mask(writer.secrets())
        session = VaultSession(writer)
        try:
            session.login()
            mask([session.token])
            _test(settings, session.token, areas, result)
        finally:
            session.close(revoke=True)
        return result
    if not policies:
        result.warnings.append("No policy gives a right to write there, so nothing was frozen, and no write was tested")
        return result
    try:
        token = operator.child_token(policies, _TTL)
    except ApiError:
        result.warnings.append(
            "No write was tested: the operator may not make a token with the frozen policies. Give writer_auth, the"
            " login of a writer"
        )
        return result
    mask([token.text])
    try:
        _test(settings, token.text, areas, result)
    finally:
        operator.revoke_accessor(token.accessor)
    return result


def _test(settings: VaultSettings, token: str, areas: t.Sequence[Area], result: WriteCheck) -> None:
    connection = VaultConnection(settings)
    try:
        client = connection.client(token)
        paths = [region.path + (_SECRET if region.below else "") for region in regions_of(areas)]
        try:
            answer = client.adapter.post("/v1/sys/capabilities-self", json={"paths": paths})
        except PermissionDenied:  # the token has no default policy: the write itself shows it
            answer = {}
        rights = answer.get("data") or answer
        writable = [p for p in paths if set(rights.get(p) or ()) & {*WRITING, "root"}]
        if not writable:
            writable = [area.full for area in areas if area.version == 2 and not _is_denied(client, area)]
        result.denied = not writable
        if writable:
            result.error = SecretferryError(
                f"the policies are rewritten, and {writable[0]} can still be written",
                "Another policy of this writer gives the right: add it to 'policies'. Tokens of the root policy cannot"
                " be frozen",
            )
    finally:
        connection.close()


def _is_denied(client: t.Any, area: Area) -> bool:
    path = f"{area.mount}data/{area.path}{_SECRET if area.is_folder else ''}"
    body = {"options": {"cas": _NO_VERSION}, "data": {}}
    try:
        client.adapter.post(f"/v1/{encode_path(path)}", json=body)
    except PermissionDenied:
        return True
    except ApiError:
        return False
    return False
