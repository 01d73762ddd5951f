# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands about the account itself: settings, identities, roles, tokens, gateways."""

from __future__ import annotations

import secrets
import time
import typing as t

from .account import Account
from .checks import taken, usable_key
from .errors import access_forbidden, invalid_param, not_found
from .identity import Identity
from .rights import CAPABILITIES, Caller
from .wording import ACCOUNT_ID

__all__ = [
    "assoc_role_am",
    "auth",
    "auth_method_creator",
    "create_role",
    "get_account_settings",
    "list_gateways",
    "revoke_creds",
    "set_role_rule",
    "uid_generate_token",
    "uid_rotate_token",
    "update_account_settings",
    "validate_token",
]

Body = dict[str, t.Any]
Handler = t.Callable[[Account, Caller, Body], Body]

# The SDK sends this for "unchanged".
_UNCHANGED = "notReceivedInvalidCharacter"


def auth(account: Account, body: Body) -> Body:
    return {"token": account.identities.log_in(body, account.settings.token_ttl)}


def validate_token(account: Account, body: Body) -> Body:
    """A token that is unknown or has ended is an answer, not an error."""
    held = account.identities.describe(body.get("token", ""))
    if held is None:
        return {"is_valid": False, "expiration": "", "ttl": 0, "reason": "the token is not valid"}
    left = int(held.expires - time.time())
    expiration = time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(held.expires))
    if held.expires <= time.time():
        return {"is_valid": False, "expiration": expiration, "ttl": 0, "reason": "the token is expired"}
    return {"is_valid": True, "expiration": expiration, "ttl": left, "reason": ""}


def uid_rotate_token(account: Account, body: Body) -> Body:
    uid = body.get("uid-token", "")
    acknowledged = body.get("send-manual-ack-token")
    if acknowledged:
        account.identities.end_uid_token(uid)
        return {"token": acknowledged}
    keep_old = body.get("fork", False) or body.get("with-manual-ack", False)
    return {"token": account.identities.rotate_uid_token(uid, keep_old=keep_old)}


def uid_generate_token(account: Account, caller: Caller, body: Body) -> Body:
    caller.must_be_admin(body["auth-method-name"])
    identity = account.identities.by_name(body["auth-method-name"])
    if identity is None:
        raise not_found(body["auth-method-name"])
    return {"token": account.identities.new_uid_token(identity)}


def revoke_creds(account: Account, _caller: Caller, body: Body) -> Body:
    """End the token that the body carries. (Of a universal identity, that token.)"""
    if token := body.get("token"):
        account.identities.end_token(token)
    else:
        account.identities.end_uid_token(body["uid-token"])
    return {}


def get_account_settings(account: Account, _caller: Caller, _body: Body) -> Body:
    settings = account.settings
    return {
        "account_id": ACCOUNT_ID,
        "company_name": "Akeyless emulator",
        "general_settings": {
            "invalid_characters": settings.invalid_characters,
            "protect_items_by_default": settings.delete_protection_by_default,
            "account_default_key_name": settings.default_key,
            "lock_default_key": settings.lock_default_key,
        },
        "object_version_settings": {
            "default-versioning": settings.default_versioning,
            "force_new_versions": settings.force_new_versions,
            "items": [{"item-type": "static-secret", "max-versions": str(settings.account_max_versions)}],
        },
    }


def update_account_settings(account: Account, caller: Caller, body: Body) -> Body:
    caller.must_be_admin("the account settings")
    changes: Body = {}
    if body.get("invalid-characters", _UNCHANGED) != _UNCHANGED:
        changes["invalid_characters"] = body["invalid-characters"]
    for key, name in (
        ("default-versioning", "default_versioning"),
        ("force-new-versions", "force_new_versions"),
        ("items-deletion-protection", "delete_protection_by_default"),
        ("lock-default-key", "lock_default_key"),
    ):
        if key in body:
            if body[key] not in ("true", "false"):
                raise invalid_param(f"{key} must be true or false")
            changes[name] = body[key] == "true"
    if "max-versions" in body and body.get("item-type", "static-secret") == "static-secret":
        if not body["max-versions"].isdecimal() or int(body["max-versions"]) < 1:
            raise invalid_param(f"invalid max-versions: {body['max-versions']}")
        changes["account_max_versions"] = int(body["max-versions"])
    if body.get("default-key-name"):
        changes["default_key"] = usable_key(account, body["default-key-name"])
    account.settings.update(changes)
    return {"updated": bool(changes)}


def create_role(account: Account, caller: Caller, body: Body) -> Body:
    caller.must_be_admin(body["name"])
    if body["name"] in account.roles.rules:
        raise taken(account, f"a role with the name {body['name']}")
    account.roles.rules[body["name"]] = []
    return {}


def set_role_rule(account: Account, caller: Caller, body: Body) -> Body:
    role = body["role-name"]
    caller.must_be_admin(role)
    for capability in body["capability"]:
        if capability not in (*CAPABILITIES, "deny"):
            raise invalid_param(f"invalid capability: {capability}")
    if role not in account.roles.rules:
        raise not_found(role)
    account.roles.set_rule(role, body["path"], body["capability"], body.get("rule-type", "item-rule"))
    return {}


def auth_method_creator(*kinds: str) -> Handler:
    """The command that makes an auth method which accepts these access types."""

    def create(account: Account, caller: Caller, body: Body) -> Body:
        if not caller.admin and account.settings.auth_method_refusal == "AccessForbidden":
            raise access_forbidden("create", body["name"])
        caller.must_be_admin(body["name"])
        if account.identities.by_name(body["name"]):
            raise taken(account, f"an auth method with the name {body['name']}")
        identity = Identity("p-" + secrets.token_hex(6), name=body["name"], access_types=list(kinds))
        made = {"name": identity.name, "access_id": identity.access_id}
        if "access_key" in kinds:
            identity.access_key = made["access_key"] = secrets.token_urlsafe(32)
        account.identities.add(identity)
        return made

    return create


def assoc_role_am(account: Account, caller: Caller, body: Body) -> Body:
    role, method = body["role-name"], body["am-name"]
    caller.must_be_admin(role)
    identity = account.identities.by_name(method)
    if identity is None or role not in account.roles.rules:
        raise not_found(role if identity else method)
    if role not in identity.roles:
        identity.roles.append(role)
    return {"assoc_id": f"ass-{role}-{identity.access_id}"}


def list_gateways(account: Account, _caller: Caller, _body: Body) -> Body:
    return {"clusters": account.gateways or None}
