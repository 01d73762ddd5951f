# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules document in one way: their attributes, and return values that several of them have."""

from __future__ import annotations

import typing as t

import pytest
from ansible.plugins.loader import fragment_loader, init_plugin_loader
from ansible.utils.plugin_docs import get_docstring

from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import ACTION_GROUP
from ferrydev.shared_returns import MODULES, written

NAMES = sorted(path.stem for path in MODULES.glob("[a-z]*.py"))


@pytest.fixture(scope="module", autouse=True)
def collections() -> None:
    init_plugin_loader()


def documented(module: str) -> dict[str, t.Any]:
    path = str(MODULES / f"{module}.py")
    doc = get_docstring(path, fragment_loader, is_module=True, collection_name="secretferry.akeyless")[0]
    return t.cast("dict[str, t.Any]", doc)


@pytest.mark.parametrize("module", NAMES)
def test_each_module_says_whether_it_is_idempotent(module: str) -> None:
    attributes = documented(module)["attributes"]
    assert {"check_mode", "diff_mode", "idempotent"} <= set(attributes)
    for name, attribute in attributes.items():
        assert attribute["description"], name
        assert attribute["support"] in ("full", "partial", "none", "N/A"), name
        if attribute["support"] == "partial":
            assert attribute["details"], name
    assert "details" not in attributes.get("action_group", {})


@pytest.mark.parametrize("module", NAMES)
def test_the_modules_with_connections_name_their_action_group(module: str) -> None:
    doc = documented(module)
    connecting = bool({"source", "akeyless"} & set(doc["options"]))
    assert ("action_group" in doc["attributes"]) is connecting
    if connecting:
        assert doc["attributes"]["action_group"]["membership"] == [ACTION_GROUP]


@pytest.mark.parametrize("module", NAMES)
def test_shared_return_values_are_up_to_date(module: str) -> None:
    text = (MODULES / f"{module}.py").read_text("utf-8")
    assert written(text) == text, "run: python -m ferrydev.shared_returns"
