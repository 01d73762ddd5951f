# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``access``: its documentation mirrors its spec, and its credentials are masked."""

from __future__ import annotations

import typing as t

import yaml

from ansible_collections.secretferry.akeyless.plugins.doc_fragments.access import ModuleDocFragment
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import AKEYLESS_AUTH, VAULT_AUTH
from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.access_options import access_spec

DOCS = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["access"]


def outline(entry: dict[str, t.Any], suboptions: str) -> dict[str, t.Any]:
    """Types, choices, defaults, whether required, and the same of all suboptions."""
    kept: dict[str, t.Any] = {
        key: entry[key] for key in ("type", "choices", "default", "required", "elements") if key in entry
    }
    if suboptions in entry:
        kept["suboptions"] = {name: outline(sub, suboptions) for name, sub in entry[suboptions].items()}
    return kept


def test_the_fragment_mirrors_the_spec() -> None:
    assert outline(DOCS, "suboptions") == outline(access_spec(), "options")


def test_credentials_are_no_log_and_everything_else_is_not() -> None:
    options = access_spec()["options"]
    for login, table in (("akeyless", AKEYLESS_AUTH), ("source", VAULT_AUTH)):
        spec = options[login]["options"]["auth"]["options"]
        assert {name for name, entry in spec.items() if entry["no_log"]} == {o.name for o in table if o.secret}


def test_no_variable_is_promised() -> None:
    # An application has its own login.
    assert "E(" not in ModuleDocFragment.DOCUMENTATION
