# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity that a cloud gives to a machine, for the logins to Vault that use it."""

from __future__ import annotations

import json
import time
import traceback
import typing as t
from importlib import import_module

from ..errors import LoginError, MissingLibrary, OptionError

__all__ = ["machine_aws_identity", "signed_by_service_account"]

_GCP_JWT_SECONDS = 600


def machine_aws_identity() -> tuple[str, str, str]:
    """Access key, secret key and session token of this machine or process."""
    try:
        boto3: t.Any = import_module("boto3")
    except ImportError:
        raise MissingLibrary("boto3", traceback.format_exc()) from None
    found = boto3.session.Session().get_credentials()
    if found is None:
        raise LoginError("this machine has no AWS identity", "Give source.auth.aws_access_key and aws_secret_key")
    frozen = found.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key, frozen.token or ""


def signed_by_service_account(account: str, role: str) -> str:
    """A JWT for Vault's GCP method (type iam), good for ten minutes, signed with the key of a service account.

    Claims as in https://developer.hashicorp.com/vault/docs/auth/gcp#iam-login.
    """
    try:
        crypt: t.Any = import_module("google.auth.crypt")
        google_jwt: t.Any = import_module("google.auth.jwt")
    except ImportError:
        raise MissingLibrary("google-auth", traceback.format_exc()) from None
    try:
        info = json.loads(account)
        signer = crypt.RSASigner.from_service_account_info(info)
        claims = {"sub": info["client_email"], "aud": f"vault/{role}", "exp": int(time.time()) + _GCP_JWT_SECONDS}
        return t.cast(bytes, google_jwt.encode(signer, claims)).decode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OptionError(
            "source.auth.gcp_service_account", "it is not the JSON key of a service account", "Give the whole key file"
        ) from None
