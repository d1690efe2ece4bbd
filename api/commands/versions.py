"""`cim versions`: the versions of datasets, the newest first."""

import argparse
from zoneinfo import ZoneInfo

from api.connection import connect
from api.terminal import Terminal
from cim.settings import Settings
from cim.store import catalogue


def run(settings: Settings, parsed: argparse.Namespace, terminal: Terminal) -> int:
    """Times by the city's clock. Exit code 0. Raises Unknown for a dataset that does not exist."""
    database = connect(settings, terminal)
    with database.begin() as connection:
        if parsed.dataset is not None:
            catalogue.dataset_id(connection, parsed.dataset)
        found = catalogue.versions(connection, parsed.dataset)
    zone = ZoneInfo(settings.city().time_zone)
    for v in found:
        when = (v["published_at"] or v["ended_at"] or v["started_at"]).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        since = "" if v["valid_from"] is None else f", since {v['valid_from'].astimezone(zone).date()}"
        back = "" if v["restores"] is None else f", back to {v['restores']}"
        counts = "" if v["accepted"] is None else f"  {v['accepted']:,} accepted, {v['rejected']:,} rejected"
        terminal.line(f"{v['id']:6}  {when}  {v['dataset']}  {v['state']} ({v['mode']}{since}{back}){counts}")
    return 0
