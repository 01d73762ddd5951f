#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_freeze
short_description: Make migrated paths read-only in Vault, and undo it
version_added: 0.1.0
description:
  - For a cutover. Takes the right to write below O(source.paths) out of the policies of writers, with the login of an
    operator, and gives it back. Tokens that exist notice it with their next request.
  - Vault has no policy that only takes away writing. A C(deny) takes away reading, too, and an added policy takes
    nothing away. So each policy that gives the right to write is rewritten, and its text kept as the policy
    C(secretferry-frozen-<name>--<policy>), from which it is restored byte for byte.
  - What lies within O(source.paths) loses C(create), C(update), C(patch) and C(delete). A path that reaches further
    stays, and a narrower one without these is added behind it.
  - Afterwards a write is tried that cannot succeed, as it demands a version that no secret has. If it is not refused
    for want of rights, the task fails.
  - A run that died is simply run again. A policy that somebody changed while it was frozen is left alone, and the task
    fails before anything is written.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.operator
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
    details: No write is tried.
  diff_mode:
    support: full
  idempotent:
    support: full
  action_group:
    support: full
options:
  name:
    description:
      - The migration's name. It tells the freezes of several migrations apart.
    type: str
    required: true
  state:
    description:
      - V(present) freezes, V(absent) restores the policies.
    type: str
    choices:
      - present
      - absent
    default: present
  policies:
    description:
      - The policies of the writers. All that give a right to write there when omitted, for which the operator must be
        allowed to list and read all policies.
      - With O(state=absent), those to restore, all when omitted.
    type: list
    elements: str
  writer:
    description:
      - How somebody logs in who could write, to try that it is refused. The suboptions are those of O(source.auth).
      - When omitted, the operator makes a token with the frozen policies for that, which needs the right to
        C(auth/token/create) and these policies, and revokes it. If that is refused, the task warns that nothing was
        tried.
    type: dict
    suboptions:
      method:
        description:
          - How to log in. One login is made in a run; the token is renewed, or the login repeated, before it expires.
          - When omitted, V(token) if O(writer.token) or its file is given, else V(approle) if O(writer.role_id)
            is, where the options come before the variables; else V(token) if there is a file C(~/.vault-token).
          - V(token) takes a token that exists.
          - V(approle) needs O(writer.role_id), and O(writer.secret_id) or O(writer.wrapped_secret_id) unless the
            role does without.
          - V(userpass) and V(ldap) need O(writer.username) and O(writer.password).
          - V(kubernetes) needs O(writer.role), and takes the pod's service account token when O(writer.jwt) is
            omitted.
          - V(jwt) needs O(writer.jwt), and takes O(writer.role).
          - V(aws_iam) takes O(writer.role) and an AWS key; without one, the machine's own AWS identity, for which
            the Python library boto3 must be installed.
          - V(azure) needs O(writer.role) and O(writer.jwt).
          - V(gcp) needs O(writer.role), and either O(writer.jwt) or O(writer.gcp_service_account), for which the
            Python library google-auth must be installed.
          - V(cert) logs in with O(source.client_cert).
          - V(wrapped_token) unwraps O(writer.wrapped_token), which works once, and takes the token inside.
          - Read from E(VAULT_AUTH_METHOD) when omitted, or from the file that
            E(VAULT_AUTH_METHOD_FILE) names.
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
          - Where the auth method is mounted. When it is not given anywhere, V(aws) for O(writer.method=aws_iam),
            else the name of the method.
          - Read from E(VAULT_AUTH_MOUNT) when omitted, or from the file that
            E(VAULT_AUTH_MOUNT_FILE) names.
        type: str
      token:
        description:
          - A token. A file that holds it is read again when the token dies, as an agent may have replaced it.
          - Read from E(VAULT_TOKEN) when omitted, or from the file that E(VAULT_TOKEN_FILE) names.
        type: str
      token_file:
        description:
          - A file that holds O(writer.token), on the host that runs the module.
        type: path
      role_id:
        description:
          - The role id of an AppRole.
          - Read from E(VAULT_ROLE_ID) when omitted, or from the file that E(VAULT_ROLE_ID_FILE)
            names.
        type: str
      role_id_file:
        description:
          - A file that holds O(writer.role_id), on the host that runs the module.
        type: path
      secret_id:
        description:
          - The secret id of an AppRole.
          - Read from E(VAULT_SECRET_ID) when omitted, or from the file that E(VAULT_SECRET_ID_FILE)
            names.
        type: str
      secret_id_file:
        description:
          - A file that holds O(writer.secret_id), on the host that runs the module.
        type: path
      wrapped_secret_id:
        description:
          - A response-wrapping token that holds the secret id of an AppRole, instead of O(writer.secret_id). It can
            be unwrapped once; the login fails if somebody else was faster.
          - Read from E(VAULT_WRAPPED_SECRET_ID) when omitted, or from the file that
            E(VAULT_WRAPPED_SECRET_ID_FILE) names.
        type: str
      wrapped_secret_id_file:
        description:
          - A file that holds O(writer.wrapped_secret_id), on the host that runs the module.
        type: path
      wrapped_token:
        description:
          - A response-wrapping token that holds a token.
          - Read from E(VAULT_WRAPPED_TOKEN) when omitted, or from the file that
            E(VAULT_WRAPPED_TOKEN_FILE) names.
        type: str
      wrapped_token_file:
        description:
          - A file that holds O(writer.wrapped_token), on the host that runs the module.
        type: path
      username:
        description:
          - The name of a user.
          - Read from E(VAULT_USERNAME) when omitted, or from the file that E(VAULT_USERNAME_FILE)
            names.
        type: str
      password:
        description:
          - The user's password.
          - Read from E(VAULT_PASSWORD) when omitted, or from the file that E(VAULT_PASSWORD_FILE)
            names.
        type: str
      password_file:
        description:
          - A file that holds O(writer.password), on the host that runs the module.
        type: path
      role:
        description:
          - The role to log in for, with the methods V(kubernetes), V(jwt), V(aws_iam), V(azure) and V(gcp).
          - Read from E(VAULT_AUTH_ROLE) when omitted, or from the file that E(VAULT_AUTH_ROLE_FILE)
            names.
        type: str
      jwt:
        description:
          - A signed JSON web token, with the methods V(kubernetes), V(jwt), V(azure) (the access token of a managed
            identity) and V(gcp).
          - A file that holds it is read again at every login.
          - Read from E(VAULT_JWT) when omitted, or from the file that E(VAULT_JWT_FILE) names.
        type: str
      jwt_file:
        description:
          - A file that holds O(writer.jwt), on the host that runs the module.
        type: path
      aws_access_key:
        description:
          - The id of an AWS access key.
          - Read from E(AWS_ACCESS_KEY_ID) when omitted, or from the file that
            E(AWS_ACCESS_KEY_ID_FILE) names.
        type: str
      aws_access_key_file:
        description:
          - A file that holds O(writer.aws_access_key), on the host that runs the module.
        type: path
      aws_secret_key:
        description:
          - The secret part of the AWS access key.
          - Read from E(AWS_SECRET_ACCESS_KEY) when omitted, or from the file that
            E(AWS_SECRET_ACCESS_KEY_FILE) names.
        type: str
      aws_secret_key_file:
        description:
          - A file that holds O(writer.aws_secret_key), on the host that runs the module.
        type: path
      aws_session_token:
        description:
          - The session token of temporary AWS credentials.
          - Read from E(AWS_SESSION_TOKEN) when omitted, or from the file that
            E(AWS_SESSION_TOKEN_FILE) names.
        type: str
      aws_session_token_file:
        description:
          - A file that holds O(writer.aws_session_token), on the host that runs the module.
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
          - Read from E(AZURE_SUBSCRIPTION_ID) when omitted, or from the file that
            E(AZURE_SUBSCRIPTION_ID_FILE) names.
        type: str
      azure_resource_group:
        description:
          - The Azure resource group of the machine.
          - Read from E(AZURE_RESOURCE_GROUP) when omitted, or from the file that
            E(AZURE_RESOURCE_GROUP_FILE) names.
        type: str
      azure_vm_name:
        description:
          - The name of the Azure virtual machine.
          - Read from E(AZURE_VM_NAME) when omitted, or from the file that E(AZURE_VM_NAME_FILE)
            names.
        type: str
      azure_vmss_name:
        description:
          - The name of the Azure virtual machine scale set.
          - Read from E(AZURE_VMSS_NAME) when omitted, or from the file that E(AZURE_VMSS_NAME_FILE)
            names.
        type: str
      gcp_service_account:
        description:
          - The JSON key of a GCP service account; the login is signed with it.
          - Read from E(VAULT_GCP_SERVICE_ACCOUNT) when omitted, or from the file that
            E(VAULT_GCP_SERVICE_ACCOUNT_FILE) names.
        type: str
      gcp_service_account_file:
        description:
          - A file that holds O(writer.gcp_service_account), on the host that runs the module.
        type: path
      cert_role:
        description:
          - The certificate role to log in for, with O(writer.method=cert); when omitted, any that matches.
          - Read from E(VAULT_CERT_ROLE) when omitted, or from the file that E(VAULT_CERT_ROLE_FILE)
            names.
        type: str
