# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``akeyless``, as plugins/module_utils/options/spec.py has it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - httpx >= 0.25.0
options:
  akeyless:
    description:
      - The Akeyless account that the secrets go to, by way of the SaaS API or a Gateway. Every suboption can come from
        the environment of the module instead.
      - An option comes before its C(_file) twin, that before the environment variable, and that before the file that
        the variable's C(_FILE) twin names. What is empty counts as not given.
    type: dict
    suboptions:
      auth:
        description:
          - How to log in to O(akeyless.api_url).
        type: dict
        suboptions:
          access_type:
            description:
              - How to log in. One login is made in a run, and repeated when the token expires.
              - When omitted, V(token), V(access_key), V(universal_identity) or V(password), whichever has its
                O(akeyless.auth.token), O(akeyless.auth.access_key), O(akeyless.auth.uid_token) or
                O(akeyless.auth.admin_password) given, looked for in that order, where the options come before the
                variables.
              - V(access_key) needs O(akeyless.auth.access_id) and O(akeyless.auth.access_key). The variable may
                also say V(api_key).
              - V(password) needs O(akeyless.auth.admin_email) and O(akeyless.auth.admin_password).
              - V(universal_identity) needs O(akeyless.auth.uid_token).
              - V(jwt) needs O(akeyless.auth.access_id) and O(akeyless.auth.jwt).
              - V(k8s) needs O(akeyless.auth.access_id) and O(akeyless.auth.k8s_auth_config_name).
              - V(cert) needs O(akeyless.auth.access_id), O(akeyless.auth.cert_data) and O(akeyless.auth.key_data).
              - V(aws_iam), V(azure_ad) and V(gcp) need O(akeyless.auth.access_id), the Python library
                akeyless-cloud-id, and what that uses (boto3, azure-identity or google-auth).
              - V(token) takes a token that exists.
              - Read from E(AKEYLESS_ACCESS_TYPE) when omitted, or from the file that E(AKEYLESS_ACCESS_TYPE_FILE)
                names.
            type: str
            choices:
              - access_key
              - password
              - universal_identity
              - jwt
              - k8s
              - cert
              - aws_iam
              - azure_ad
              - gcp
              - token
          access_id:
            description:
              - The access id of the auth method, like V(p-xxxxxxxx).
              - Read from E(AKEYLESS_ACCESS_ID) when omitted, or from the file that E(AKEYLESS_ACCESS_ID_FILE)
                names.
            type: str
          access_id_file:
            description:
              - A file that holds O(akeyless.auth.access_id), on the host that runs the module.
            type: path
          access_key:
            description:
              - The access key.
              - Read from E(AKEYLESS_ACCESS_KEY) when omitted, or from the file that E(AKEYLESS_ACCESS_KEY_FILE)
                names.
            type: str
          access_key_file:
            description:
              - A file that holds O(akeyless.auth.access_key), on the host that runs the module.
            type: path
          token:
            description:
              - A token. A file that holds it is read again when the token expires.
              - Read from E(AKEYLESS_TOKEN) when omitted, or from the file that E(AKEYLESS_TOKEN_FILE) names.
            type: str
          token_file:
            description:
              - A file that holds O(akeyless.auth.token), on the host that runs the module.
            type: path
          uid_token:
            description:
              - A universal identity token. A file that holds it is read again at every login, as whoever rotates it
                replaces it there.
              - Read from E(AKEYLESS_UID_TOKEN) when omitted, or from the file that E(AKEYLESS_UID_TOKEN_FILE)
                names.
            type: str
          uid_token_file:
            description:
              - A file that holds O(akeyless.auth.uid_token), on the host that runs the module.
            type: path
          admin_email:
            description:
              - The e-mail address of an account's administrator.
              - Read from E(AKEYLESS_ADMIN_EMAIL) when omitted, or from the file that E(AKEYLESS_ADMIN_EMAIL_FILE)
                names.
            type: str
          admin_password:
            description:
              - The administrator's password.
              - Read from E(AKEYLESS_ADMIN_PASSWORD) when omitted, or from the file that
                E(AKEYLESS_ADMIN_PASSWORD_FILE) names.
            type: str
          admin_password_file:
            description:
              - A file that holds O(akeyless.auth.admin_password), on the host that runs the module.
            type: path
          account_id:
            description:
              - The account, where the e-mail address belongs to several.
              - Read from E(AKEYLESS_ACCOUNT_ID) when omitted, or from the file that E(AKEYLESS_ACCOUNT_ID_FILE)
                names.
            type: str
          jwt:
            description:
              - A signed JSON web token. A file that holds it is read again at every login.
              - Read from E(AKEYLESS_JWT) when omitted, or from the file that E(AKEYLESS_JWT_FILE) names.
            type: str
          jwt_file:
            description:
              - A file that holds O(akeyless.auth.jwt), on the host that runs the module.
            type: path
          k8s_auth_config_name:
            description:
              - The name of the Kubernetes auth configuration on the Gateway.
              - Read from E(AKEYLESS_K8S_AUTH_CONF_NAME) when omitted, or from the file that
                E(AKEYLESS_K8S_AUTH_CONF_NAME_FILE) names.
            type: str
          k8s_service_account_token:
            description:
              - The token of a Kubernetes service account, bare or in base64. When it is not given anywhere, the
                pod's own, from C(/var/run/secrets/kubernetes.io/serviceaccount/token).
              - Read from E(AKEYLESS_K8S_SERVICE_ACCOUNT_TOKEN) when omitted, or from the file that
                E(AKEYLESS_K8S_SERVICE_ACCOUNT_TOKEN_FILE) names.
            type: str
          k8s_service_account_token_file:
            description:
              - A file that holds O(akeyless.auth.k8s_service_account_token), on the host that runs the module.
            type: path
          gateway_url:
            description:
              - The Gateway that checks the Kubernetes token, for example V(https://gateway.example.com:8000). When
                it is not given anywhere, the one of O(akeyless.api_url).
              - Read from E(AKEYLESS_GATEWAY_URL) when omitted, or from the file that E(AKEYLESS_GATEWAY_URL_FILE)
                names.
            type: str
          cert_data:
            description:
              - The certificate to log in with, as PEM or in base64.
              - Read from E(AKEYLESS_CERT_DATA) when omitted, or from the file that E(AKEYLESS_CERT_DATA_FILE)
                names.
            type: str
          cert_data_file:
            description:
              - A file that holds O(akeyless.auth.cert_data), on the host that runs the module.
            type: path
          key_data:
            description:
              - The key of O(akeyless.auth.cert_data), as PEM or in base64.
              - Read from E(AKEYLESS_KEY_DATA) when omitted, or from the file that E(AKEYLESS_KEY_DATA_FILE) names.
            type: str
          key_data_file:
            description:
              - A file that holds O(akeyless.auth.key_data), on the host that runs the module.
            type: path
          gcp_audience:
            description:
              - The audience of the GCP identity. V(akeyless.io) when it is not given anywhere.
              - Read from E(AKEYLESS_GCP_AUDIENCE) when omitted, or from the file that E(AKEYLESS_GCP_AUDIENCE_FILE)
                names.
            type: str
          azure_object_id:
            description:
              - The object id of the Azure identity, where the machine has several.
              - Read from E(AKEYLESS_AZURE_OBJECT_ID) when omitted, or from the file that
                E(AKEYLESS_AZURE_OBJECT_ID_FILE) names.
            type: str
      api_url:
        description:
          - The address of the Akeyless API, the SaaS's or a Gateway's, for example
            V(https://gateway.example.com:8000/api/v2). V(https://api.akeyless.io) when it is not given anywhere.
          - It must not hold credentials.
          - Read from E(AKEYLESS_API_URL) or E(AKEYLESS_GATEWAY_URL) when omitted, or from the file that
            E(AKEYLESS_API_URL_FILE) or E(AKEYLESS_GATEWAY_URL_FILE) names.
        type: str
      ca_cert:
        description:
          - A PEM file with the CA certificates to trust, and no others. When omitted, the system's are trusted.
          - Read from E(AKEYLESS_CA_CERT) when omitted.
        type: path
      validate_certs:
        description:
          - Whether the server must show a certificate that is trusted and is for its name.
          - When omitted, the contrary of E(AKEYLESS_SKIP_VERIFY) (V(1), V(true), V(0), V(false)...), and V(true)
            when that is not set either.
        type: bool
      client_cert:
        description:
          - A PEM file with the certificate to show to a Gateway that wants one. It is no login; for that see
            O(akeyless.auth.cert_data).
          - Read from E(AKEYLESS_CLIENT_CERT) when omitted.
        type: path
      client_key:
        description:
          - A PEM file with the unencrypted key of O(akeyless.client_cert), unless that file holds it too.
          - Read from E(AKEYLESS_CLIENT_KEY) when omitted.
        type: path
      timeout:
        description:
          - Seconds to wait for the answer to one request. V(30) when it is not given anywhere.
          - The variable may also be a duration like V(90s) or V(1m30s).
          - Read from E(AKEYLESS_TIMEOUT) when omitted.
        type: float
"""

    # ``akeyless`` for the modules that speak to a Gateway. (The annotation is for ansible-test, which evaluates plain
    # assignments and cannot evaluate a sum.)
    GATEWAY: str = (
        DOCUMENTATION
        + r"""
      gateway_url:
        description:
          - The Gateway's address, of its cluster and not of one instance, for example
            V(https://gateway.example.com:8000). Without a path, C(/api/v2) is added, but on port 8081, where the API is
            at the root.
          - It comes before O(akeyless.api_url); an address in an option comes before one in a variable. The public API
            has no Gateway commands, and is refused.
          - Read from E(AKEYLESS_GATEWAY_URL) when omitted, or from the file that E(AKEYLESS_GATEWAY_URL_FILE) names.
        type: str
"""
    )
