# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make matrix``: the artifact and its tests on each ansible-core that is supported.

For each core it makes a virtual environment with a Python that the core supports, installs the built artifact with that
core's ansible-galaxy, runs the tests of each column, and writes the core's row into docs/ansible-core.md. Rows of cores
that are not run stay as they are. The exit status is 1 if any column failed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ferrydev import layout

PAGE = layout.CHECKOUT / "docs" / "ansible-core.md"
_REQUIREMENTS = layout.CHECKOUT / "requirements-dev.in"
_LOCK = layout.CHECKOUT / "requirements-dev.txt"
# What only the linters and the documentation need, and ansible-core itself.
_NOT_NEEDED = ("ansible-core", "ansible-lint", "ansible-rulebook", "antsibull", "mypy", "ruff", "types-", "yamllint")


_OF_THE_CORE = ("ansible-core", "resolvelib")


@dataclass(frozen=True)
class Core:
    """One ansible-core: what pip installs, and a Python that it supports on the controller."""

    name: str
    requirement: str
    python: str


CORES = (
    Core("2.16", "ansible-core~=2.16.0", "3.10"),
    Core("2.17", "ansible-core~=2.17.0", "3.10"),
    Core("2.18", "ansible-core~=2.18.0", "3.11"),
    Core("2.19", "ansible-core~=2.19.0", "3.11"),
    Core("2.20", "ansible-core~=2.20.0", "3.12"),
    Core("2.21", "ansible-core~=2.21.0", "3.13"),
    Core("2.22.0rc1", "ansible-core==2.22.0rc1", "3.13"),
)


def _integration(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/integration/test_{name}.py" for name in names)


COLUMNS: dict[str, tuple[str, ...]] = {
    "unit": ("tests/unit",),
    "integration": _integration(
        "account_probe",
        "credential_playbooks",
        "deprecations",
        "gateway_docs",
        "gateway_migration",
        "kv_info",
        "kv_migration_adhoc",
        "kv_migration_ansible",
        "kv_migration_docs",
        "kv_migration_options",
        "kv_rollback_playbook",
        "kv_sync_playbooks",
        "kv_verify",
        "kv_verify_docs",
        "masking",
        "names_of_errors",
        "playbook_migrate",
        "preflight",
        "source_credential",
        "source_freeze",
    ),
    "inventory": _integration("kv_batches", "kv_batches_many"),
    "progress": _integration("progress_lines"),
    "report": _integration("rollout_report", "report_page", "report_figures"),
    "leak scan": _integration("canaries", "gateway_canaries"),
    "sanity": ("tests/sanity/test_sanity.py",),
}
"""The tests of each column after ``install``: unit tests, about a third of the integration tests, and sanity."""


class MatrixError(Exception):
    """A core cannot be tried at all."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ferrydev.matrix", description="Test on each supported ansible-core."
    )
    names = [core.name for core in CORES]
    parser.add_argument("cores", nargs="*", metavar="CORE", help=f"of {', '.join(names)}; all where none is given")
    parser.add_argument("--columns", nargs="*", default=list(COLUMNS), choices=list(COLUMNS), help="run these only")
    given = parser.parse_args()
    if unknown := set(given.cores) - set(names):
        parser.error(f"not in the matrix: {', '.join(sorted(unknown))}")
    failed = False
    for core in (core for core in CORES if core.name in (given.cores or names)):
        try:
            for column, cell in _try(core, given.columns):
                PAGE.write_text(with_row(PAGE.read_text("utf-8"), core, {column: cell}), "utf-8")
                failed |= not cell.startswith("ok")
        except MatrixError as error:
            print(f"{core.name}: {error}", flush=True)
            failed = True
    return int(failed)


def _try(core: Core, columns: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    """Each column with its cell, as soon as its tests are over."""
    venv = _environment(core)
    logs = layout.scratch() / "matrix" / core.name
    logs.mkdir(parents=True, exist_ok=True)
    archive = layout.artifact()
    collections = logs / "collections"
    shutil.rmtree(collections, ignore_errors=True)
    env = {
        **layout.environment(collections),
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    # It sees the checkout, too, and would take that for the collection without --force.
    galaxy = ("install", str(archive), "--collections-path", str(collections), "--no-deps", "--offline", "--force")
    done = _logged([str(venv / "bin" / "ansible-galaxy"), "collection", *galaxy], logs / "install.log", env)
    installed = "ok" if done == 0 and (collections / layout.COLLECTION).is_dir() else "failed"
    print(f"{core.name}: install: {installed}", flush=True)
    yield "install", installed
    for column in columns if installed == "ok" else ():
        began = time.monotonic()
        log = logs / f"{column.replace(' ', '-')}.log"
        command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *COLUMNS[column]]
        status = _logged(command, log, env)
        cell = cell_of(status, log.read_text("utf-8", "replace"))
        print(f"{core.name}: {column}: {cell}, {time.monotonic() - began:.0f} s; see {log}", flush=True)
        yield column, cell


def _logged(command: list[str], log: Path, env: dict[str, str]) -> int:
    with log.open("w", encoding="utf-8") as file:
        return subprocess.run(
            command,
            cwd=layout.CHECKOUT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def cell_of(status: int, output: str) -> str:
    """What a column says, by pytest's exit status and its last line."""
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error|skipped)", output[-400:])}
    if status == 0:
        return f"ok ({counts.get('passed', 0)})"
    wrong = counts.get("failed", 0) + counts.get("error", 0)
    return f"{wrong} failed" if wrong else "failed"


