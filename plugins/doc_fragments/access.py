# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``access``, as plugins/module_utils/verify/access_options.py has it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  access:
    description:
      - Applications, and what each of them must and must not be able to read at the target,
        of the secrets that are compared. Each logs in as itself and tries.
      - An application says itself how it logs in. Neither the environment nor the migration's
        own login stands in for it.
      - Of secrets that must be readable the value is compared, by keyed digest, with what the
        source has. No value is kept.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - What to call it in the results.
        type: str
        required: true
      akeyless:
        description:
          - How it logs in to Akeyless, at O(akeyless.api_url).
        type: dict
        required: true
        suboptions:
          access_type:
            description:
              - How to log in. One login is made in a run, and repeated when the token expires.
              - When omitted, V(token), V(access_key), V(universal_identity) or V(password),
                whichever has its O(access[].akeyless.token), O(access[].akeyless.access_key),
                O(access[].akeyless.uid_token) or O(access[].akeyless.admin_password) given,
                looked for in that order.
              - V(access_key) needs O(access[].akeyless.access_id) and O(access[].akeyless.access_key).
              - V(password) needs O(access[].akeyless.admin_email) and O(access[].akeyless.admin_password).
              - V(universal_identity) needs O(access[].akeyless.uid_token).
              - V(jwt) needs O(access[].akeyless.access_id) and O(access[].akeyless.jwt).
              - V(k8s) needs O(access[].akeyless.access_id) and O(access[].akeyless.k8s_auth_config_name).
              - V(cert) needs O(access[].akeyless.access_id), O(access[].akeyless.cert_data)
                and O(access[].akeyless.key_data).
              - V(aws_iam), V(azure_ad) and V(gcp) need O(access[].akeyless.access_id), the
                Python library akeyless-cloud-id, and what that uses (boto3, azure-identity
                or google-auth).
              - V(token) takes a token that exists.
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
            type: str
          access_id_file:
            description:
              - A file that holds O(access[].akeyless.access_id), on the host that runs the
                module.
            type: path
          access_key:
            description:
              - The access key.
            type: str
          access_key_file:
            description:
              - A file that holds O(access[].akeyless.access_key), on the host that runs the
                module.
            type: path
          token:
            description:
              - A token. A file that holds it is read again when the token expires.
            type: str
          token_file:
            description:
              - A file that holds O(access[].akeyless.token), on the host that runs the module.
            type: path
          uid_token:
            description:
              - A universal identity token. A file that holds it is read again at every login,
                as whoever rotates it replaces it there.
            type: str
          uid_token_file:
            description:
              - A file that holds O(access[].akeyless.uid_token), on the host that runs the
                module.
            type: path
          admin_email:
            description:
              - The e-mail address of an account's administrator.
            type: str
          admin_password:
            description:
              - The administrator's password.
            type: str
          admin_password_file:
            description:
              - A file that holds O(access[].akeyless.admin_password), on the host that runs
                the module.
            type: path
          account_id:
            description:
              - The account, where the e-mail address belongs to several.
            type: str
          jwt:
            description:
              - A signed JSON web token. A file that holds it is read again at every login.
            type: str
          jwt_file:
            description:
              - A file that holds O(access[].akeyless.jwt), on the host that runs the module.
            type: path
          k8s_auth_config_name:
            description:
              - The name of the Kubernetes auth configuration on the Gateway.
            type: str
          k8s_service_account_token:
            description:
              - The token of a Kubernetes service account, bare or in base64. When it is omitted,
                the pod's own, from C(/var/run/secrets/kubernetes.io/serviceaccount/token).
            type: str
          k8s_service_account_token_file:
            description:
              - A file that holds O(access[].akeyless.k8s_service_account_token), on the host
                that runs the module.
            type: path
          gateway_url:
            description:
              - The Gateway that checks the Kubernetes token, for example V(https://gateway.example.com:8000).
                When it is omitted, the one of O(akeyless.api_url).
            type: str
          cert_data:
            description:
              - The certificate to log in with, as PEM or in base64.
            type: str
          cert_data_file:
            description:
              - A file that holds O(access[].akeyless.cert_data), on the host that runs the
                module.
            type: path
          key_data:
            description:
              - The key of O(access[].akeyless.cert_data), as PEM or in base64.
            type: str
          key_data_file:
            description:
              - A file that holds O(access[].akeyless.key_data), on the host that runs the module.
            type: path
          gcp_audience:
            description:
              - The audience of the GCP identity. V(akeyless.io) when it is omitted.
            type: str
          azure_object_id:
            description:
              - The object id of the Azure identity, where the machine has several.
            type: str
      vault:
        description:
          - How the identity that it replaces logs in to Vault, at O(source.url).
          - When it is given, and neither O(access[].may_read) nor O(access[].may_not_read)
            is, then what may be read with it at Vault is what the application must be able
            to read at the target, and nothing else of the migration.
        type: dict
        suboptions:
          method:
            description:
              - How to log in. One login is made in a run; the token is renewed, or the login
                repeated, before it expires.
              - When omitted, V(token) if O(access[].vault.token) or its file is given, else
                V(approle) if O(access[].vault.role_id) is.
              - V(token) takes a token that exists.
              - V(approle) needs O(access[].vault.role_id), and O(access[].vault.secret_id)
                or O(access[].vault.wrapped_secret_id) unless the role does without.
              - V(userpass) and V(ldap) need O(access[].vault.username) and O(access[].vault.password).
              - V(kubernetes) needs O(access[].vault.role), and takes the pod's service account
                token when O(access[].vault.jwt) is omitted.
              - V(jwt) needs O(access[].vault.jwt), and takes O(access[].vault.role).
              - V(aws_iam) takes O(access[].vault.role) and an AWS key; without one, the machine's
                own AWS identity, for which the Python library boto3 must be installed.
              - V(azure) needs O(access[].vault.role) and O(access[].vault.jwt).
              - V(gcp) needs O(access[].vault.role), and either O(access[].vault.jwt) or
                O(access[].vault.gcp_service_account),
                for which the Python library google-auth must be installed.
              - V(cert) logs in with O(source.client_cert).
              - V(wrapped_token) unwraps O(access[].vault.wrapped_token), which works once,
                and takes the token inside.
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
              - Where the auth method is mounted. When it is omitted, V(aws) for O(access[].vault.method=aws_iam),
                else the name of the method.
            type: str
          token:
            description:
              - A token. A file that holds it is read again when the token dies, as an agent
                may have replaced it.
            type: str
          token_file:
            description:
              - A file that holds O(access[].vault.token), on the host that runs the module.
            type: path
          role_id:
            description:
              - The role id of an AppRole.
            type: str
          role_id_file:
            description:
              - A file that holds O(access[].vault.role_id), on the host that runs the module.
            type: path
          secret_id:
            description:
              - The secret id of an AppRole.
            type: str
          secret_id_file:
            description:
              - A file that holds O(access[].vault.secret_id), on the host that runs the module.
            type: path
          wrapped_secret_id:
            description:
              - A response-wrapping token that holds the secret id of an AppRole, instead of
                O(access[].vault.secret_id). It can be unwrapped once; the login fails if somebody
                else was faster.
            type: str
          wrapped_secret_id_file:
            description:
              - A file that holds O(access[].vault.wrapped_secret_id), on the host that runs
                the module.
            type: path
          wrapped_token:
            description:
              - A response-wrapping token that holds a token.
            type: str
          wrapped_token_file:
            description:
              - A file that holds O(access[].vault.wrapped_token), on the host that runs the
                module.
            type: path
          username:
            description:
              - The name of a user.
            type: str
          password:
            description:
              - The user's password.
            type: str
          password_file:
            description:
              - A file that holds O(access[].vault.password), on the host that runs the module.
            type: path
          role:
            description:
              - The role to log in for, with the methods V(kubernetes), V(jwt), V(aws_iam),
                V(azure) and V(gcp).
            type: str
          jwt:
            description:
              - A signed JSON web token, with the methods V(kubernetes), V(jwt), V(azure) (the
                access token of a managed identity) and V(gcp).
              - A file that holds it is read again at every login.
            type: str
          jwt_file:
            description:
              - A file that holds O(access[].vault.jwt), on the host that runs the module.
            type: path
          aws_access_key:
            description:
              - The id of an AWS access key.
            type: str
          aws_access_key_file:
            description:
              - A file that holds O(access[].vault.aws_access_key), on the host that runs the
                module.
            type: path
          aws_secret_key:
            description:
              - The secret part of the AWS access key.
            type: str
          aws_secret_key_file:
            description:
              - A file that holds O(access[].vault.aws_secret_key), on the host that runs the
                module.
            type: path
          aws_session_token:
            description:
              - The session token of temporary AWS credentials.
            type: str
          aws_session_token_file:
            description:
              - A file that holds O(access[].vault.aws_session_token), on the host that runs
                the module.
            type: path
          aws_region:
            description:
              - The AWS region that the login is signed for. V(us-east-1) when it is omitted.
            type: str
          aws_header_value:
            description:
              - The value of the header C(X-Vault-AWS-IAM-Server-ID), where the auth method
                wants one.
            type: str
          azure_subscription_id:
            description:
              - The Azure subscription of the machine.
            type: str
          azure_resource_group:
            description:
              - The Azure resource group of the machine.
            type: str
          azure_vm_name:
            description:
              - The name of the Azure virtual machine.
            type: str
          azure_vmss_name:
            description:
              - The name of the Azure virtual machine scale set.
            type: str
          gcp_service_account:
            description:
              - The JSON key of a GCP service account; the login is signed with it.
            type: str
          gcp_service_account_file:
            description:
              - A file that holds O(access[].vault.gcp_service_account), on the host that runs
                the module.
            type: path
          cert_role:
            description:
              - The certificate role to log in for, with O(access[].vault.method=cert); when
                omitted, any that matches.
            type: str
      may_read:
        description:
          - 'Globs of what it must be able to read: whole source paths (mount included) or whole
            item names, in the form of O(source.include).'
          - One that matches nothing is a failure, unless O(sample) or O(scope) is given.
        type: list
        elements: str
      may_not_read:
        description:
          - Globs of what it must not be able to read. What O(access[].may_read) matches too,
            it must be able to read; so V(**) means nothing else.
          - One that matches nothing is a warning.
        type: list
        elements: str
      kv_proxy:
        description:
          - An address that answers like Vault's KV, such as Akeyless' HashiCorp Vault Proxy.
            Everything is tried there too, with hvac as an application would, and with the Akeyless
            token as Vault's.
        type: dict
        suboptions:
          url:
            description:
              - The address, for example V(https://hvp.akeyless.io), or port 8200 of a Gateway.
            type: str
            required: true
          mount_point:
            description:
              - The name of the KV engine. When omitted, V(secret) for version 2 and V(kv) for
                version 1.
            type: str
          kv_version:
            description:
              - The version of KV that the application speaks.
            type: int
            choices:
              - 1
              - 2
            default: 2
          namespace:
            description:
              - The Vault namespace that the application names.
            type: str
          ca_cert:
            description:
              - A file with the certificates of the CAs to trust, on the host that runs the
                module.
            type: path
          validate_certs:
            description:
              - Whether to check the certificate.
            type: bool
            default: true
          timeout:
            description:
              - Seconds for one request.
            type: float
            default: 30.0
"""
