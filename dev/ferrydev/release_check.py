# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does what Galaxy, Automation Hub and docs.ansible.com do with a release, and shows all that their programs print.

    python -m ferrydev.release_check    # with the Python of the environment that requirements-release.txt makes

Fails if one program fails, or if the importer of Galaxy warns.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from ferrydev import layout

_BIN = Path(sys.executable).parent
WARNED = re.compile(r"^(?:WARNING|ERROR|CRITICAL): ", re.MULTILINE)
# In place of the pages of Ansible itself to which ours link. Every other link has to lead to a page of ours.
_PAGE_OF_ANSIBLE = """\
:orphan:

.. _action_plugins:
.. _ansible_configuration_settings:
.. _common_return_values:

Ansible
=======

.. envvar:: ANSIBLE_CACHE_PLUGIN
.. envvar:: ANSIBLE_CACHE_PLUGIN_CONNECTION
.. envvar:: ANSIBLE_CACHE_PLUGIN_PREFIX
.. envvar:: ANSIBLE_CACHE_PLUGIN_TIMEOUT
"""


class Step(t.NamedTuple):
    name: str
    command: list[str]
    folder: Path
    fails_on: re.Pattern[str] | None = None
    """What a line of the output may not begin with; programs without it say with their exit status that they failed."""


def steps(work: Path) -> t.Iterator[Step]:
    """What is to be run, in order. Each is prepared when its turn comes.

    :param work: an empty folder, in which the programs may write.
    """
    (work / "import").mkdir()
    artifact = Path(shutil.copy(layout.artifact(), work / "import"))
    importer = [sys.executable, "-m", "galaxy_importer.main", artifact.name]
    yield Step("galaxy-importer", importer, work / "import", WARNED)
    yield Step("ansible-lint", ["ansible-lint", "--nocolor"], plain_checkout(work))
    yield from _site(work)
    yield Step("antsibull-changelog", ["antsibull-changelog", "lint"], layout.CHECKOUT)
    yield Step("reuse", ["reuse", "lint"], layout.CHECKOUT)


def _site(work: Path) -> t.Iterator[Step]:
    """The pages as docs.ansible.com has them. Sphinx takes each warning as an error."""
    site = work / "site"
    site.mkdir()
    docs = ["env", f"ANSIBLE_COLLECTIONS_PATH={layout.install()}", "antsibull-docs"]
    what = ["--use-current", "--fail-on-error", "--squash-hierarchy", "--dest-dir"]
    yield Step("antsibull-docs, settings", [*docs, "sphinx-init", *what, ".", "secretferry.akeyless"], site)
    config = ["--config-file", "antsibull-docs.cfg"]
    pages = [*docs, *config, "collection", "--cleanup", "everything", *what, "rst", "secretferry.akeyless"]
    yield Step("antsibull-docs, pages", pages, site)
    (site / "rst" / "ansible.rst").write_text(_PAGE_OF_ANSIBLE, "utf-8")
    # Without intersphinx, which would ask docs.ansible.com for the names on Ansible's own pages.
    extensions = "extensions=sphinx.ext.autodoc,sphinx_antsibull_ext"
    yield Step("sphinx", ["sphinx-build", "-W", "--keep-going", "-D", extensions, "-c", ".", "rst", "html"], site)


def plain_checkout(work: Path) -> Path:
    """A copy of the checkout in a folder that is not below ``ansible_collections``, as after ``git clone``."""
    return Path(shutil.copytree(layout.copy(), work / "checkout", ignore=shutil.ignore_patterns("output")))


def run(step: Step) -> bool:
    """Run a program, with all that it prints shown; whether it is content."""
    print(f"\n== {step.name}: {' '.join(step.command)}", flush=True)
    with subprocess.Popen(
        step.command, cwd=step.folder, env=_env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            print(line, end="", flush=True)
    return process.returncode == 0 and not (step.fails_on and step.fails_on.search("".join(said)))


def _env() -> dict[str, str]:
    """What a user has who runs these programs by hand."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "GALAXY_IMPORTER_"))}
    path = f"{_BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**ours, "PATH": path, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONPATH": ""}


def main() -> int:
    results = []
    with tempfile.TemporaryDirectory(prefix="secretferry-release-") as folder:
        for step in steps(Path(folder)):
            results.append((step.name, run(step)))
    print()
    for name, content in results:
        print(f"{name:24} {'clean' if content else 'FAILED'}")
    return 0 if all(content for _name, content in results) else 1


if __name__ == "__main__":
    sys.exit(main())
