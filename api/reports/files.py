"""Reports of loads as files in the data folder: one JSON and one page a version, for people without a running server."""

import json
from pathlib import Path

from api.reports import page as report_page
from api.reports.borders import borders
from cim.city import City
from cim.settings import Settings
from cim.store import catalogue
from cim.store.db import Database


def write(settings: Settings, database: Database, city: City, dataset: str, version: int) -> Path:
    """Write a version's report; returns the page's path."""
    with database.begin() as connection:
        report = catalogue.report(connection, version)
        known = catalogue.version(connection, dataset, version)
        outline = borders(connection)
    folder = settings.data / "reports" / dataset.replace("/", "_")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{version}.html"
    content = report_page.render(
        report, city_name=city.name, city_name_en=city.name_en, extent=city.extent, outline=outline, version=known
    )
    page.write_text(content, encoding="utf-8")
    (folder / f"{version}.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return page
