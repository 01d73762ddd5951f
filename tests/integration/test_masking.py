# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module masks is in no output, on each ansible-core: from 2.22 on that is done in another way."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ferrydev.canaries import canary
from ferrydev.play import Play, Played

_MODULE = '''#!/usr/bin/python
"""Returns a value that it made of its option, so that only masking keeps it out of the output."""
import base64

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


async def work(params, *, check, mask):
    value = base64.b64decode(params["encoded"]).decode()
    if params["masks"]:
        mask([value])
    text = f"the server said {value}, twice: {value}"
    error = SecretferryError(text) if params["fails"] else None
    return Result(True, {"said": text, "list": [{"deep": value}]}, [{"before": "", "after": text}], [text], error)


def main():
    spec = {"encoded": {"no_log": False}, "masks": {"type": "bool"}, "fails": {"type": "bool"}}
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


main()
'''


@pytest.fixture
def play() -> t.Iterator[Play]:
    made = Play({})
    yield made
    made.close()


def say(play: Play, value: str, *, masks: bool, fails: bool) -> Played:
    """Run the module at -vvv with --diff, and print what it returned."""
    module = play.folder / "project" / "library" / "says.py"
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(_MODULE, "utf-8")
    encoded = base64.b64encode(value.encode()).decode()
    tasks: list[dict[str, t.Any]] = [
        {
            "name": "says",
            "says": {"encoded": encoded, "masks": masks, "fails": fails},
            "register": "said",
            "ignore_errors": True,
        },
        {"name": "print", "ansible.builtin.debug": {"var": "said"}},
    ]
    return play.run(tasks, "-vvv", "--diff")


def plain(play: Play, played: Played, value: str) -> list[str]:
    """Where the value is as it is: in what was printed, and in every file that the run left, events among them."""
    found = ["printed"] if value in played.stdout else []
    return found + [str(file) for file in play.left_behind() if value.encode() in file.read_bytes()]


@pytest.mark.parametrize("fails", [False, True], ids=["works", "fails"])
def test_a_masked_value_is_in_no_output(play: Play, fails: bool) -> None:
    value = canary()
    played = say(play, value, masks=True, fails=fails)
    assert "the server said" in played.stdout
    assert plain(play, played, value) == []


def test_without_masking_the_value_would_be_seen(play: Play) -> None:
    value = canary()
    assert "printed" in plain(play, say(play, value, masks=False, fails=False), value)
