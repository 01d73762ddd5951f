# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``akeyless_token``: one Akeyless token for the tasks of a migration, revoked afterwards.

Facts of the API: the models RevokeCreds and ValidateToken of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.auth_client import AuthClient
from ..akeyless.session import AkeylessSession
from ..common.result import Mask, Params, Result
from ..errors import ApiError, LoginError, OptionError, SecretferryError
from ..options.akeyless import AkeylessSettings, resolve_akeyless
from ..options.durations import seconds_of
from ..options.spec import akeyless_spec
from .credential_file import CredentialFile

__all__ = ["akeyless_token", "token_spec"]


def token_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "akeyless": akeyless_spec(),
        "dest": {"type": "path", "required": True},
        "min_ttl": {"type": "str", "default": "10m"},
    }


async def akeyless_token(params: Params, *, check: bool, mask: Mask) -> Result:
    """Log in and keep the token in its private file, or revoke the token in it.

    :raises SecretferryError: the login or the revocation failed.
    """
    file = CredentialFile(params["dest"])
    token_in_file = file.read()
    mask([token_in_file])
    if params["state"] == "absent":
        return await asyncio.to_thread(_remove, params, file, token_in_file, check)
    return await asyncio.to_thread(_make, params, file, token_in_file, check, mask)


def _make(params: Params, file: CredentialFile, token_in_file: str, check: bool, mask: Mask) -> Result:
    min_ttl = seconds_of("min_ttl", params["min_ttl"])
    file.prepare()
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    if settings.auth.access_type == "token":
        raise OptionError(
            "akeyless.auth", "a token cannot make another", "Log in another way, for example by access_key"
        )
    result = Result()
    works, ttl = _look_up(settings, token_in_file) if token_in_file else (False, None)
    if not works or ttl is None or ttl < min_ttl or not file.is_private:
        result.changed = True
        result.diff.append({"before": "a token\n" if works else "", "after": "a new token\n"})
        result.diff[0]["before_header"] = result.diff[0]["after_header"] = str(file.path)
        if not check:
            ttl = _log_in(settings, file, mask)
            if token_in_file:
                _revoke(settings, token_in_file)
    result.values |= {
        "ttl": ttl,
        "dest": str(file.path),
        "auth": {"access_type": "token", "token_file": str(file.path)},
    }
    return result


def _log_in(settings: AkeylessSettings, file: CredentialFile, mask: Mask) -> int | None:
    session = AkeylessSession(settings)
    try:
        session.login()
        token = session.token
        mask([token])
        ttl = int(session.self_check()["ttl"]) or None
    finally:
        session.close()
    try:
        file.write(token)
    except SecretferryError:
        _revoke(settings, token)
        raise
    return ttl


def _remove(params: Params, file: CredentialFile, token_in_file: str, check: bool) -> Result:
    result = Result()
    works = False
    if token_in_file:
        # Only the address matters: the token to revoke is the one in the file.
        given = {**(params["akeyless"] or {}), "auth": {"access_type": "token", "token": token_in_file}}
        settings = resolve_akeyless(given)
        works, _ttl = _look_up(settings, token_in_file)
        if works and not check:
            _revoke(settings, token_in_file)
            if _look_up(settings, token_in_file)[0]:
                raise SecretferryError(
                    "the Akeyless token was revoked, and is still valid",
                    "Try again; a Gateway may cache it for a while. It expires by itself in any case",
                )
    result.changed = bool(works or file.path.exists())
    if result.changed:
        result.diff.append({"before": f"{file.path}\n", "after": ""})
    if not check:
        file.remove()
    result.values |= {
        "revoked": not (works and check),
        "already_revoked": not works,
        "evidence": "tested: Akeyless says that it is not valid" if works and not check else "",
        "dest": str(file.path),
    }
    return result


def _look_up(settings: AkeylessSettings, token: str) -> tuple[bool, int | None]:
    """Whether a token works, and how many seconds it lives; ``None`` where Akeyless does not say."""
    session = AkeylessSession(_with_token(settings, token))
    try:
        checked = session.self_check()
    except LoginError:
        return False, None
    finally:
        session.close()
    return bool(checked["valid"]), int(checked["ttl"]) or None


def _revoke(settings: AkeylessSettings, token: str) -> None:
    client = AuthClient(_with_token(settings, token))
    try:
        client.post("revoke-creds", {"token": token})
    except ApiError as error:
        if error.status != 401:  # 401: it was not valid any more
            raise
    finally:
        client.close()


def _with_token(settings: AkeylessSettings, token: str) -> AkeylessSettings:
    address = {"api_url": settings.api_url, "auth": {"access_type": "token", "token": token}}
    plain = resolve_akeyless(address, {})
    return AkeylessSettings(plain.api_url, plain.auth, settings.tls, settings.timeout)
