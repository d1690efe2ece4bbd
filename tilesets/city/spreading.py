"""How the jobs of a build are shared out: done here, by local processes, or by a cluster."""

import importlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

from cim.errors import MissingTool
from tilesets.city.making import Done, Job, Order, opened
from tilesets.crew import Crew


class Engine(Protocol):
    """Another way to spread jobs, such as a cluster."""

    def __call__(self, address: str, order: Order, jobs: Sequence[Job]) -> Iterator[list[Done]]:
        """Yields what each job made, in any order. Raises CimError where a job cannot be done."""
        ...


def _engine() -> Engine:
    """Only who has a cluster needs its library. Raises MissingTool where it is not installed."""
    try:
        found: Engine = importlib.import_module("tilesets.city.cluster").spread
    except ModuleNotFoundError as error:
        raise MissingTool(
            f"CIM_DASK needs the package {error.name}: .venv/bin/python -m pip install -e '.[cluster]'; or unset CIM_DASK"
        ) from error
    return found


def spread(order: Order, jobs: Sequence[Job], workers: int, cluster: str | None = None) -> Iterator[list[Done]]:
    """Do all jobs and yield what each made, in any order.

    workers: local processes; below two everything is done here. cluster: the address of a Dask scheduler, which is then
    used instead; its workers must reach the same database and the same data folder. Raises what a job raised.
    """
    if cluster is not None and jobs:
        yield from _engine()(cluster, order, jobs)
    elif jobs:
        with Crew(partial(opened, order), workers) as crew:
            yield from (made for _, made in crew.each(jobs))
