# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``source``, as plugins/module_utils/options/spec.py has it."""

from __future__ import annotations


class ModuleDocFragment:
    # The suboptions of ``source`` come last, so that a fragment for modules which have more of them can go on here:
    #     DOCUMENTATION = ModuleDocFragment.DOCUMENTATION + "      paths:\n        description: ..."
    # (Fragments are merged one level deep: a module cannot add suboptions by documenting ``source`` itself.)
    DOCUMENTATION = r"""
requirements:
  - hvac >= 1.2.0
options:
  source:
    description:
      - The Vault or OpenBao server that the secrets come from. Every suboption can come from the environment of the
        module instead.
      - An option comes before its C(_file) twin, that before the environment variable, and that before the file that
        the variable's C(_FILE) twin names. What is empty counts as not given.
    type: dict
    suboptions:
      auth:
        description:
          - How to log in to O(source.url).
        type: dict
        suboptions:
          method:
            description:
              - How to log in. One login is made in a run; the token is renewed, or the login repeated, before it
                expires.
              - When omitted, V(token) if O(source.auth.token) or its file is given, else V(approle) if
                O(source.auth.role_id) is, where the options come before the variables; else V(token) if there is a
                file C(~/.vault-token).
              - V(token) takes a token that exists.
              - V(approle) needs O(source.auth.role_id), and O(source.auth.secret_id) or
                O(source.auth.wrapped_secret_id) unless the role does without.
              - V(userpass) and V(ldap) need O(source.auth.username) and O(source.auth.password).
              - V(kubernetes) needs O(source.auth.role), and takes the pod's service account token when
                O(source.auth.jwt) is omitted.
              - V(jwt) needs O(source.auth.jwt), and takes O(source.auth.role).
              - V(aws_iam) takes O(source.auth.role) and an AWS key; without one, the machine's own AWS identity,
                for which the Python library boto3 must be installed.
              - V(azure) needs O(source.auth.role) and O(source.auth.jwt).
              - V(gcp) needs O(source.auth.role), and either O(source.auth.jwt) or
                O(source.auth.gcp_service_account), for which the Python library google-auth must be installed.
              - V(cert) logs in with O(source.client_cert).
              - V(wrapped_token) unwraps O(source.auth.wrapped_token), which works once, and takes the token inside.
              - Read from E(VAULT_AUTH_METHOD) when omitted, or from the file that E(VAULT_AUTH_METHOD_FILE) names.
            type: str
            choices:
              - token
              - approle
              - userpass
              - ldap
              - kubernetes
              - jwt
              - aws_iam
              - azure
              - gcp
              - cert
              - wrapped_token
          mount_point:
            description:
              - Where the auth method is mounted. When it is not given anywhere, V(aws) for
                O(source.auth.method=aws_iam), else the name of the method.
              - Read from E(VAULT_AUTH_MOUNT) when omitted, or from the file that E(VAULT_AUTH_MOUNT_FILE) names.
            type: str
          token:
            description:
              - A token. A file that holds it is read again when the token dies, as an agent may have replaced it.
              - Read from E(VAULT_TOKEN) when omitted, or from the file that E(VAULT_TOKEN_FILE) names.
            type: str
          token_file:
            description:
              - A file that holds O(source.auth.token), on the host that runs the module.
            type: path
          role_id:
            description:
              - The role id of an AppRole.
              - Read from E(VAULT_ROLE_ID) when omitted, or from the file that E(VAULT_ROLE_ID_FILE) names.
            type: str
          role_id_file:
            description:
              - A file that holds O(source.auth.role_id), on the host that runs the module.
            type: path
          secret_id:
            description:
              - The secret id of an AppRole.
              - Read from E(VAULT_SECRET_ID) when omitted, or from the file that E(VAULT_SECRET_ID_FILE) names.
            type: str
          secret_id_file:
            description:
              - A file that holds O(source.auth.secret_id), on the host that runs the module.
            type: path
          wrapped_secret_id:
            description:
              - A response-wrapping token that holds the secret id of an AppRole, instead of
                O(source.auth.secret_id). It can be unwrapped once; the login fails if somebody else was faster.
              - Read from E(VAULT_WRAPPED_SECRET_ID) when omitted, or from the file that
                E(VAULT_WRAPPED_SECRET_ID_FILE) names.
            type: str
          wrapped_secret_id_file:
            description:
              - A file that holds O(source.auth.wrapped_secret_id), on the host that runs the module.
            type: path
          wrapped_token:
            description:
              - A response-wrapping token that holds a token.
              - Read from E(VAULT_WRAPPED_TOKEN) when omitted, or from the file that E(VAULT_WRAPPED_TOKEN_FILE)
                names.
            type: str
          wrapped_token_file:
            description:
              - A file that holds O(source.auth.wrapped_token), on the host that runs the module.
            type: path
          username:
            description:
              - The name of a user.
              - Read from E(VAULT_USERNAME) when omitted, or from the file that E(VAULT_USERNAME_FILE) names.
            type: str
          password:
            description:
              - The user's password.
              - Read from E(VAULT_PASSWORD) when omitted, or from the file that E(VAULT_PASSWORD_FILE) names.
            type: str
          password_file:
            description:
              - A file that holds O(source.auth.password), on the host that runs the module.
            type: path
          role:
            description:
              - The role to log in for, with the methods V(kubernetes), V(jwt), V(aws_iam), V(azure) and V(gcp).
              - Read from E(VAULT_AUTH_ROLE) when omitted, or from the file that E(VAULT_AUTH_ROLE_FILE) names.
            type: str
          jwt:
            description:
              - A signed JSON web token, with the methods V(kubernetes), V(jwt), V(azure) (the access token of a
                managed identity) and V(gcp).
              - A file that holds it is read again at every login.
              - Read from E(VAULT_JWT) when omitted, or from the file that E(VAULT_JWT_FILE) names.
            type: str
          jwt_file:
            description:
              - A file that holds O(source.auth.jwt), on the host that runs the module.
            type: path
          aws_access_key:
            description:
              - The id of an AWS access key.
              - Read from E(AWS_ACCESS_KEY_ID) when omitted, or from the file that E(AWS_ACCESS_KEY_ID_FILE) names.
            type: str
          aws_access_key_file:
            description:
              - A file that holds O(source.auth.aws_access_key), on the host that runs the module.
            type: path
          aws_secret_key:
            description:
              - The secret part of the AWS access key.
              - Read from E(AWS_SECRET_ACCESS_KEY) when omitted, or from the file that E(AWS_SECRET_ACCESS_KEY_FILE)
                names.
            type: str
          aws_secret_key_file:
            description:
              - A file that holds O(source.auth.aws_secret_key), on the host that runs the module.
            type: path
          aws_session_token:
            description:
              - The session token of temporary AWS credentials.
              - Read from E(AWS_SESSION_TOKEN) when omitted, or from the file that E(AWS_SESSION_TOKEN_FILE) names.
            type: str
          aws_session_token_file:
            description:
              - A file that holds O(source.auth.aws_session_token), on the host that runs the module.
            type: path
          aws_region:
            description:
              - The AWS region that the login is signed for. V(us-east-1) when it is not given anywhere.
              - Read from E(AWS_REGION) or E(AWS_DEFAULT_REGION) when omitted, or from the file that
                E(AWS_REGION_FILE) or E(AWS_DEFAULT_REGION_FILE) names.
            type: str
          aws_header_value:
            description:
              - The value of the header C(X-Vault-AWS-IAM-Server-ID), where the auth method wants one.
              - Read from E(VAULT_AWS_HEADER_VALUE) when omitted, or from the file that
                E(VAULT_AWS_HEADER_VALUE_FILE) names.
            type: str
          azure_subscription_id:
            description:
              - The Azure subscription of the machine.
              - Read from E(AZURE_SUBSCRIPTION_ID) when omitted, or from the file that E(AZURE_SUBSCRIPTION_ID_FILE)
                names.
            type: str
          azure_resource_group:
            description:
              - The Azure resource group of the machine.
              - Read from E(AZURE_RESOURCE_GROUP) when omitted, or from the file that E(AZURE_RESOURCE_GROUP_FILE)
                names.
            type: str
          azure_vm_name:
            description:
              - The name of the Azure virtual machine.
              - Read from E(AZURE_VM_NAME) when omitted, or from the file that E(AZURE_VM_NAME_FILE) names.
            type: str
          azure_vmss_name:
            description:
              - The name of the Azure virtual machine scale set.
              - Read from E(AZURE_VMSS_NAME) when omitted, or from the file that E(AZURE_VMSS_NAME_FILE) names.
            type: str
          gcp_service_account:
            description:
              - The JSON key of a GCP service account; the login is signed with it.
              - Read from E(VAULT_GCP_SERVICE_ACCOUNT) when omitted, or from the file that
                E(VAULT_GCP_SERVICE_ACCOUNT_FILE) names.
            type: str
          gcp_service_account_file:
            description:
              - A file that holds O(source.auth.gcp_service_account), on the host that runs the module.
            type: path
          cert_role:
            description:
              - The certificate role to log in for, with O(source.auth.method=cert); when omitted, any that matches.
              - Read from E(VAULT_CERT_ROLE) when omitted, or from the file that E(VAULT_CERT_ROLE_FILE) names.
            type: str
      url:
        description:
          - The address of the Vault or OpenBao server, for example V(https://vault.example.com:8200). A path prefix
            is kept.
          - It must not hold credentials.
          - Read from E(VAULT_ADDR) when omitted, or from the file that E(VAULT_ADDR_FILE) names.
        type: str
      namespace:
        description:
          - The namespace of Vault Enterprise, HCP Vault or OpenBao that the login and the secrets belong to.
          - Read from E(VAULT_NAMESPACE) when omitted, or from the file that E(VAULT_NAMESPACE_FILE) names.
        type: str
      ca_cert:
        description:
          - A PEM file with the CA certificates to trust, and no others. When neither this nor O(source.ca_path) is
            given, the system's are trusted.
          - Read from E(VAULT_CACERT) when omitted.
        type: path
      ca_path:
        description:
          - A folder with CA certificates to trust, hashed as C(openssl rehash) does it.
          - Read from E(VAULT_CAPATH) when omitted.
        type: path
      validate_certs:
        description:
          - Whether the server must show a certificate that is trusted and is for its name.
          - When omitted, the contrary of E(VAULT_SKIP_VERIFY) (V(1), V(true), V(0), V(false)...), and V(true) when
            that is not set either.
        type: bool
      client_cert:
        description:
          - A PEM file with the certificate to show to the server. Needed by O(source.auth.method=cert).
          - Read from E(VAULT_CLIENT_CERT) when omitted.
        type: path
      client_key:
        description:
          - A PEM file with the unencrypted key of O(source.client_cert), unless that file holds it too.
          - Read from E(VAULT_CLIENT_KEY) when omitted.
        type: path
      tls_server_name:
        description:
          - The name that the server's certificate is for, when it is not the one in O(source.url).
          - Read from E(VAULT_TLS_SERVER_NAME) when omitted, or from the file that E(VAULT_TLS_SERVER_NAME_FILE)
            names.
        type: str
      timeout:
        description:
          - Seconds to wait for the answer to one request. V(30) when it is not given anywhere.
          - The variable may also be a duration like V(90s) or V(1m30s).
          - Read from E(VAULT_CLIENT_TIMEOUT) when omitted.
        type: float
"""

    # ``source`` for the modules that walk KV mounts. (The annotation is for ansible-test, which evaluates plain
    # assignments and cannot evaluate a sum.)
    KV: str = (
        DOCUMENTATION
        + r"""
      kv_version:
        description:
          - The KV version of the mounts. V(auto) asks Vault, which tells any token that has a right below the mount.
        type: str
        choices:
          - auto
          - "1"
          - "2"
      paths:
        description:
          - What to take, each with its mount. A path that ends in a slash is a folder and everything below it; without,
            it is one secret, which needs no right to list.
          - When omitted, every KV mount that the token may see.
        type: list
        elements: str
      include:
        description:
          - Globs of which one must match a secret's whole path, mount included. C(*) and C(?) stay within a segment,
            C(**) crosses slashes, a slash at the end means everything below.
        type: list
        elements: str
      exclude:
        description:
          - Globs of which none may match. A folder that is excluded whole is not even listed.
        type: list
        elements: str
"""
    )
