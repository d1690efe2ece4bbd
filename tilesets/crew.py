"""The workers of a build: jobs handed to local processes; one that dies costs its job only, which is done again."""

import importlib
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from cim.errors import CimError
from tilesets.making import Done, Order, Wanted, opened

Job = tuple[Wanted, ...]
_TRIES = 3


class Engine(Protocol):
    """Another way to spread jobs, such as a cluster."""

    def __call__(self, address: str, order: Order, jobs: Sequence[Job]) -> Iterator[list[Done]]:
        """Yields what each job made, in any order. Raises CimError where a job cannot be done."""
        ...


def spread(order: Order, jobs: Sequence[Job], workers: int, cluster: str | None = None) -> Iterator[list[Done]]:
    """Do all jobs and yield what each made, in any order.

    workers: local processes; below two everything is done here. cluster: the address of a Dask scheduler, which is then
    used instead; its workers must reach the same database and the same data folder. Raises CimError where a job has cost
    three workers their lives, and whatever a job raised.
    """
    if not jobs:
        return
    if cluster is not None:
        engine: Engine = importlib.import_module("tilesets.cluster").spread  # only who has a cluster needs its library
        yield from engine(cluster, order, jobs)
    elif workers < 2 or len(jobs) < 2:
        with opened(order) as maker:
            for job in jobs:
                yield [maker.make(wanted) for wanted in job]
    else:
        yield from _Crew(order, jobs, min(workers, len(jobs))).results()


def done(order: Order, job: Job) -> list[Done]:
    """One job on its own."""
    with opened(order) as maker:
        return [maker.make(wanted) for wanted in job]


@dataclass(eq=False, slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: int | None = None


class _Crew:
    """Worker processes, each with a pipe: a job goes in, what it made or what it raised comes out, or the pipe breaks."""

    def __init__(self, order: Order, jobs: Sequence[Job], count: int) -> None:
        self._order, self._jobs, self._count = order, jobs, count
        self._waiting = deque(range(len(jobs)))
        self._tries = [0] * len(jobs)
        self._workers: list[_Worker] = []
        self._context = multiprocessing.get_context("spawn")  # the caller may hold threads and sockets

    def results(self) -> Iterator[list[Done]]:
        left = len(self._jobs)
        try:
            self._workers = [self._hired() for _ in range(self._count)]
            while left:
                for worker in self._workers:
                    self._employ(worker)
                for pipe in wait([worker.pipe for worker in self._workers if worker.job is not None]):
                    worker = next(w for w in self._workers if w.pipe is pipe)
                    made = self._heard(worker)
                    if made is not None:
                        left -= 1
                        yield made
        finally:
            self._dismiss()

    def _hired(self) -> _Worker:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._order, theirs, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, mine)

    def _employ(self, worker: _Worker) -> None:
        if worker.job is None and self._waiting:
            worker.job = self._waiting.popleft()
            with suppress(OSError):  # a dead one is noticed when it is heard
                worker.pipe.send(self._jobs[worker.job])

    def _heard(self, worker: _Worker) -> list[Done] | None:
        """What a worker made; None where it died, and its job waits again."""
        number = worker.job
        assert number is not None
        try:
            answer: Any = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker, number)
            return None
        worker.job = None
        if isinstance(answer, Exception):
            raise answer
        made: list[Done] = answer
        return made

    def _bury(self, worker: _Worker, number: int) -> None:
        worker.process.join()
        worker.pipe.close()
        self._tries[number] += 1
        if self._tries[number] >= _TRIES:
            units = ", ".join(str(wanted.key) for wanted in self._jobs[number])
            raise CimError(
                f"{_TRIES} workers died on the same unit cells ({units}), the last with exit code "
                f"{worker.process.exitcode}; what was made before is kept, the same build goes on from there"
            )
        self._waiting.appendleft(number)
        self._workers[self._workers.index(worker)] = self._hired()

    def _dismiss(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _serve(order: Order, pipe: Connection, employer: int) -> None:
    """A worker's life: until the pipe is closed, or whoever started it is gone."""
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        job = _next(pipe, employer)
        try:
            with opened(order) as maker:
                while job is not None:
                    pipe.send([maker.make(wanted) for wanted in job])
                    job = _next(pipe, employer)
        except Exception as error:  # it is raised again where the build is led
            pipe.send(error)


def _next(pipe: Connection, employer: int) -> Job | None:
    """The next job; None where whoever started us is gone."""
    while not pipe.poll(1.0):
        if os.getppid() != employer:
            return None
    job: Job = pipe.recv()
    return job
