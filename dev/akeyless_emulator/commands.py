# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of the API that the emulator has, and what it is."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import admin, items_listed, items_read, items_write
from .account import Account
from .rights import Caller

__all__ = ["COMMANDS", "Command"]

Body = dict[str, t.Any]


@dataclass(frozen=True)
class Command:
    """``open`` commands need no token. ``write`` commands change items."""

    handler: t.Callable[[Account, Caller, Body], Body] | None = None
    open: t.Callable[[Account, Body], Body] | None = None
    write: bool = False


def _write(handler: t.Callable[[Account, Caller, Body], Body]) -> Command:
    return Command(handler, write=True)


COMMANDS: dict[str, Command] = {
    "auth": Command(open=admin.auth),
    "validate-token": Command(open=admin.validate_token),
    "uid-rotate-token": Command(open=admin.uid_rotate_token),
    "revoke-creds": Command(admin.revoke_creds),
    "create-secret": _write(items_write.create_secret),
    "update-secret-val": _write(items_write.update_secret_val),
    "rollback-secret": _write(items_write.rollback_secret),
    "update-item": _write(items_write.update_item),
    "delete-item": _write(items_write.delete_item),
    "delete-items": _write(items_write.delete_items),
    "create-dfc-key": _write(items_write.create_dfc_key),
    "get-secret-value": Command(items_read.get_secret_value),
    "describe-item": Command(items_read.describe_item),
    "list-items": Command(items_listed.list_items),
    "describe-permissions": Command(items_read.describe_permissions),
    "get-account-settings": Command(admin.get_account_settings),
    "update-account-settings": Command(admin.update_account_settings),
    "list-gateways": Command(admin.list_gateways),
    "create-role": Command(admin.create_role),
    "set-role-rule": Command(admin.set_role_rule),
    "assoc-role-am": Command(admin.assoc_role_am),
    "create-auth-method": Command(admin.auth_method_creator("access_key")),
    "create-auth-method-universal-identity": Command(admin.auth_method_creator("universal_identity")),
    "create-auth-method-oauth2": Command(admin.auth_method_creator("jwt")),
    "create-auth-method-oidc": Command(admin.auth_method_creator("oidc", "jwt")),
    "create-auth-method-cert": Command(admin.auth_method_creator("cert")),
    "create-auth-method-k8s": Command(admin.auth_method_creator("k8s")),
    "create-auth-method-ldap": Command(admin.auth_method_creator("ldap")),
    "create-auth-method-aws-iam": Command(admin.auth_method_creator("aws_iam")),
    "create-auth-method-azure-ad": Command(admin.auth_method_creator("azure_ad")),
    "create-auth-method-gcp": Command(admin.auth_method_creator("gcp")),
    "uid-generate-token": Command(admin.uid_generate_token),
}