notes:
  - O(source.auth) plays no part. The operator logs in with O(operator).
  - The operator needs C(read), C(create), C(update) and C(delete) on C(sys/policies/acl/*), and C(list) on
    C(sys/policies/acl).
  - The root policy cannot be changed, so its tokens can always write.
  - Where a path reaches beyond O(source.paths), the narrower one that is added is the most specific one for Vault, and
    so counts before wider paths of other policies of the same token. Look at the diff in check mode.
seealso:
  - module: secretferry.akeyless.kv_sync
  - module: secretferry.akeyless.source_credential
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Show which policies would be rewritten, and how
  secretferry.akeyless.source_freeze:
    name: payments
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator:
      token_file: /run/secrets/operator-token
  check_mode: true
  diff: true

- name: Freeze
  secretferry.akeyless.source_freeze:
    name: payments
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator:
      token_file: /run/secrets/operator-token
    policies:
      - payments-writer

- name: Let them write again
  secretferry.akeyless.source_freeze:
    name: payments
    state: absent
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator:
      token_file: /run/secrets/operator-token
"""

RETURN = r"""
policies:
  description: The policies that give a right to write there, or that are frozen, and what was done with each.
  returned: success
  type: list
  elements: dict
  contains:
    policy:
      description: Its name.
      type: str
    action:
      description: V(freeze), V(restore), V(unchanged), or V(tidy) where only the kept text was left to delete.
      type: str
    backup:
      description: The policy that keeps its text.
      type: str
  sample:
    - policy: payments-writer
      action: freeze
      backup: secretferry-frozen-payments--payments-writer
refused:
  description: Whether the write that was tried was refused. None where it could not be tried.
  returned: with O(state=present), outside check mode
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.freeze.module import freeze_spec, source_freeze
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=freeze_spec(), supports_check_mode=True)
    run_module(module, source_freeze)


if __name__ == "__main__":
    main()
