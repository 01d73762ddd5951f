# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published: the artifact holds what users need, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path, PurePath

import pytest
import yaml

from ferrydev import layout

MODULES = sorted(path.stem for path in (layout.CHECKOUT / "plugins" / "modules").glob("[a-z]*.py"))
CHANGES = "changelogs/changelog.yaml"
PLAYBOOKS = sorted(path.name for path in (layout.CHECKOUT / "playbooks").glob("*.yml"))
# What only contributors need.
UNPUBLISHED_PAGES = {"docs/contributing.md", "docs/releasing.md"}
# The sections that the certification of Red Hat's Automation Hub asks for.
SECTIONS = (
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROLES = sorted(path.name for path in (layout.CHECKOUT / "roles").iterdir() if path.is_dir())
PUBLISHED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "execution-environment.yml",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}


def run(*command: str) -> str:
    """A program of the venv with the installed artifact as the only collection; its output."""
    return subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        env=layout.environment(layout.install()),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def pages(names: list[PurePath]) -> list[PurePath]:
    return [name for name in names if name.suffix == ".md"]


def text_of(page: PurePath) -> str:
    return (layout.CHECKOUT / page).read_text("utf-8")


@pytest.fixture(scope="module")
def names() -> list[PurePath]:
    with tarfile.open(layout.artifact()) as archive:
        return [PurePath(name) for name in archive.getnames()]


def test_it_holds_nothing_but_the_collection(names: list[PurePath]) -> None:
    assert {path.parts[0] for path in names} <= PUBLISHED
    assert [str(path) for path in names if path.suffix in (".pyc", ".toml", ".cfg", ".go", ".sqlite")] == []
    assert [str(path) for path in names if {"tests", "dev", "__pycache__", "fragments"} & set(path.parts)] == []


def test_it_holds_every_plugin_playbook_and_page(names: list[PurePath]) -> None:
    copied = layout.copy()
    tracked = {
        path.relative_to(copied)
        for folder in ("plugins", "playbooks", "roles", "docs", "meta", "extensions")
        for path in (copied / folder).rglob("*")
        if path.is_file()
    }
    assert {str(path) for path in tracked} - UNPUBLISHED_PAGES <= {str(path) for path in names}
    assert {"LICENSE", "README.md", "requirements.txt"} <= {str(path) for path in names}


def test_it_holds_nothing_for_contributors_only(names: list[PurePath]) -> None:
    assert {str(path) for path in names} & UNPUBLISHED_PAGES == set()
    assert [str(path) for path in names if path.name.startswith((".", "demo", "requirements-"))] == []
    assert sorted(str(path) for path in names if path.parts[0] == "changelogs") == ["changelogs", CHANGES]


def test_galaxy_accepts_what_galaxy_yml_says() -> None:
    galaxy = yaml.safe_load((layout.CHECKOUT / "galaxy.yml").read_text("utf-8"))
    assert [author for author in galaxy["authors"] if len(author) > 64] == []
    assert len(galaxy["description"]) <= 2000
    assert [tag for tag in galaxy["tags"] if not re.fullmatch(r"[a-z0-9]{1,64}", tag)] == []
    # Automation Hub wants one of these.
    assert set(galaxy["tags"]) & {"application", "cloud", "database", "infrastructure", "security", "tools"}


def test_every_link_of_a_page_leads_to_a_file_of_the_artifact_or_to_the_web(names: list[PurePath]) -> None:
    for page in pages(names):
        for link in _LINK.findall(text_of(page)):
            target = link.partition("#")[0]
            if target and not target.startswith("https://"):
                leads_to = PurePath(os.path.normpath(page.parent / target))
                assert leads_to in names, f"{page} links to {link}"


def test_no_page_names_a_command_that_only_a_checkout_has(names: list[PurePath]) -> None:
    for page in pages(names):
        text = text_of(page)
        if page == PurePath("README.md"):
            text, said, for_developers = text.partition("\n## Contributing\n")
            assert said
            assert {"    make demo", "    make test"} <= set(for_developers.splitlines())
        assert re.findall(r"(?:`|^ {4})make [a-z-]+", text, re.MULTILINE) == [], page


def test_the_readme_has_the_sections_of_a_certified_collection() -> None:
    text = text_of(PurePath("README.md"))
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
    assert "    ansible-galaxy collection install secretferry.akeyless\n" in text


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    # Written in another order and at another time, with other rights of the group.
    once, again = layout.copy(), tmp_path / "collection"
    for file in sorted((path for path in once.rglob("*") if path.is_file()), reverse=True):
        target = again / file.relative_to(once)
        if "output" not in target.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            target.chmod(file.stat().st_mode | 0o020)
    built = layout.build(again, tmp_path / "dist")
    assert built.name == layout.artifact().name
    assert hashlib.sha256(built.read_bytes()).hexdigest() == hashlib.sha256(layout.artifact().read_bytes()).hexdigest()


