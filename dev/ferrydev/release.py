# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the entry of a release in the changelog: ``python -m ferrydev.release 0.1.0``."""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

from ferrydev import layout


def release(version: str, checkout: Path = layout.CHECKOUT) -> None:
    """Write the version into galaxy.yml, and the fragments into changelogs/changelog.yaml and CHANGELOG.md.

    :raises SystemExit: where the version is none, or is in the changelog already; nothing is changed then.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", version):
        raise SystemExit(f"{version or 'Nothing'} is no version such as 0.1.0: make release VERSION=0.1.0")
    if re.search(
        rf"^  {re.escape(version)}:", (checkout / "changelogs/changelog.yaml").read_text("utf-8"), re.MULTILINE
    ):
        raise SystemExit(f"{version} is in changelogs/changelog.yaml already")
    galaxy = checkout / "galaxy.yml"
    before = galaxy.read_text("utf-8")
    galaxy.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", before), "utf-8")

    command = ["antsibull-changelog", "release", "--reload-plugins"]
    if subprocess.run(command, cwd=checkout, env=layout.environment(), check=False).returncode != 0:
        galaxy.write_text(before, "utf-8")
        raise SystemExit("antsibull-changelog made no release")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ferrydev.release", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version")
    release(parser.parse_args().version)


if __name__ == "__main__":
    main()
