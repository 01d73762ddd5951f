# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The doc fragments say exactly what the argument specs say, and the specs what Ansible accepts."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.doc_fragments.akeyless import ModuleDocFragment as AkeylessDocs
from ansible_collections.secretferry.akeyless.plugins.doc_fragments.scope import ModuleDocFragment as ScopeDocs
from ansible_collections.secretferry.akeyless.plugins.doc_fragments.vault import ModuleDocFragment as VaultDocs
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import (
    AKEYLESS,
    AKEYLESS_AUTH,
    OPERATOR,
    VAULT,
    VAULT_AUTH,
    Option,
    akeyless_spec,
    auth_spec,
    operator_spec,
    source_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import scope_spec

PAIRS = {
    "source": (source_spec(), yaml.safe_load(VaultDocs.DOCUMENTATION)["options"]["source"]),
    "akeyless": (akeyless_spec(), yaml.safe_load(AkeylessDocs.DOCUMENTATION)["options"]["akeyless"]),
    "operator_auth": (operator_spec(), yaml.safe_load(VaultDocs.OPERATOR_AUTH)["options"]["operator_auth"]),
    "writer_auth": (auth_spec(VAULT_AUTH), yaml.safe_load(VaultDocs.WRITER_AUTH)["options"]["writer_auth"]),
    "scope": (scope_spec(), yaml.safe_load(ScopeDocs.DOCUMENTATION)["options"]["scope"]),
}
TABLES = {
    "source": VAULT,
    "source.auth": VAULT_AUTH,
    "operator_auth": OPERATOR,
    "writer_auth": VAULT_AUTH,
    "akeyless": AKEYLESS,
    "akeyless.auth": AKEYLESS_AUTH,
}
EVERY_OPTION = [(prefix, option) for prefix, table in TABLES.items() for option in table]


def outline_of_spec(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the docs must repeat: types, choices, defaults, whether required, and the same of all suboptions."""
    outline: dict[str, t.Any] = {
        key: entry[key] for key in ("type", "choices", "default", "required", "elements") if key in entry
    }
    if "options" in entry:
        outline["suboptions"] = {name: outline_of_spec(sub) for name, sub in entry["options"].items()}
    return outline


def outline_of_docs(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    outline = {key: value for key, value in entry.items() if key not in ("description", "suboptions")}
    if "suboptions" in entry:
        outline["suboptions"] = {name: outline_of_docs(sub) for name, sub in entry["suboptions"].items()}
    return outline


def documented(prefix: str) -> dict[str, t.Any]:
    root, _dot, rest = prefix.partition(".")
    suboptions = PAIRS[root][1]["suboptions"]
    return t.cast("dict[str, t.Any]", suboptions[rest]["suboptions"] if rest else suboptions)


@pytest.mark.parametrize("name", PAIRS)
def test_the_fragment_mirrors_the_spec(name: str) -> None:
    spec, docs = PAIRS[name]
    assert outline_of_docs(docs) == outline_of_spec(spec)


@pytest.mark.parametrize(("prefix", "option"), EVERY_OPTION, ids=[f"{p}.{o.name}" for p, o in EVERY_OPTION])
def test_every_variable_is_documented_where_it_works(prefix: str, option: Option) -> None:
    text = " ".join(documented(prefix)[option.name]["description"])
    named = set(re.findall(r"E\((\w+)\)", text)) - {"VAULT_SKIP_VERIFY", "AKEYLESS_SKIP_VERIFY"}
    twins = {f"{variable}_FILE" for variable in option.env if option.type == "str"}
    assert named == set(option.env) | twins


@pytest.mark.parametrize("name", PAIRS)
def test_every_option_that_the_docs_point_to_exists(name: str) -> None:
    text = yaml.safe_dump(PAIRS[name][1])
    known = {f"{prefix}.{option.name}" for prefix, option in EVERY_OPTION}
    known |= {f"scope.{name}" for name in PAIRS["scope"][0]["options"]} | {"source.paths", "source.include"}
    known |= {"source.exclude", "source.auth"}
    pointed = {link.partition("=")[0] for link in re.findall(r"O\(([^)]+)\)", text)}
    assert pointed
    assert pointed <= known


@pytest.mark.parametrize(("prefix", "option"), EVERY_OPTION, ids=[f"{p}.{o.name}" for p, o in EVERY_OPTION])
def test_credentials_are_no_log_and_can_come_from_a_file(prefix: str, option: Option) -> None:
    spec = PAIRS[prefix.partition(".")[0]][0]["options"]
    if prefix.endswith(".auth"):
        spec = spec["auth"]["options"]
    proves = re.search("token|secret|password|jwt|_key$|key_data|service_account", option.name)
    assert option.secret == (bool(proves) and option.name not in ("aws_access_key", "client_key"))
    assert spec[option.name]["no_log"] is option.secret
    if option.secret:
        assert option.env
        assert spec[f"{option.name}_file"] == {"type": "path", "no_log": False}


def test_a_module_can_add_suboptions_of_its_own() -> None:
    extra = {"paths": {"type": "list", "elements": "str"}}
    assert source_spec(extra)["options"] == {**source_spec()["options"], **extra}


def test_a_suboption_cannot_be_redefined_by_accident() -> None:
    with pytest.raises(ValueError, match="url"):
        source_spec({"url": {"type": "str"}})


def test_specs_do_not_share_what_ansible_may_change() -> None:
    source_spec()["options"]["auth"]["options"].clear()
    assert source_spec()["options"]["auth"]["options"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            {"source": {"url": "https://vault:8200", "auth": {"method": "approle", "role_id": "r", "secret_id": "s"}}},
            "",
        ),
        ({"source": None, "akeyless": None}, ""),
        ({"source": {"timeout": "12.5", "validate_certs": "no"}}, ""),
        ({"source": {"auth": {"method": "magic"}}}, "value of method must be one of"),
        ({"source": {"adress": "x"}}, "source.adress. Supported parameters include"),
        ({"akeyless": {"auth": {"access_type": "saml"}}}, "value of access_type must be one of"),
    ],
)
def test_ansible_takes_the_specs(given: dict[str, t.Any], error: str) -> None:
    result = ArgumentSpecValidator({"source": source_spec(), "akeyless": akeyless_spec()}).validate(given)
    assert error in " ".join(result.error_messages)
    assert bool(error) == bool(result.error_messages)


def test_ansible_masks_each_credential_option_and_no_other() -> None:
    auth = {"secret_id": "the-secret-id", "role_id": "readable-role", "token_file": "/run/token"}
    validator = ArgumentSpecValidator({"source": source_spec()})
    assert validator.validate({"source": {"auth": auth}})._no_log_values == {"the-secret-id"}
