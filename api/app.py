"""The application: settings in, a service out; nothing is opened before the server starts."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import cast

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import errors, openapi
from api.bus import Bus
from api.deps import Service, utc_now
from api.imagery_layers import Pictures
from api.ingest import Ingest, Writer
from api.inventory import Inventory
from api.keeper import Keeper
from api.limits import Limited
from api.live import Live
from api.metrics import Counted, Metrics
from api.past import Past
from api.routes import (
    catalogue,
    coverage,
    divisions,
    exports,
    history,
    imagery,
    incidents,
    ogc,
    places,
    quarantine,
    sensors,
    service,
    sta,
    stac,
)
from api.static import Tiles, Viewer
from api.tile_cache import TileCache
from api.tile_supply import Supply, from_store
from api.vector import Vector
from api.watch import Watch
from cim import __version__
from cim.city import City
from cim.settings import Settings
from cim.store.db import Database
from cim.store.embedded import ensure_cluster

VIEWER = Path(__file__).with_name("viewer") / "dist"
# Routes at work at once: the pool holds 22 connections; bus, writer and watch take one each, vector tiles four.
_THREADS = 14
_FAMILIES = (
    *(service, ogc, history, divisions, places, sta, sensors, incidents, imagery),
    *(exports, quarantine, catalogue, stac, coverage),
)


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The service for these settings.

    database: one that is open already (it is left open); None: the one the settings name, else the private one, which
    is started if it is not running. Raises BadSettings for a city file that cannot be read.
    """
    city = settings.city()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store: Database = await asyncio.to_thread(_open, settings) if database is None else database
        async with _running(app, settings, city, metrics, store):
            yield
        if database is None:
            store.close()

    app = FastAPI(
        description=openapi.DESCRIPTION,
        title=f"{city.name} CIM / {city.name_en} CIM",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    for family in _FAMILIES:
        app.include_router(family.router)
    openapi.complete(app)
    app.router.default = Viewer(app.router.not_found, VIEWER)
    _surround(app, settings, city, metrics)
    return app


@asynccontextmanager
async def _running(
    app: FastAPI, settings: Settings, city: City, metrics: Metrics, store: Database
) -> AsyncIterator[None]:
    """What works beside the requests, from the start to the end: the bus, the writer, the watch, the keeper of the tiles."""
    current_default_thread_limiter().total_tokens = _THREADS
    bus, writer = Bus(store, utc_now), Writer(store, city.extent, metrics, utc_now)
    metrics.live_clients = bus.count
    pictures = Pictures(settings.data / "imagery")
    watch, kept, keeper = Watch(store, utc_now), TileCache(), Keeper(settings, store.url)
    watch.subscribe(kept.drop)
    wells = (bus.well, watch.well, keeper.well)
    app.state.service = Service(city, settings.data, store, metrics, pictures, utc_now, *wells, Inventory())
    app.state.bus, app.state.writer, app.state.watch = bus, writer, watch
    app.state.vector_tiles = Supply(from_store(store), kept, watch.well)
    bus.start()
    watch.start()
    keeper.start()
    try:
        with _on_signal(bus.hang_up):
            yield
    finally:
        await asyncio.to_thread(keeper.close)
        await writer.close()
        await bus.close()
        await asyncio.to_thread(watch.close)


def _surround(app: FastAPI, settings: Settings, city: City, metrics: Metrics) -> None:
    """Put the raw apps round the framework, outermost last: hot and endless answers pass it by."""
    app.add_middleware(Limited)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["*"],
        expose_headers=["ETag", "Link", "Location"],
    )
    app.add_middleware(Ingest, writer=lambda: cast(Writer, app.state.writer))
    app.add_middleware(Live, bus=lambda: cast(Bus, app.state.bus))
    app.add_middleware(
        Vector,
        city=city,
        supply=lambda: cast(Supply, app.state.vector_tiles),
        database=lambda: cast(Service, app.state.service).database,
    )
    app.add_middleware(Tiles, data=settings.data)
    app.add_middleware(
        Past, data=settings.data, service=lambda: cast(Service, app.state.service), cluster=settings.dask
    )
    app.add_middleware(Counted, metrics=metrics)


def _open(settings: Settings) -> Database:
    return Database(settings.database_url or ensure_cluster(settings.data))


@contextmanager
def _on_signal(act: Callable[[], None]) -> Iterator[None]:
    """Also call `act` in the event loop when the process is asked to stop: endless answers would keep it waiting."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
