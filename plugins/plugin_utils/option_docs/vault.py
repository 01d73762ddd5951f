# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options ``source``, ``operator_auth`` and ``writer_auth`` say."""

from __future__ import annotations

from ...module_utils.options.spec import VAULT, VAULT_AUTH, Option
from .render import DURATION, Docs, suboptions

__all__ = ["login_docs", "source_docs"]

_GUESS = (
    "When omitted, V(token) if O({prefix}.token) or its file is given, else V(approle) if O({prefix}.role_id) is given"
)
_LOGIN = {
    "method": [
        "How to log in. A run logs in once; it renews the token, or repeats the login, before the token expires.",
        "V(token) uses an existing token.",
        "V(approle) needs O({prefix}.role_id), and O({prefix}.secret_id) or O({prefix}.wrapped_secret_id) unless the"
        " role is configured without secret ids.",
        "V(userpass) and V(ldap) need O({prefix}.username) and O({prefix}.password).",
        "V(kubernetes) needs O({prefix}.role), and uses the pod's service account token when O({prefix}.jwt) is"
        " omitted.",
        "V(jwt) needs O({prefix}.jwt), and can use O({prefix}.role).",
        "V(aws_iam) can use O({prefix}.role) and an AWS key; without a key it uses the machine's own AWS identity, for"
        " which the Python library boto3 must be installed.",
        "V(azure) needs O({prefix}.role) and O({prefix}.jwt).",
        "V(gcp) needs O({prefix}.role), and either O({prefix}.jwt) or O({prefix}.gcp_service_account), for which the"
        " Python library google-auth must be installed.",
        "V(cert) logs in with O({connection}.client_cert).",
        "V(wrapped_token) unwraps O({prefix}.wrapped_token), which works once, and uses the token in it.",
    ],
    "mount_point": [
        "Where the auth method is mounted. {unset} V(aws) for O({prefix}.method=aws_iam), else the name of the method."
    ],
    "token": ["A token. A file that holds it is read again when the token expires, as an agent may have replaced it."],
    "role_id": ["The role id of an AppRole."],
    "secret_id": ["The secret id of an AppRole."],
    "wrapped_secret_id": [
        "A response-wrapping token that holds the secret id of an AppRole, instead of O({prefix}.secret_id). It can be"
        " unwrapped once, so the login fails if it was unwrapped before."
    ],
    "wrapped_token": ["A response-wrapping token that holds a token."],
    "username": ["The name of a user."],
    "password": ["The user's password."],
    "role": ["The role to log in for, with the methods V(kubernetes), V(jwt), V(aws_iam), V(azure) and V(gcp)."],
    "jwt": [
        "A signed JSON web token, with the methods V(kubernetes), V(jwt), V(azure) (the access token of a managed"
        " identity) and V(gcp).",
        "A file that holds it is read again at every login.",
    ],
    "aws_access_key": ["The id of an AWS access key."],
    "aws_secret_key": ["The secret part of the AWS access key."],
    "aws_session_token": ["The session token of temporary AWS credentials."],
    "aws_region": ["The AWS region that the login is signed for. {unset} V(us-east-1)."],
    "aws_header_value": ["The value of the header C(X-Vault-AWS-IAM-Server-ID), where the auth method needs one."],
    "azure_subscription_id": ["The Azure subscription of the machine."],
    "azure_resource_group": ["The Azure resource group of the machine."],
    "azure_vm_name": ["The name of the Azure virtual machine."],
    "azure_vmss_name": ["The name of the Azure virtual machine scale set."],
    "gcp_service_account": ["The JSON key of a GCP service account; the login is signed with it."],
    "cert_role": [
        "The certificate role to log in for, with O({prefix}.method=cert); when omitted, any role that matches."
    ],
}
_CONNECTION = {
    "url": [
        "The address of the Vault or OpenBao server, for example V(https://vault.example.com:8200). A path prefix is"
        " kept.",
        "It must not hold credentials.",
    ],
    "namespace": ["The namespace of Vault Enterprise, HCP Vault or OpenBao that the login and the secrets belong to."],
    "ca_cert": [
        "A PEM file with the CA certificates to trust, and no others. When neither this nor O({prefix}.ca_path) is"
        " given, the system's are trusted."
    ],
    "ca_path": ["A folder with CA certificates to trust, with the file names that C(openssl rehash) gives."],
    "validate_certs": ["Whether to check that the server's certificate is trusted and is for the server's name."],
    "client_cert": [
        "A PEM file with the client certificate for TLS. Needed by O({prefix}.auth.method=cert).",
    ],
    "client_key": ["A PEM file with the unencrypted key of O({prefix}.client_cert), unless that file holds it too."],
    "tls_server_name": ["The name in the server's certificate, when it is not the name in O({prefix}.url)."],
    "timeout": [f"How long to wait for the answer to one request. {DURATION}"],
}
_WITH_VARIABLES = {
    "validate_certs": [
        "When omitted, the opposite of E(VAULT_SKIP_VERIFY) (V(1), V(true), V(0), V(false)...), and V(true) when that"
        " is not set either."
    ],
    "timeout": ["{unset} V(30)."],
}
_KV = {
    "kv_version": {
        "description": [
            "The KV version of the mounts. V(auto) asks Vault, which answers any token that has a right below the"
            " mount."
        ],
        "type": "str",
        "choices": ["auto", "1", "2"],
    },
    "paths": {
        "description": [
            "The paths to migrate, each with its mount. A path that ends in a slash is a folder with everything below"
            " it; a path without one is a single secret, which needs no right to list.",
            "When omitted, every KV mount that the token may see.",
        ],
        "type": "list",
        "elements": "str",
    },
    "include": {
        "description": [
            "Globs of which one must match a secret's whole path, mount included. C(*) and C(?) stay within a segment,"
            " C(**) crosses slashes, a slash at the end means everything below."
        ],
        "type": "list",
        "elements": "str",
    },
    "exclude": {
        "description": ["Globs of which none may match. A folder that is wholly excluded is not listed."],
        "type": "list",
        "elements": "str",
    },
}


def login_docs(
    prefix: str, description: list[str], *, table: tuple[Option, ...] = VAULT_AUTH, variables: bool = True,
    connection: str = "source",
) -> Docs:  # fmt: skip
    """A login to Vault, as an option or suboption.

    :param prefix: its option path, for example ``operator_auth``.
    :param table: ``VAULT_AUTH``, or ``OPERATOR`` with variables of its own.
    :param variables: whether environment variables stand for what is omitted.
    :param connection: the option path of the connection, whose client certificate a login can use.
    """
    guess = [
        f"{_GUESS}, where the options come before the variables; else V(token) if there is a file C(~/.vault-token)."
        if variables
        else f"{_GUESS}."
    ]
    docs = suboptions(table, _LOGIN, prefix, {"method": guess}, variables=variables, connection=connection)
    return {"description": description, "type": "dict", "suboptions": docs}


def source_docs(prefix: str, description: list[str], *, variables: bool = True, kv: bool = False) -> Docs:
    """A Vault and the login to it, as an option or suboption.

    :param kv: with the suboptions that choose secrets in KV mounts.
    """
    auth = login_docs(f"{prefix}.auth", [f"How to log in to O({prefix}.url)."], variables=variables, connection=prefix)
    extra = _WITH_VARIABLES if variables else {}
    connection = suboptions(VAULT, _CONNECTION, prefix, extra, variables=variables)
    docs = {"auth": auth, **connection, **(_KV if kv else {})}
    return {"description": description, "type": "dict", "suboptions": docs}
