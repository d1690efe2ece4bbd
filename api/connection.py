"""The database of these settings: the one given, else the private one, started, and brought up to date."""

from api.commands import command
from api.terminal import Terminal
from cim.settings import Settings
from cim.store import schema
from cim.store.db import Database
from cim.store.embedded import ensure_cluster


def connect(settings: Settings, terminal: Terminal) -> Database:
    """An open database that holds this city. Raises Unavailable, MissingTool, NoSpace or BadSettings with the remedy."""
    city = settings.city()  # a folder without a city gets no database
    url = settings.database_url or ensure_cluster(settings.data, terminal.progress)
    database = Database(url)
    if not schema.is_current(database, city):
        command("migrate").run(database, city)
    return database
