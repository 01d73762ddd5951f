# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three files of a report: a page for people, JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import typing as t
from dataclasses import asdict, fields
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .key_figures import number_of
from .model import BatchProgress, ReportRow, TriedApplication
from .playbooks import plural
from .record_files import as_json
from .view import TONES, ReportView, summary_of, title_of, word_of

__all__ = ["files_of"]

_HERE = Path(__file__).parent
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def files_of(view: ReportView) -> dict[str, bytes]:
    """The content of each file by its name. The same view gives the same bytes."""
    return {"rollout.html": _page(view), "rollout.json": _json(view), "rollout.csv": _csv(view)}


def _page(view: ReportView) -> bytes:
    style = (_HERE / "page.css").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=number_of, plural=plural, word=word_of, title_of=title_of, when=_when, took=_took)
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    # The style is our own file, and nothing is escaped inside of a style element.
    text = environment.get_template("page.html.j2").render(view=view, style=Markup(style), digest=digest, tones=TONES)
    return text.encode("utf-8")


def _json(view: ReportView) -> bytes:
    rollout = view.rollout
    waves = [
        {
            "name": wave.name,
            "number": wave.number,
            "state": wave.state,
            "at_target": wave.at_target._asdict(),
            "batches": [_batch(batch) for batch in wave.batches],
        }
        for wave in rollout.waves
    ]
    rows: dict[str, list[dict[str, t.Any]]] = {}
    for row in rollout.rows():
        cells = asdict(row)
        rows.setdefault(cells.pop("section"), []).append(cells)
    return as_json(
        {
            "format": 1,
            "title": view.title,
            "summary": summary_of(view),
            "outcomes": {name: count for name, count in rollout.outcomes.items() if count},
            "waves": waves,
            "applications": [_application(application) for application in rollout.applications],
            "remaining": view.remaining,
            "rows": rows,
        }
    )


def _batch(batch: BatchProgress) -> dict[str, t.Any]:
    shown = ("total", "migrated", "not_migrated", "left_out", "remaining")
    return {
        **{name: value for name, value in asdict(batch).items() if name not in ("failed_secrets", "skipped")},
        **{name: getattr(batch, name) for name in shown},
        "at_target": batch.at_target._asdict(),
        "outcomes": {name: count for name, count in batch.outcomes.items() if count},
    }


def _application(application: TriedApplication) -> dict[str, t.Any]:
    names = ("name", "secrets", "versions", "denials", "problems")
    places = [{"place": place, "rows": [asdict(row) for row in rows]} for place, rows in application.parts]
    return {**{name: getattr(application, name) for name in names}, "parts": places}


def _csv(view: ReportView) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    names = [field.name for field in fields(ReportRow)]
    writer.writerow(names)
    for row in view.rollout.rows():
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return out.getvalue().encode("utf-8")


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _when(text: str) -> str:
    """A moment, RFC 3339 in UTC, in words for people."""
    return f"{text[:10]} {text[11:16]} UTC" if len(text) >= 16 else text


def _took(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h {whole % 3600 // 60:02} min"
