# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``operator``, as plugins/module_utils/options/spec.py has it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  operator:
    description:
      - How an operator logs in to O(source.url), who may write policies and make and end credentials. The suboptions
        are those of O(source.auth), and so are the rules by which they are found.
      - The environment variables have the prefix C(OPERATOR_), so that the migration's own credential and the
        operator's can be in one environment.
    type: dict
    suboptions:
      method:
        description:
          - How to log in. One login is made in a run; the token is renewed, or the login repeated, before it expires.
          - When omitted, V(token) if O(operator.token) or its file is given, else V(approle) if O(operator.role_id)
            is, where the options come before the variables; else V(token) if there is a file C(~/.vault-token).
          - V(token) takes a token that exists.
          - V(approle) needs O(operator.role_id), and O(operator.secret_id) or O(operator.wrapped_secret_id) unless the
            role does without.
          - V(userpass) and V(ldap) need O(operator.username) and O(operator.password).
          - V(kubernetes) needs O(operator.role), and takes the pod's service account token when O(operator.jwt) is
            omitted.
          - V(jwt) needs O(operator.jwt), and takes O(operator.role).
          - V(aws_iam) takes O(operator.role) and an AWS key; without one, the machine's own AWS identity, for which
            the Python library boto3 must be installed.
          - V(azure) needs O(operator.role) and O(operator.jwt).
          - V(gcp) needs O(operator.role), and either O(operator.jwt) or O(operator.gcp_service_account), for which the
            Python library google-auth must be installed.
          - V(cert) logs in with O(source.client_cert).
          - V(wrapped_token) unwraps O(operator.wrapped_token), which works once, and takes the token inside.
          - Read from E(OPERATOR_VAULT_AUTH_METHOD) when omitted, or from the file that
            E(OPERATOR_VAULT_AUTH_METHOD_FILE) names.
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
          - Where the auth method is mounted. When it is not given anywhere, V(aws) for O(operator.method=aws_iam),
            else the name of the method.
          - Read from E(OPERATOR_VAULT_AUTH_MOUNT) when omitted, or from the file that
            E(OPERATOR_VAULT_AUTH_MOUNT_FILE) names.
        type: str
      token:
        description:
          - A token. A file that holds it is read again when the token dies, as an agent may have replaced it.
          - Read from E(OPERATOR_VAULT_TOKEN) when omitted, or from the file that E(OPERATOR_VAULT_TOKEN_FILE) names.
        type: str
      token_file:
        description:
          - A file that holds O(operator.token), on the host that runs the module.
        type: path
      role_id:
        description:
          - The role id of an AppRole.
          - Read from E(OPERATOR_VAULT_ROLE_ID) when omitted, or from the file that E(OPERATOR_VAULT_ROLE_ID_FILE)
            names.
        type: str
      role_id_file:
        description:
          - A file that holds O(operator.role_id), on the host that runs the module.
        type: path
      secret_id:
        description:
          - The secret id of an AppRole.
          - Read from E(OPERATOR_VAULT_SECRET_ID) when omitted, or from the file that E(OPERATOR_VAULT_SECRET_ID_FILE)
            names.
        type: str
      secret_id_file:
        description:
          - A file that holds O(operator.secret_id), on the host that runs the module.
        type: path
      wrapped_secret_id:
        description:
          - A response-wrapping token that holds the secret id of an AppRole, instead of O(operator.secret_id). It can
            be unwrapped once; the login fails if somebody else was faster.
          - Read from E(OPERATOR_VAULT_WRAPPED_SECRET_ID) when omitted, or from the file that
            E(OPERATOR_VAULT_WRAPPED_SECRET_ID_FILE) names.
        type: str
      wrapped_secret_id_file:
        description:
          - A file that holds O(operator.wrapped_secret_id), on the host that runs the module.
        type: path
      wrapped_token:
        description:
          - A response-wrapping token that holds a token.
          - Read from E(OPERATOR_VAULT_WRAPPED_TOKEN) when omitted, or from the file that
            E(OPERATOR_VAULT_WRAPPED_TOKEN_FILE) names.
        type: str
      wrapped_token_file:
        description:
          - A file that holds O(operator.wrapped_token), on the host that runs the module.
        type: path
      username:
        description:
          - The name of a user.
          - Read from E(OPERATOR_VAULT_USERNAME) when omitted, or from the file that E(OPERATOR_VAULT_USERNAME_FILE)
            names.
        type: str
      password:
        description:
          - The user's password.
          - Read from E(OPERATOR_VAULT_PASSWORD) when omitted, or from the file that E(OPERATOR_VAULT_PASSWORD_FILE)
            names.
        type: str
      password_file:
        description:
          - A file that holds O(operator.password), on the host that runs the module.
        type: path
      role:
        description:
          - The role to log in for, with the methods V(kubernetes), V(jwt), V(aws_iam), V(azure) and V(gcp).
          - Read from E(OPERATOR_VAULT_AUTH_ROLE) when omitted, or from the file that E(OPERATOR_VAULT_AUTH_ROLE_FILE)
            names.
        type: str
      jwt:
        description:
          - A signed JSON web token, with the methods V(kubernetes), V(jwt), V(azure) (the access token of a managed
            identity) and V(gcp).
          - A file that holds it is read again at every login.
          - Read from E(OPERATOR_VAULT_JWT) when omitted, or from the file that E(OPERATOR_VAULT_JWT_FILE) names.
        type: str
      jwt_file:
        description:
          - A file that holds O(operator.jwt), on the host that runs the module.
        type: path
      aws_access_key:
        description:
          - The id of an AWS access key.
          - Read from E(OPERATOR_AWS_ACCESS_KEY_ID) when omitted, or from the file that
            E(OPERATOR_AWS_ACCESS_KEY_ID_FILE) names.
        type: str
      aws_access_key_file:
        description:
          - A file that holds O(operator.aws_access_key), on the host that runs the module.
        type: path
      aws_secret_key:
        description:
          - The secret part of the AWS access key.
          - Read from E(OPERATOR_AWS_SECRET_ACCESS_KEY) when omitted, or from the file that
            E(OPERATOR_AWS_SECRET_ACCESS_KEY_FILE) names.
        type: str
      aws_secret_key_file:
        description:
          - A file that holds O(operator.aws_secret_key), on the host that runs the module.
        type: path
      aws_session_token:
        description:
          - The session token of temporary AWS credentials.
          - Read from E(OPERATOR_AWS_SESSION_TOKEN) when omitted, or from the file that
            E(OPERATOR_AWS_SESSION_TOKEN_FILE) names.
        type: str
      aws_session_token_file:
        description:
          - A file that holds O(operator.aws_session_token), on the host that runs the module.
        type: path
      aws_region:
        description:
          - The AWS region that the login is signed for. V(us-east-1) when it is not given anywhere.
          - Read from E(OPERATOR_AWS_REGION) or E(OPERATOR_AWS_DEFAULT_REGION) when omitted, or from the file that
            E(OPERATOR_AWS_REGION_FILE) or E(OPERATOR_AWS_DEFAULT_REGION_FILE) names.
        type: str
      aws_header_value:
        description:
          - The value of the header C(X-Vault-AWS-IAM-Server-ID), where the auth method wants one.
          - Read from E(OPERATOR_VAULT_AWS_HEADER_VALUE) when omitted, or from the file that
            E(OPERATOR_VAULT_AWS_HEADER_VALUE_FILE) names.
        type: str
      azure_subscription_id:
        description:
          - The Azure subscription of the machine.
          - Read from E(OPERATOR_AZURE_SUBSCRIPTION_ID) when omitted, or from the file that
            E(OPERATOR_AZURE_SUBSCRIPTION_ID_FILE) names.
        type: str
      azure_resource_group:
        description:
          - The Azure resource group of the machine.
          - Read from E(OPERATOR_AZURE_RESOURCE_GROUP) when omitted, or from the file that
            E(OPERATOR_AZURE_RESOURCE_GROUP_FILE) names.
        type: str
      azure_vm_name:
        description:
          - The name of the Azure virtual machine.
          - Read from E(OPERATOR_AZURE_VM_NAME) when omitted, or from the file that E(OPERATOR_AZURE_VM_NAME_FILE)
            names.
        type: str
      azure_vmss_name:
        description:
          - The name of the Azure virtual machine scale set.
          - Read from E(OPERATOR_AZURE_VMSS_NAME) when omitted, or from the file that E(OPERATOR_AZURE_VMSS_NAME_FILE)
            names.
        type: str
      gcp_service_account:
        description:
          - The JSON key of a GCP service account; the login is signed with it.
          - Read from E(OPERATOR_VAULT_GCP_SERVICE_ACCOUNT) when omitted, or from the file that
            E(OPERATOR_VAULT_GCP_SERVICE_ACCOUNT_FILE) names.
        type: str
      gcp_service_account_file:
        description:
          - A file that holds O(operator.gcp_service_account), on the host that runs the module.
        type: path
      cert_role:
        description:
          - The certificate role to log in for, with O(operator.method=cert); when omitted, any that matches.
          - Read from E(OPERATOR_VAULT_CERT_ROLE) when omitted, or from the file that E(OPERATOR_VAULT_CERT_ROLE_FILE)
            names.
        type: str
"""