def test_what_ansible_galaxy_verifies_is_right() -> None:
    # The lists were sorted after ansible-galaxy had written them.
    said = run("ansible-galaxy", "collection", "verify", "--offline", "secretferry.akeyless")
    assert "Successfully verified" in said


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not on the PATH")
def test_a_signature_of_the_manifest_is_verified(tmp_path: Path) -> None:
    home, keyring = tmp_path / "gnupg", tmp_path / "keyring.kbx"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    with tarfile.open(layout.artifact()) as archive:
        manifest = archive.extractfile("MANIFEST.json")
        assert manifest
        (tmp_path / "manifest").write_bytes(manifest.read())
    (tmp_path / "other").write_bytes(b"{}")
    try:
        for command in (
            ["--quick-generate-key", "maintainer@example.com", "ed25519", "sign", "1d"],
            *(["--armor", "--detach-sign", str(tmp_path / name)] for name in ("manifest", "other")),
            ["--output", str(tmp_path / "key.gpg"), "--export"],
            ["--no-default-keyring", "--keyring", str(keyring), "--import", str(tmp_path / "key.gpg")],
        ):
            subprocess.run([*gpg, *command], check=True)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    verify = ["ansible-galaxy", "collection", "verify", "--offline", "secretferry.akeyless", "--keyring", str(keyring)]
    verify += ["--required-valid-signature-count", "+1", "--signature"]
    assert "Successfully verified" in run(*verify, f"file://{tmp_path}/manifest.asc")
    with pytest.raises(subprocess.CalledProcessError):
        run(*verify, f"file://{tmp_path}/other.asc")


def test_it_holds_no_code_that_is_not_free_like_the_rest(names: list[PurePath]) -> None:
    # The Vault server of the tests is under another licence (dev/vault_server/README.md).
    assert [str(path) for path in names if "vault_server" in path.parts] == []


def test_it_is_installed_under_its_version() -> None:
    galaxy = yaml.safe_load((layout.CHECKOUT / "galaxy.yml").read_text("utf-8"))
    listed: dict[str, t.Any] = json.loads(run("ansible-galaxy", "collection", "list", "--format", "json"))
    assert listed[str(layout.install() / "ansible_collections")] == {
        "secretferry.akeyless": {"version": galaxy["version"]}
    }


@pytest.mark.parametrize("module", MODULES)
def test_ansible_doc_renders_each_module(module: str) -> None:
    name = f"secretferry.akeyless.{module}"
    documented = json.loads(run("ansible-doc", "--type", "module", "--json", name))[name]
    assert documented["doc"]["short_description"]
    assert documented["examples"]
    assert documented["return"]
    assert "EXAMPLES:" in run("ansible-doc", "--type", "module", name)


@pytest.mark.parametrize("role", ROLES)
def test_ansible_doc_renders_each_role(role: str) -> None:
    name = f"secretferry.akeyless.{role}"
    (entry,) = json.loads(run("ansible-doc", "--type", "role", "--json", name))[name]["entry_points"].values()
    assert entry["short_description"]
    assert entry["options"]


def test_ansible_doc_renders_every_other_plugin() -> None:
    # An action plugin is documented with the module of its name; a fragment, with the modules that take it.
    others = {path.name for path in (layout.CHECKOUT / "plugins").iterdir() if path.is_dir()}
    assert others == {"action", "doc_fragments", "inventory", "module_utils", "modules", "plugin_utils"}
    for path in (layout.CHECKOUT / "plugins" / "inventory").glob("[a-z]*.py"):
        name = f"secretferry.akeyless.{path.stem}"
        documented = json.loads(run("ansible-doc", "--type", "inventory", "--json", name))[name]
        assert documented["doc"]["short_description"]
        assert documented["examples"]


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_each_playbook_is_found_by_its_full_name(playbook: str) -> None:
    run("ansible-playbook", "--syntax-check", "-i", "localhost,", f"secretferry.akeyless.{playbook}")


def test_module_defaults_reach_every_module_that_connects() -> None:
    runtime = yaml.safe_load((layout.CHECKOUT / "meta" / "runtime.yml").read_text("utf-8"))
    names = [f"secretferry.akeyless.{module}" for module in MODULES]
    documented = json.loads(run("ansible-doc", "--type", "module", "--json", *names))
    # The group's defaults are connections: a module without these options would refuse them.
    connecting = [
        m for m, n in zip(MODULES, names, strict=True) if {"source", "akeyless"} & set(documented[n]["doc"]["options"])
    ]
    assert runtime["action_groups"]["migration"] == connecting
    # What a module says of itself.
    attributes = {m: documented[n]["doc"]["attributes"] for m, n in zip(MODULES, names, strict=True)}
    said = [m for m in MODULES if attributes[m].get("action_group", {}).get("support") == "full"]
    assert said == connecting
