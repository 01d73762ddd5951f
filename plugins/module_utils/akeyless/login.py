# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of ``POST /auth``, one for every access type.

Field names: the model Auth of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import base64
import traceback
import typing as t
from importlib import import_module

from ..errors import LoginError, MissingLibrary
from ..options.akeyless import AkeylessSettings

__all__ = ["auth_body"]


def auth_body(settings: AkeylessSettings) -> dict[str, str]:
    """What to send to ``/auth``. Files are read again, and cloud identities made anew, at every call.

    :raises MissingLibrary: a cloud identity needs a library that is not installed.
    :raises LoginError: this machine has no identity in that cloud.
    """
    auth = settings.auth
    body = {"access-type": auth.access_type, **_PROOFS[auth.access_type](settings)}
    if auth.access_id:
        body["access-id"] = auth.access_id
    return body


def _access_key(settings: AkeylessSettings) -> dict[str, str]:
    return {"access-key": settings.auth.fresh("access_key")}


def _password(settings: AkeylessSettings) -> dict[str, str]:
    auth = settings.auth
    body = {"admin-email": auth.admin_email, "admin-password": auth.fresh("admin_password")}
    return {**body, "account-id": auth.account_id} if auth.account_id else body


def _universal_identity(settings: AkeylessSettings) -> dict[str, str]:
    return {"uid-token": settings.auth.fresh("uid_token")}


def _jwt(settings: AkeylessSettings) -> dict[str, str]:
    return {"jwt": settings.auth.fresh("jwt")}


def _k8s(settings: AkeylessSettings) -> dict[str, str]:
    return {
        "k8s-auth-config-name": settings.auth.k8s_auth_config_name,
        # Akeyless's own clients send it in base64.
        "k8s-service-account-token": _base64(settings.auth.fresh("k8s_service_account_token")),
        "gateway-url": settings.auth.gateway_url,
    }


def _cert(settings: AkeylessSettings) -> dict[str, str]:
    return {
        "cert-data": _base64(settings.auth.fresh("cert_data")),
        "key-data": _base64(settings.auth.fresh("key_data")),
    }


def _aws_iam(settings: AkeylessSettings) -> dict[str, str]:
    return {"cloud-id": _cloud_id("AWS", "boto3", lambda cloud: cloud.generate())}


def _azure_ad(settings: AkeylessSettings) -> dict[str, str]:
    object_id = settings.auth.azure_object_id
    return {"cloud-id": _cloud_id("Azure", "azure-identity", lambda cloud: cloud.generateAzure(object_id))}


def _gcp(settings: AkeylessSettings) -> dict[str, str]:
    audience = settings.auth.gcp_audience
    cloud_id = _cloud_id("GCP", "google-auth", lambda cloud: cloud.generateGcp(audience))
    return {"cloud-id": cloud_id, "gcp-audience": audience}


_PROOFS: dict[str, t.Callable[[AkeylessSettings], dict[str, str]]] = {
    "access_key": _access_key,
    "password": _password,
    "universal_identity": _universal_identity,
    "jwt": _jwt,
    "k8s": _k8s,
    "cert": _cert,
    "aws_iam": _aws_iam,
    "azure_ad": _azure_ad,
    "gcp": _gcp,
}


def _cloud_id(cloud: str, library: str, make: t.Callable[[t.Any], str]) -> str:
    """An identity that the cloud vouches for.

    :param library: what akeyless-cloud-id imports for this cloud, and does not itself require.
    """
    try:
        cloud_ids: t.Any = import_module("akeyless_cloud_id")
    except ImportError:
        raise MissingLibrary("akeyless-cloud-id", traceback.format_exc()) from None
    try:
        return make(cloud_ids.CloudId())
    except ImportError:
        raise MissingLibrary(library, traceback.format_exc()) from None
    except Exception as error:  # whatever that cloud's library raises; its text may hold an identity
        raise LoginError(
            f"this machine got no identity from {cloud} ({type(error).__name__})",
            f"Run where a {cloud} identity is attached, or use another akeyless.auth.access_type",
        ) from None


def _base64(text: str) -> str:
    """In base64, unless it is that already."""
    try:
        base64.b64decode("".join(text.split()), validate=True)
        return "".join(text.split())
    except ValueError:  # not base64 (binascii.Error), or not even ASCII
        return base64.b64encode(text.encode()).decode()
