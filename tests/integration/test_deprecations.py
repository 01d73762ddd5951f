# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing of this collection causes a deprecation warning: ``Play.run``, by which tests play, fails at one."""

from __future__ import annotations

import typing as t

import pytest

from ferrydev.play import Play, deprecations

_MODULE = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({})
module.deprecate("old", version="9.0.0", collection_name="secretferry.akeyless")
module.exit_json()
"""


@pytest.fixture
def play() -> t.Iterator[Play]:
    made = Play({})
    yield made
    made.close()


def test_a_deprecation_warning_would_be_found(play: Play) -> None:
    module = play.folder / "project" / "library" / "olds.py"
    module.parent.mkdir(parents=True)
    module.write_text(_MODULE, "utf-8")
    with pytest.raises(AssertionError, match="deprecated"):
        play.run([{"name": "old", "olds": {}}])
    assert deprecations("[WARNING]: x\n[DEPRECATION WARNING]: a\nb\nc") == ["[DEPRECATION WARNING]: a b"]
