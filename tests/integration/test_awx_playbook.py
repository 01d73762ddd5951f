# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/awx.yml makes: accepted by the modules of awx.awx, and by the rules that AWX itself has.

The rules are written down here once more, from AWX's behaviour, and know nothing of how the playbook makes its data.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from awx_calls import SITE, Calls, apply_to_nothing
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ferrydev.layout import CHECKOUT

WRITES = {"playbooks/rollout.yml", "playbooks/cutover.yml", "playbooks/rollback.yml"}
Node: t.TypeAlias = dict[str, t.Any]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    calls, problem = apply_to_nothing(tmp_path_factory.mktemp("awx"))
    assert not problem, problem[-6000:]
    return calls


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Of another site: with slices, and without teams and a webhook."""
    site = {key: value for key, value in SITE.items() if not key.endswith(("_teams", "_webhook_url"))}
    calls, problem = apply_to_nothing(tmp_path_factory.mktemp("other"), {**site, "secretferry_awx_slices": 7})
    assert not problem, problem[-6000:]
    return calls


@pytest.fixture(scope="module")
def templates(calls: Calls) -> dict[str, dict[str, t.Any]]:
    return calls.named("job_template")


@pytest.fixture(scope="module")
def nodes(calls: Calls) -> dict[str, Node]:
    """The nodes of the workflow with their links, by identifier."""
    found: dict[str, Node] = {}
    for call in calls.of("workflow_job_template_node"):
        found.setdefault(call["identifier"], {}).update(call)
    return found


def question(template: t.Mapping[str, t.Any], variable: str) -> dict[str, t.Any]:
    return next(q for q in template["survey_spec"]["spec"] if q["variable"] == variable)


def writes(template: t.Mapping[str, t.Any]) -> bool:
    """Whether a job of the template can change the target for the first time, or delete from it."""
    return template["playbook"] in WRITES and template["job_type"] == "run"


# --- order and names


def test_everything_is_made_before_it_is_named(calls: Calls) -> None:
    """A name that is looked up belongs to something that an earlier call made."""
    looked_up = {
        "project": {"default_environment": ["execution_environment"]},
        "inventory_source": {
            "inventory": ["inventory"],
            "source_project": ["project"],
            "credential": ["credential"],
            "execution_environment": ["execution_environment"],
        },
        "job_template": {
            "project": ["project"],
            "inventory": ["inventory"],
            "execution_environment": ["execution_environment"],
            "credentials": ["credential"],
            "labels": ["label"],
            "notification_templates_error": ["notification_template"],
        },
        "workflow_job_template": {
            "labels": ["label"],
            "notification_templates_error": ["notification_template"],
            "notification_templates_approvals": ["notification_template"],
        },
        "workflow_job_template_node": {
            "workflow_job_template": ["workflow_job_template"],
            "unified_job_template": ["job_template", "inventory_source"],
        },
        "credential": {"credential_type": ["credential_type"]},
        "schedule": {"unified_job_template": ["job_template"]},
        "role": {"workflows": ["workflow_job_template"], "job_templates": ["job_template"]},
    }
    made: dict[str, set[str]] = {}
    for module, arguments in calls:
        for argument, kinds in looked_up.get(module, {}).items():
            given = arguments.get(argument, [])
            for name in [given] if isinstance(given, str) else given:
                assert any(name in made.get(kind, ()) for kind in kinds), f"{module}: {argument} {name}"
        made.setdefault(module, set()).add(arguments.get("name", ""))


def test_no_two_things_that_a_node_can_name_have_one_name(calls: Calls) -> None:
    unified = ("project", "inventory_source", "job_template", "workflow_job_template")
    names = [call["name"] for module in unified for call in calls.of(module)]
    assert sorted(names) == sorted(set(names))


def test_each_job_has_one_credential_of_each_side(calls: Calls, templates: dict[str, dict[str, t.Any]]) -> None:
    credentials, types = calls.named("credential"), calls.named("credential_type")
    for template in templates.values():
        used = [credentials[name]["credential_type"] for name in template["credentials"]]
        assert sorted(re.sub(r"Secretferry (\w+) .*", r"\1", name) for name in used) == ["Akeyless", "Vault"]
        assert {types[name]["kind"] for name in used} == {"cloud"}


def test_a_credential_is_made_without_values_so_that_a_further_run_keeps_them(calls: Calls) -> None:
    for credential in calls.of("credential"):
        assert "inputs" not in credential
        assert credential["update_secrets"] is False


# --- credential types

_NO_VARIABLES = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID"),
    *("AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION"),
    *("CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH"),
}
_FIELD_KEYS = {
    "id",
    "type",
    "label",
    "help_text",
    "multiline",
    "secret",
    "format",
    "choices",
    "ask_at_runtime",
    "default",
}


def test_awx_accepts_the_fields_of_each_credential_type(calls: Calls) -> None:
    for kind in calls.of("credential_type"):
        assert set(kind["inputs"]) == {"fields", "required"}
        ids = [field["id"] for field in kind["inputs"]["fields"]]
        assert len(ids) == len(set(ids))
        assert set(kind["inputs"]["required"]) <= set(ids)
        assert "tower" not in ids
        for field in kind["inputs"]["fields"]:
            assert set(field) <= _FIELD_KEYS
            assert re.fullmatch(r"[a-zA-Z_]\w*", field["id"])
            assert field["type"] in ("string", "boolean"), "AWX adds the type where it is not given"
            assert isinstance(field["label"], str)
            if field["type"] == "boolean":
                assert not set(field) & {"secret", "multiline", "format", "choices"}


def test_awx_accepts_the_injectors_of_each_credential_type(calls: Calls) -> None:
    for kind in calls.of("credential_type"):
        injectors = kind["injectors"]
        assert set(injectors) == {"env", "file"}, "extra variables do not reach inventory updates"
        files = {name: f"/tmp/{name}" for name in (key.removeprefix("template.") for key in injectors["file"])}
        assert all(re.fullmatch(r"template\.[a-zA-Z_]\w*", key) for key in injectors["file"])
        fields = {field["id"]: "EXAMPLE" for field in kind["inputs"]["fields"]}
        for name, text in {**injectors["env"], **injectors["file"]}.items():
            assert text.isascii()
            names = {**fields, "tower": {"filename": files}}
            assert ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(names), name
        for name in injectors["env"]:
            assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
            assert not name.startswith("ANSIBLE_")
            assert name not in _NO_VARIABLES


def test_no_secret_is_in_a_variable(calls: Calls) -> None:
    for kind in calls.of("credential_type"):
        secrets = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}
        assert secrets
        for name, text in kind["injectors"]["env"].items():
            for secret in secrets:
                shown = re.search(rf"{{{{\s*{secret}\s*}}}}", text)
                assert not shown, f"{kind['name']}: {name} shows {secret}"


# --- job templates and their surveys

_DEFAULTS = {"text": str, "multiplechoice": str, "integer": int, "float": float, "password": str, "textarea": str}


def test_awx_accepts_each_survey_and_gives_it_back_as_it_is(templates: dict[str, dict[str, t.Any]]) -> None:
    for name, template in templates.items():
        assert template["survey_enabled"] is True
        survey = template["survey_spec"]
        assert (survey["name"], survey["description"]) == ("", "")
        assert survey["spec"]
        variables = [asked["variable"] for asked in survey["spec"]]
        assert len(variables) == len(set(variables))
        for asked in survey["spec"]:
            assert set(asked) == {
                *("question_name", "question_description", "required", "type", "variable", "default", "choices"),
                *("min", "max"),
            }, name
            assert isinstance(asked["required"], bool)
            assert isinstance(asked["default"], _DEFAULTS[asked["type"]])
            assert all(asked[limit] is None or isinstance(asked[limit], int) for limit in ("min", "max"))
            assert isinstance(asked["choices"], list)
            assert all(isinstance(choice, str) for choice in asked["choices"])
            if asked["type"] == "multiplechoice":
                assert asked["choices"]
                assert asked["default"] in ("", *asked["choices"])


def test_what_a_survey_asks_for_is_a_variable_of_its_playbook(templates: dict[str, dict[str, t.Any]]) -> None:
    for template in templates.values():
        playbook = CHECKOUT / template["playbook"]
        role = {"rollout": "migrate"}.get(playbook.stem, playbook.stem)
        files = [
            playbook,
            *(CHECKOUT / "playbooks" / "tasks").glob("*.yml"),
            CHECKOUT / "playbooks/imports/find_batches.yml",
        ]
        files += [*(CHECKOUT / "roles" / role).rglob("*.yml")]
        code = " ".join(path.read_text("utf-8") for path in files)
        for asked in template["survey_spec"]["spec"]:
            assert re.search(rf"\b{asked['variable']}\b", code), f"{template['name']}: {asked['variable']}"


def test_a_project_that_is_a_checkout_has_the_playbooks(templates: dict[str, dict[str, t.Any]], calls: Calls) -> None:
    # As AWX finds playbooks in a project.
    line = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?import_playbook):\s*?.*?$", re.MULTILINE)
    for template in templates.values():
        assert line.search((CHECKOUT / template["playbook"]).read_text("utf-8")), template["playbook"]
    for source in calls.of("inventory_source"):
        assert (CHECKOUT / source["source_path"]).is_file()


def test_a_hidden_default_never_changes_the_verbosity(templates: dict[str, dict[str, t.Any]]) -> None:
    assert [name for name, template in templates.items() if "verbosity" in template] == []


def test_slices_are_only_for_jobs_on_batches(other: Calls) -> None:
    sliced = {t["playbook"] for t in other.of("job_template") if t["job_slice_count"] > 1}
    assert sliced == {"playbooks/rollout.yml", "playbooks/verify.yml"}


# --- the workflow


def links(node: Node) -> list[str]:
    return [*node["success_nodes"], *node["failure_nodes"]]


def test_every_node_is_reached_once_begun_and_none_twice(nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        assert ("unified_job_template" in node) != ("approval_node" in node)
        assert set(links(node)) <= set(nodes)
        assert len(node["identifier"]) <= 512
    targets = set(itertools.chain.from_iterable(links(node) for node in nodes.values()))
    assert [name for name in nodes if name not in targets] == ["update inventory"]

    def walk(name: str, before: tuple[str, ...]) -> None:
        assert name not in before, f"a circle: {before}"
        for link in links(nodes[name]):
            walk(link, (*before, name))

    walk("update inventory", ())


def test_what_a_node_gives_is_asked_for_by_its_template(
    nodes: dict[str, Node], templates: dict[str, dict[str, t.Any]]
) -> None:
    for node in nodes.values():
        template = templates.get(node.get("unified_job_template", ""), {})
        for variable, value in node.get("extra_data", {}).items():
            asked = question(template, variable)
            assert isinstance(value, str)
            assert value in asked["choices"] or not asked["choices"]
        given = set(node.get("extra_data", {}))
        for asked in template.get("survey_spec", {"spec": []})["spec"]:
            # AWX takes no default for a required answer here.
            assert not asked["required"] or asked["variable"] in given, node["identifier"]


def test_nothing_is_written_without_an_approval_just_before(
    nodes: dict[str, Node], templates: dict[str, dict[str, t.Any]]
) -> None:
    checked = 0
    for name, node in nodes.items():
        if "unified_job_template" in node and writes(templates.get(node["unified_job_template"], {"playbook": ""})):
            parents = [other for other in nodes.values() if name in links(other)]
            assert parents
            for parent in parents:
                assert "approval_node" in parent, f"{name} after {parent['identifier']}"
                assert name in parent["success_nodes"], "a denial must not lead to it"
            checked += 1
    assert checked == 7, "three waves, their rollbacks, the cutover"


def test_each_wave_is_verified_before_the_next_is_asked_for(nodes: dict[str, Node]) -> None:
    name, order = "update inventory", []
    while True:
        order.append(name)
        if not nodes[name]["success_nodes"]:
            break
        (name,) = nodes[name]["success_nodes"]
    waves = ("pilot", "teams", "everything")
    middle = [f"{step} {wave}" for wave in waves for step in ("approve", "migrate", "verify")]
    assert order == ["update inventory", "preflight", "plan", *middle, "cutover plan", "approve cutover", "cutover"]
    for wave in waves:
        data = nodes[f"migrate {wave}"]["extra_data"]
        assert data == {"secretferry_hosts": f"wave_{wave}", "secretferry_rollout_approved": wave}
        for step in ("migrate", "verify"):
            assert nodes[f"{step} {wave}"]["failure_nodes"] == [f"approve rollback of {wave}"]
        assert nodes[f"approve rollback of {wave}"]["success_nodes"] == [f"roll back {wave}"]
        assert nodes[f"roll back {wave}"]["extra_data"]["secretferry_hosts"] == f"wave_{wave}"


def test_each_approval_says_what_is_asked(nodes: dict[str, Node]) -> None:
    asked = [node["approval_node"]["name"] for node in nodes.values() if "approval_node" in node]
    assert len(asked) == len(set(asked)) == 7
    assert all(name.endswith("?") for name in asked)


# --- schedule, rights, notifications


def test_the_scheduled_sync_knows_only_what_was_migrated(calls: Calls, templates: dict[str, dict[str, t.Any]]) -> None:
    (schedule,) = calls.of("schedule")
    assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=\w+;INTERVAL=\d+", schedule["rrule"]), (
        "else it moves with each run"
    )
    assert schedule["organization"], "without it, the name is looked up in all organizations"
    assert schedule["enabled"] is False
    template = templates[schedule["unified_job_template"]]
    assert {q["variable"] for q in template["survey_spec"]["spec"] if q["required"]} <= set(schedule["extra_data"])
    assert schedule["extra_data"]["secretferry_sync_delete"] == "false"
    assert template["playbook"] == "playbooks/sync.yml"
    sources = [source for source in calls.of("inventory_source") if source["inventory"] == template["inventory"]]
    assert [source["source_vars"]["SECRETFERRY_BATCH_FROM"] for source in sources] == ["ledger"]
    assert sources[0]["update_on_launch"] is True


def test_operators_and_approvers_are_not_the_same_and_none_writes_alone(
    calls: Calls, templates: dict[str, dict[str, t.Any]]
) -> None:
    rights = {(team, role["role"]): role for role in calls.of("role") for team in role["teams"]}
    look = {(team, "read") for team in ("migrators", "security")}
    assert set(rights) == {("migrators", "execute"), ("security", "approval"), *look}
    assert set(rights["security", "read"]["job_templates"]) == set(templates), "who approves reads the plan"
    assert rights["security", "approval"]["workflows"] == ["secretferry migration"]
    assert rights["migrators", "execute"]["workflows"] == ["secretferry migration"]
    launched = rights["migrators", "execute"]["job_templates"]
    assert launched
    assert not any(writes(templates[name]) or templates[name]["playbook"] == "playbooks/sync.yml" for name in launched)


def test_no_team_and_no_webhook_means_no_right_and_no_notification(other: Calls) -> None:
    assert other.of("role") == other.of("notification_template") == []
    assert {str(t["notification_templates_error"]) for t in other.of("job_template")} == {"[]"}


def test_a_failure_and_an_approval_are_notified(calls: Calls, templates: dict[str, dict[str, t.Any]]) -> None:
    (notification,) = calls.of("notification_template")
    assert set(notification["notification_configuration"]) == {
        *("url", "headers", "http_method", "username", "password", "disable_ssl_verification"),
    }
    assert {name for template in templates.values() for name in template["notification_templates_error"]} == {
        notification["name"]
    }
    (workflow,) = calls.of("workflow_job_template")
    assert (
        workflow["notification_templates_approvals"]
        == workflow["notification_templates_error"]
        == [notification["name"]]
    )


# --- what is given, and what is wrong with it


def test_the_inventory_has_the_migrations_and_no_credential(calls: Calls) -> None:
    for source in calls.of("inventory_source"):
        assert yaml.safe_load(source["source_vars"]["SECRETFERRY_BATCH_CONFIG"]) == SITE["secretferry_awx_batches"]
        assert source["overwrite"] is source["overwrite_vars"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"secretferry_awx_image": ""},
        {"secretferry_awx_batches": {}},
        {"secretferry_awx_batches": {**SITE["secretferry_awx_batches"], "source": {"auth": {"token": "hvs.x"}}}},
    ],
    ids=["no image", "no waves", "a credential"],
)
def test_nothing_is_made_of_incomplete_or_careless_values(tmp_path: Path, wrong: dict[str, t.Any]) -> None:
    calls, problem = apply_to_nothing(tmp_path, {**SITE, **wrong})
    assert calls == []
    assert "without any credential" in " ".join(problem.split())
