# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What GitHub reads: workflows run commands of the Makefile with pinned actions; addresses are those of galaxy.yml."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ferrydev.layout import CHECKOUT

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((CHECKOUT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))
REPOSITORY = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))["repository"]


def jobs() -> list[dict[str, t.Any]]:
    return [job for file in WORKFLOWS for job in yaml.safe_load(file.read_text("utf-8"))["jobs"].values()]


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for job in jobs() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_the_workflow_runs_the_commands_of_the_makefile() -> None:
    (job,) = jobs()
    assert set(job["strategy"]["matrix"]["target"]) == {"lint", "test", "release-check"} <= TARGETS
    command = "make ${{ matrix.target }} PYTHON=python${{ matrix.python }}"
    assert [step["run"] for step in job["steps"] if "run" in step] == [command]


def test_nobody_who_opens_a_pull_request_gets_a_right_to_write() -> None:
    for file in WORKFLOWS:
        workflow = yaml.safe_load(file.read_text("utf-8"))
        assert workflow["permissions"] == {"contents": "read"}
        assert "pull_request_target" not in workflow["on"]


@pytest.mark.parametrize("form", [form for form in FORMS if form.name != "config.yml"], ids=lambda form: form.name)
def test_a_form_has_what_github_wants(form: t.Any) -> None:
    content = yaml.safe_load(form.read_text("utf-8"))
    assert content["name"]
    assert content["description"]
    ids = [field["id"] for field in content["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0


def test_addresses_are_those_of_galaxy_yml() -> None:
    for file in (*FORMS, *CHECKOUT.glob("*.md"), CHECKOUT / "docs" / "docsite" / "rst" / "guides.rst"):
        for address in re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", file.read_text("utf-8")):
            assert address == REPOSITORY, f"{file.name}: {address}"


def test_the_hooks_run_programs_that_are_pinned_with_the_rest() -> None:
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text("utf-8"))
    pinned = {line.partition("==")[0] for line in (CHECKOUT / "requirements-dev.txt").read_text("utf-8").splitlines()}
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert hooks
    for hook in hooks:
        found = re.fullmatch(r'make --no-print-directory tool TOOL="([\w-]+) .*"', hook["entry"])
        assert found, hook["entry"]
        assert found[1] in pinned
    assert "tool" in TARGETS
