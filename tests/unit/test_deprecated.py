# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No part of this collection uses what ansible-core deprecates. Plays of the tests fail at a deprecation warning."""

from __future__ import annotations

import re

from public_names import MODULES, return_keys

from ferrydev.layout import CHECKOUT

# What ansible-core 2.19 to 2.22 deprecates.
_DEPRECATED = re.compile(
    r"module_utils\.six|module_utils\._text|module_utils\.common\._collections_compat|\bremove_values\b|\bsanitize_keys\b"
    r"|\bheuristic_log_sanitize\b|\bAnsibleActionSkip\b|\bAnsibleUnsafeText\b|inject_facts_as_vars"
    r"|exit_json\([^)]*warnings=|fail_json\([^)]*warnings="
)


def test_what_ansible_core_deprecates_is_not_used() -> None:
    files = list((CHECKOUT / "plugins").rglob("*.py"))
    found = {str(file): _DEPRECATED.findall(file.read_text("utf-8")) for file in files}
    assert {file: names for file, names in found.items() if names} == {}
    assert _DEPRECATED.search("from ansible.module_utils.six import text_type")
    assert len(files) > 100
    assert [module for module in MODULES if "skipped" in return_keys(module)] == []
