# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the option ``akeyless`` says."""

from __future__ import annotations

from ...module_utils.options.spec import AKEYLESS, AKEYLESS_AUTH
from .render import DURATION, Docs, suboptions

__all__ = ["akeyless_docs"]

_GUESS = (
    "When omitted, V(token), V(access_key), V(universal_identity) or V(password), whichever has its O({prefix}.token),"
    " O({prefix}.access_key), O({prefix}.uid_token) or O({prefix}.admin_password) given, looked for in that order"
)
_LOGIN = {
    "access_type": [
        "How to log in. A run logs in once, and again when the token expires.",
        "V(access_key) needs O({prefix}.access_id) and O({prefix}.access_key).",
        "V(password) needs O({prefix}.admin_email) and O({prefix}.admin_password).",
        "V(universal_identity) needs O({prefix}.uid_token).",
        "V(jwt) needs O({prefix}.access_id) and O({prefix}.jwt).",
        "V(k8s) needs O({prefix}.access_id) and O({prefix}.k8s_auth_config_name).",
        "V(cert) needs O({prefix}.access_id), O({prefix}.cert_data) and O({prefix}.key_data).",
        "V(aws_iam), V(azure_ad) and V(gcp) need O({prefix}.access_id), the Python library akeyless-cloud-id, and the"
        " library that it uses (boto3, azure-identity or google-auth).",
        "V(token) uses an existing token.",
    ],
    "access_id": ["The access id of the auth method, like V(p-xxxxxxxx)."],
    "access_key": ["The access key."],
    "token": ["A token. A file that holds it is read again when the token expires."],
    "uid_token": [
        "A universal identity token. A file that holds it is read again at every login, as the rotation of the token"
        " replaces it there."
    ],
    "admin_email": ["The e-mail address of an account's administrator."],
    "admin_password": ["The administrator's password."],
    "account_id": ["The account, where the e-mail address belongs to several."],
    "jwt": ["A signed JSON web token. A file that holds it is read again at every login."],
    "k8s_auth_config_name": ["The name of the Kubernetes auth configuration on the Gateway."],
    "k8s_service_account_token": [
        "The token of a Kubernetes service account, bare or in base64. {unset} the pod's own, from"
        " C(/var/run/secrets/kubernetes.io/serviceaccount/token)."
    ],
    "gateway_url": [
        "The Gateway that checks the Kubernetes token, for example V(https://gateway.example.com:8000). {unset} the"
        " Gateway of O({connection}.api_url)."
    ],
    "cert_data": ["The certificate to log in with, as PEM or in base64."],
    "key_data": ["The key of O({prefix}.cert_data), as PEM or in base64."],
    "gcp_audience": ["The audience of the GCP identity. {unset} V(akeyless.io)."],
    "azure_object_id": ["The object id of the Azure identity, where the machine has several."],
}
_CONNECTION = {
    "api_url": [
        "The address of the Akeyless API, of the SaaS or of a Gateway, for example"
        " V(https://gateway.example.com:8000/api/v2).",
        "It must not hold credentials.",
    ],
    "ca_cert": ["A PEM file with the CA certificates to trust, and no others. When omitted, the system's are trusted."],
    "validate_certs": ["Whether to check that the server's certificate is trusted and is for the server's name."],
    "client_cert": [
        "A PEM file with the client certificate for TLS, for a Gateway that needs one. It does not log in; for that see"
        " O({prefix}.auth.cert_data)."
    ],
    "client_key": ["A PEM file with the unencrypted key of O({prefix}.client_cert), unless that file holds it too."],
    "timeout": [f"How long to wait for the answer to one request. {DURATION}"],
}
_WITH_VARIABLES = {
    "api_url": ["{unset} V(https://api.akeyless.io)."],
    "validate_certs": [
        "When omitted, the opposite of E(AKEYLESS_SKIP_VERIFY) (V(1), V(true), V(0), V(false)...), and V(true) when"
        " that is not set either."
    ],
    "timeout": ["{unset} V(30)."],
}
_GATEWAY: Docs = {
    "description": [
        "The Gateway's address, of its cluster and not of one instance, for example"
        " V(https://gateway.example.com:8000). An address without a path gets C(/api/v2), except on port 8081, where"
        " the API is at the root.",
        "It comes before O(akeyless.api_url); an address in an option comes before one in a variable. The public API"
        " has no Gateway commands, so its address is an error.",
        "Read from E(AKEYLESS_GATEWAY_URL) when omitted, or from the file that E(AKEYLESS_GATEWAY_URL_FILE) names.",
    ],
    "type": "str",
}


def akeyless_docs(prefix: str, description: list[str], *, variables: bool = True, gateway: bool = False) -> Docs:
    """An Akeyless account and the login to it, as an option or suboption.

    :param prefix: its option path, for example ``akeyless``.
    :param variables: whether environment variables stand for what is omitted.
    :param gateway: with the suboption ``gateway_url``.
    """
    guess = [f"{_GUESS}, where the options come before the variables." if variables else f"{_GUESS}."]
    if variables:
        guess.append("The variable may also say V(api_key) for V(access_key).")
    login = suboptions(
        AKEYLESS_AUTH,
        _LOGIN,
        f"{prefix}.auth",
        {"access_type": guess},
        variables=variables,
        connection=prefix,
    )
    auth = {"description": [f"How to log in to O({prefix}.api_url)."], "type": "dict", "suboptions": login}
    extra = _WITH_VARIABLES if variables else {}
    connection = suboptions(AKEYLESS, _CONNECTION, prefix, extra, variables=variables)
    docs = {"auth": auth, **connection, **({"gateway_url": _GATEWAY} if gateway else {})}
    return {"description": description, "type": "dict", "suboptions": docs}