def _environment(core: Core) -> Path:
    """A virtual environment with the core and what the tests need, made anew when that changes."""
    python = _python(core.python)
    names = [line for line in _REQUIREMENTS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    wanted = [core.requirement, *(name for name in names if not name.startswith(("-r", *_NOT_NEEDED)))]
    # ansible-core 2.18 needs an older resolvelib than the core of the lock file.
    pinned = [line for line in _LOCK.read_text("utf-8").splitlines() if not line.startswith(("#", *_OF_THE_CORE))]
    # The lock file is made with Python 3.11: some of its versions do not exist for an older one.
    constraints = "\n".join(pinned if core.python != "3.10" else ()) + "\n"
    made_of = "\0".join([str(python), *wanted, constraints, (layout.CHECKOUT / "requirements.txt").read_text("utf-8")])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretferry"
    place = cache / f"core-{core.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"
    if (place / ".ready").exists():
        return place
    print(f"{core.name}: making a virtual environment with Python {core.python} in {place}", flush=True)
    subprocess.run([str(python), "-m", "venv", "--clear", str(place)], check=True)
    (place / "constraints.txt").write_text(constraints, "utf-8")
    install = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["-c", str(place / "constraints.txt"), "-r", "requirements.txt", *wanted]
    if subprocess.run(install, cwd=layout.CHECKOUT, check=False).returncode != 0:
        raise MatrixError("pip could not install it")
    (place / ".ready").touch()
    return place


def _python(version: str) -> Path:
    """An interpreter of that version that works, from PATH or pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = shutil.which(f"python{version}")
    candidates = [*([Path(found)] if found else []), *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))]
    for candidate in candidates:
        # A shim of pyenv may be there without a Python behind it.
        if (
            subprocess.run([candidate, "-c", "import ssl, sqlite3, venv"], capture_output=True, check=False).returncode
            == 0
        ):
            return candidate
    raise MatrixError(f"there is no Python {version} on this machine")


def with_row(page: str, core: Core, cells: t.Mapping[str, str]) -> str:
    """The page with the core's row as it is now. Columns that were not run stay as they were."""
    rows = {row[0]: row for row in map(_cells, page.splitlines()) if row and row[0] in {one.name for one in CORES}}
    before = rows.get(core.name, [])
    after = [core.name, core.python]
    for number, column in enumerate(["install", *COLUMNS], start=2):
        after.append(cells.get(column) or (before[number] if number < len(before) else "not run"))
    rows[core.name] = after
    head = ["ansible-core", "Python", "install", *COLUMNS]
    table = [_line(head), "|" + "---|" * len(head), *(_line(rows[one.name]) for one in CORES if one.name in rows)]
    start, end = "<!-- begin: make matrix -->\n", "<!-- end: make matrix -->"
    return page.split(start)[0] + start + "\n" + "\n".join(table) + "\n\n" + end + page.split(end)[1]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else []


def _line(cells: t.Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
