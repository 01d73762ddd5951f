# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether writers are refused now: their rights as Vault tells them, and a write that is tried and cannot succeed.

The write demands a version that no secret has (check-and-set), so it changes nothing even where it is not refused.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..errors import ApiError, PermissionDenied, SecretferryError
from ..options import VaultSettings, resolve_operator, resolve_source
from ..vault.kv import encode_path
from ..vault.operator import Operator
from ..vault.policy_path import Area
from ..vault.session import VaultSession
from ..vault.connection import VaultConnection
from .rewrite import WRITING, regions_of

__all__ = ["Probed", "probe"]

_PROBE = "secretferry-freeze-probe"
_NO_VERSION = 2_000_000_000
_TTL = "2m"


@dataclass
class Probed:
    """``refused``: whether every write was refused, ``None`` where it could not be tried."""

    refused: bool | None = None
    warnings: list[str] = field(default_factory=list)
    error: SecretferryError | None = None


def probe(
    params: t.Mapping[str, t.Any],
    operator: Operator,
    areas: t.Sequence[Area],
    policies: t.Sequence[str],
    mask: t.Callable[[t.Iterable[str]], None],
) -> Probed:
    """Try to write, as the writer that was named, else with a token of the frozen policies and the default one."""
    told = Probed()
    settings = resolve_operator(params["operator_auth"], params["source"])
    if params["writer"]:
        writer = resolve_source({**(params["source"] or {}), "auth": params["writer"]})
        mask(writer.secrets())
        session = VaultSession(writer)
        try:
            session.login()
            mask([session.token])
            _try(settings, session.token, areas, told)
        finally:
            session.close(revoke=True)
        return told
    if not policies:
        told.warnings.append("No policy gives a right to write there, so nothing was frozen, and no write was tried")
        return told
    try:
        token = operator.child_token(policies, _TTL)
    except ApiError:
        told.warnings.append(
            "No write was tried: the operator may not make a token with the frozen policies. Give writer, a login of"
            " somebody who could write"
        )
        return told
    mask([token.text])
    try:
        _try(settings, token.text, areas, told)
    finally:
        operator.revoke_accessor(token.accessor)
    return told


def _try(settings: VaultSettings, token: str, areas: t.Sequence[Area], told: Probed) -> None:
    connection = VaultConnection(settings)
    try:
        client = connection.client(token)
        paths = [region.path + (_PROBE if region.below else "") for region in regions_of(areas)]
        try:
            answer = client.adapter.post("/v1/sys/capabilities-self", json={"paths": paths})
        except PermissionDenied:  # without the default policy: trying tells
            answer = {}
        rights = answer.get("data") or answer
        open_ = [p for p in paths if set(rights.get(p) or ()) & {*WRITING, "root"}]
        if not open_:
            open_ = [area.full for area in areas if area.version == 2 and not _is_refused(client, area)]
        told.refused = not open_
        if open_:
            told.error = SecretferryError(
                f"the freeze is written, and {open_[0]} can still be written",
                "Another policy of this writer gives the right: add it to 'policies'. Tokens of the root policy cannot"
                " be frozen",
            )
    finally:
        connection.close()


def _is_refused(client: t.Any, area: Area) -> bool:
    path = f"{area.mount}data/{area.path}{_PROBE if area.is_folder else ''}"
    body = {"options": {"cas": _NO_VERSION}, "data": {}}
    try:
        client.adapter.post(f"/v1/{encode_path(path)}", json=body)
    except PermissionDenied:
        return True
    except ApiError:
        return False
    return False
