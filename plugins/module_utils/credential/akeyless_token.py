# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``akeyless_token``: one Akeyless token for the tasks of a migration, ended afterwards and shown dead.

Facts of the API: the models RevokeCreds and ValidateToken of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.session import AkeylessSession
from ..akeyless.wire import Wire
from ..common.result import Result
from ..errors import ApiError, LoginError, OptionError, SecretferryError
from ..options import AkeylessSettings, akeyless_spec, resolve_akeyless, seconds_of
from .credential_file import CredentialFile

__all__ = ["keep_token", "token_spec"]

_Params = t.Mapping[str, t.Any]
_Mask = t.Callable[[t.Iterable[str]], None]


def token_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "state": {"type": "str", "choices": ["present", "revoked"], "default": "present"},
        "akeyless": akeyless_spec(),
        "write_to": {"type": "path", "required": True},
        "min_ttl": {"type": "str", "default": "10m"},
    }


async def keep_token(params: _Params, *, check: bool, mask: _Mask) -> Result:
    """Make a token and keep it in its private file, or end the one that is there.

    :raises SecretferryError: it did not happen.
    """
    file = CredentialFile(params["write_to"])
    held = file.read()
    mask([held])
    if params["state"] == "revoked":
        return await asyncio.to_thread(_revoke, params, file, held, check)
    return await asyncio.to_thread(_make, params, file, held, check, mask)


def _make(params: _Params, file: CredentialFile, held: str, check: bool, mask: _Mask) -> Result:
    min_ttl = seconds_of("min_ttl", params["min_ttl"])
    file.prepare()
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    if settings.auth.access_type == "token":
        raise OptionError(
            "akeyless.auth", "a token cannot make another", "Log in another way, for example by access_key"
        )
    result = Result()
    left = _ttl(settings, held) if held else 0
    if left is None or left < min_ttl or not file.is_private:
        result.changed = True
        result.diff.append({"before": "a token\n" if left else "", "after": "a new token\n"})
        result.diff[0]["before_header"] = result.diff[0]["after_header"] = str(file.path)
        if not check:
            left = _log_in(settings, file, mask)
            if held:
                _end(settings, held)
    result.values |= {
        "ttl": left or 0,
        "file": str(file.path),
        "auth": {"access_type": "token", "token_file": str(file.path)},
    }
    return result


def _log_in(settings: AkeylessSettings, file: CredentialFile, mask: _Mask) -> int:
    session = AkeylessSession(settings)
    try:
        session.login()
        token = session.token
        mask([token])
        ttl = int(session.self_check()["ttl"])
    finally:
        session.close()
    try:
        file.write(token)
    except SecretferryError:
        _end(settings, token)
        raise
    return ttl


def _revoke(params: _Params, file: CredentialFile, held: str, check: bool) -> Result:
    result = Result()
    alive = False
    if held:
        # Only the address matters: the token that ends is the one in the file.
        given = {**(params["akeyless"] or {}), "auth": {"access_type": "token", "token": held}}
        settings = resolve_akeyless(given)
        alive = _ttl(settings, held) is not None
        if alive and not check:
            _end(settings, held)
            if _ttl(settings, held) is not None:
                raise SecretferryError(
                    "the Akeyless token was revoked, and is still valid",
                    "Try again; a Gateway may cache it for a while. It ends by itself in any case",
                )
    result.changed = bool(alive or file.path.exists())
    if result.changed:
        result.diff.append({"before": f"{file.path}\n", "after": ""})
    if not check:
        file.remove()
    result.values |= {
        "dead": not (alive and check),
        "was_dead": not alive,
        "proof": "tried: Akeyless says that it is not valid" if alive and not check else "",
        "file": str(file.path),
    }
    return result


def _ttl(settings: AkeylessSettings, token: str) -> int | None:
    """Seconds that a token is good for; 0 where Akeyless does not tell, ``None`` where it is dead."""
    session = AkeylessSession(_with_token(settings, token))
    try:
        told = session.self_check()
    except LoginError:
        return None
    finally:
        session.close()
    return int(told["ttl"]) if told["valid"] else None


def _end(settings: AkeylessSettings, token: str) -> None:
    wire = Wire(_with_token(settings, token))
    try:
        wire.post("revoke-creds", {"token": token})
    except ApiError as error:
        if error.status != 401:  # it was dead already
            raise
    finally:
        wire.close()


def _with_token(settings: AkeylessSettings, token: str) -> AkeylessSettings:
    address = {"api_url": settings.api_url, "auth": {"access_type": "token", "token": token}}
    plain = resolve_akeyless(address, {})
    return AkeylessSettings(plain.api_url, plain.auth, settings.tls, settings.timeout)
