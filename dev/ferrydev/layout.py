# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the checkout where Ansible's tools want a collection to be, in a scratch folder outside the tree.

    python -m ferrydev.layout run pytest tests/unit    # with the paths and a clean environment of the rest
    python -m ferrydev.layout copy | artifact | install  # prints the path of what it made

The scratch folder, one per checkout, holds three layouts below ``ansible_collections/secretferry/akeyless``:

- ``link``: a symlink to the checkout, for imports by mypy and unit tests;
- ``copy``: the checkout's files as git sees them, for ansible-test, which follows no symlink;
- ``installed``: the built artifact as ansible-galaxy installs it, for playbooks: what is not published is missing.

Needs the standard library only, so that it can work before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferrydev.reproducible import pack_again

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTION = Path("ansible_collections", "secretferry", "akeyless")
_OLD = 86_400.0  # seconds
_NOT_OURS = ("AKEYLESS_", "ANSIBLE_", "VAULT_")
_OURS_ALL_THE_SAME = ("VAULT_BIN",)


def scratch() -> Path:
    """The folder outside the checkout that is this checkout's own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "secretferry" / f"scratch-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"


def link() -> Path:
    """The folder in which ``ansible_collections`` leads to the checkout itself."""
    place = scratch() / "link" / COLLECTION
    with _alone():
        if not (place.is_symlink() and place.readlink() == CHECKOUT):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to(CHECKOUT)
    return scratch() / "link"


def copy() -> Path:
    """The collection's folder in a true copy of what git tracks or would track. Unchanged files keep their times."""
    place = scratch() / "copy" / COLLECTION
    wanted = set(_files())
    with _alone():
        for name in wanted:
            source, target = CHECKOUT / name, place / name
            if not (target.exists() and filecmp.cmp(source, target, shallow=False)):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        _prune(place, wanted)
    return place


def artifact() -> Path:
    """The collection's artifact, built from a copy of the checkout."""
    source = copy()
    with _alone():
        return _built(source)


def build(source: Path, folder: Path) -> Path:
    """Build an artifact from a collection's folder into another folder: the same bytes from the same files."""
    _galaxy("build", str(source), "--output-path", str(folder))
    archive = next(folder.glob("*.tar.gz"))
    pack_again(archive)
    return archive


def install() -> Path:
    """The folder with ``ansible_collections`` in which the built artifact is installed.

    Another artifact goes to another folder, so that no edit changes what a run that is under way tests.
    """
    source = copy()
    with _alone():
        archive = _built(source)
        place = scratch() / "installed" / hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
        if not place.exists():
            for old in place.parent.glob("*"):
                if old.stat().st_mtime < time.time() - _OLD:
                    shutil.rmtree(old)
            half = place.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            _galaxy("install", str(archive), "--collections-path", str(half), "--force", "--no-deps", "--offline")
            half.rename(place)
    return place


def environment(collections: Path | None = None) -> dict[str, str]:
    """This process's environment without the user's Vault, Akeyless and Ansible settings, with the layouts' paths.

    :param collections: where Ansible looks for collections; the linked checkout where none is given.
    """
    linked = link()
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(_NOT_OURS) or k in _OURS_ALL_THE_SAME},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{linked}{os.pathsep}{CHECKOUT / 'dev'}",
        "PYTHONUNBUFFERED": "1",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(collections or linked),
        "ANSIBLE_CONFIG": str(_no_settings()),
        "ANSIBLE_HOME": str(scratch() / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


def _no_settings() -> Path:
    """An empty configuration file, so that neither the user's nor the system's settings are in force."""
    file = scratch() / "ansible.cfg"
    file.touch()
    return file


def _files() -> Iterator[str]:
    """The names of all files of the checkout that are in git or would be added to it."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive has no .git
        skipped = {"__pycache__", ".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv"}
        for folder, subfolders, names in os.walk(CHECKOUT):
            subfolders[:] = [name for name in subfolders if name not in skipped]
            yield from (str(Path(folder, name).relative_to(CHECKOUT)) for name in names)
        return
    yield from (name for name in listed if name and (CHECKOUT / name).is_file())


def _prune(place: Path, wanted: set[str]) -> None:
    for folder, subfolders, names in os.walk(place, topdown=False):
        here = Path(folder)
        if here.is_relative_to(place / "tests" / "output"):
            continue  # ansible-test's own
        for name in names:
            if str((here / name).relative_to(place)) not in wanted:
                (here / name).unlink()
        for name in subfolders:
            if not any((here / name).iterdir()):
                (here / name).rmdir()


def _built(source: Path) -> Path:
    """Build the artifact unless one of the very same files is there."""
    digest = hashlib.sha256()
    for file in sorted(f for f in source.rglob("*") if f.is_file() and "output" not in f.parts):
        digest.update(f"{file.relative_to(source)}\0{file.stat().st_mode}\0".encode() + file.read_bytes())
    stamp = scratch() / "artifact.stamp"
    dist = scratch() / "dist"
    if not (stamp.exists() and stamp.read_text("utf-8") == digest.hexdigest() and any(dist.glob("*.tar.gz"))):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(dist, ignore_errors=True)
        build(source, dist)
        stamp.write_text(digest.hexdigest(), "utf-8")
    return next(dist.glob("*.tar.gz"))


def _galaxy(*arguments: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": home, "ANSIBLE_CONFIG": str(_no_settings())}
        program = Path(sys.executable).parent / "ansible-galaxy"
        done = subprocess.run(
            [str(program), "collection", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode != 0:
        raise SystemExit(f"ansible-galaxy collection {arguments[0]} failed:\n{done.stdout}")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock, so that a second make in the same checkout waits."""
    scratch().mkdir(parents=True, exist_ok=True)
    with (scratch() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ferrydev.layout", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("scratch", "link", "copy", "artifact", "install"):
        commands.add_parser(name)
    run = commands.add_parser("run", help="run a program of the venv with the layouts' environment")
    run.add_argument("--installed", action="store_true", help="with the built and installed artifact as the collection")
    run.add_argument("program", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.command != "run":
        print(
            {"scratch": scratch, "link": link, "copy": copy, "artifact": artifact, "install": install}[given.command]()
        )
        return
    env = environment(install() if given.installed else None)
    os.chdir(CHECKOUT)
    os.execvpe(given.program[0], given.program, env)


if __name__ == "__main__":
    main()
