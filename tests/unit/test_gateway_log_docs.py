# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about logs has the causes as they are; reading needs little memory."""

from __future__ import annotations

import re
import tracemalloc
import typing as t
from pathlib import Path

import yaml

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.log_files import LogFile
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import migration_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.causes import CAUSES, UNKNOWN
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.lines import parse_line
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.module import log_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.summary import Digest, LogFilter
from ansible_collections.secretferry.akeyless.plugins.modules import gateway_log_info

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gateway-logs.md"
MODULES = ROOT / "plugins" / "modules"
EVERY = (*CAUSES, UNKNOWN)


def test_the_page_lists_every_cause_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(cause.name, cause.reason, cause.remedy) for cause in EVERY]


def test_every_option_that_a_remedy_names_is_there() -> None:
    """And every module: what is written with an underscore is one of them, or a permission of Akeyless."""
    known = {"automatic_migration", *(path.stem for path in MODULES.glob("*.py"))}

    def note(spec: dict[str, t.Any]) -> None:
        for name, option in spec.items():
            known.add(name)
            note(option.get("options") or {})

    note(migration_spec())
    named = {word for cause in EVERY for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", cause.remedy)}
    assert {"protection_key", "import_as_json", "kv_migration"} <= named
    assert named <= known


def test_the_module_names_every_cause() -> None:
    (told,) = (
        entry for entry in yaml.safe_load(gateway_log_info.RETURN)["causes"]["description"] if "C(cause)" in entry
    )
    assert re.findall(r"C\((\w+)\)", told)[1:] == [cause.name for cause in EVERY]


def test_the_options_are_documented_as_they_are() -> None:
    documented = yaml.safe_load(gateway_log_info.DOCUMENTATION)["options"]
    assert {n: {k: v for k, v in o.items() if k != "description"} for n, o in documented.items()} == log_spec()


def test_an_endless_line_and_countless_failures_need_little_memory(tmp_path: Path) -> None:
    log = tmp_path / "gateway-0.log.1"
    with log.open("w", encoding="utf-8") as stream:
        for _ in range(32):
            stream.write("x" * (1 << 20))
        stream.write("\n")
        for number in range(2_000):
            stream.write(
                f"2026/11/24 12:00:00 [ERROR] migration 'm': cannot import '/gw/{number:0500}': value too long\n"
            )
    digest = Digest(LogFilter("m"), report_limit=10, most_failures=100)
    tracemalloc.start()
    for text, _cut in LogFile(str(log)).lines():
        digest.take(parse_line(text), "gateway-0")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (digest.counts["failures"], digest.result()["failures_count"]) == (2_000, 2_000)
    assert peak < 4 << 20


def test_the_name_of_a_file_stands_for_the_instance() -> None:
    names = ("/l/gateway-0.log", "/l/gateway-0.log.1.gz", "/l/gateway-0.json", "/l/gateway-0")
    assert {LogFile(name).stem for name in names} == {"gateway-0"}
