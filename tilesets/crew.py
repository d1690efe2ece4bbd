"""Worker processes: items handed out one by one; one that dies costs its item only, which is done again by another."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

from cim.errors import CimError

Item = TypeVar("Item")
Result = TypeVar("Result")
Hire = Callable[[], AbstractContextManager[Callable[[Item], Result]]]
"""Opens what a worker needs, once, and gives what does its work. It is sent to another process: a module's function."""

_TRIES = 3
_MOST = 8


def processors() -> int:
    """How many workers are hired where nobody says: one a processor, but no more than a database takes beside a server."""
    return min(os.cpu_count() or 1, _MOST)


@dataclass(eq=False, slots=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    item: int | None = None


class Crew(Generic[Item, Result]):
    """So many workers; below two everything is done here. To be closed: use it in a `with`.

    Each worker has a pipe: an item goes in, its result or what it raised comes out, or the pipe breaks. An item must be
    safe to repeat.
    """

    def __init__(self, hire: Hire[Item, Result], workers: int) -> None:
        self._hire, self._count = hire, workers
        self._workers: list[_Worker] = []
        self._context = multiprocessing.get_context("spawn")  # the caller may hold threads and sockets

    def __enter__(self) -> "Crew[Item, Result]":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
        self._workers = []

    def wake(self) -> None:
        """Start the workers ahead of their work: they take a second to come."""
        while self._count > 1 and len(self._workers) < self._count:
            self._workers.append(self._hired())

    def each(self, items: Sequence[Item]) -> Iterator[tuple[int, Result]]:
        """The number and the result of each item, in any order.

        Raises what an item raised, and CimError where one has cost three workers their lives.
        """
        if self._count < 2 or (len(items) < 2 and not self._workers):
            with self._hire() as work:
                yield from ((number, work(item)) for number, item in enumerate(items))
            return
        waiting, tries, left = deque(range(len(items))), [0] * len(items), len(items)
        while len(self._workers) < min(self._count, len(items)):
            self._workers.append(self._hired())
        while left:
            for worker in self._workers:
                if worker.item is None and waiting:
                    worker.item = waiting.popleft()
                    with suppress(OSError):  # a dead one is noticed when it is heard
                        worker.pipe.send(items[worker.item])
            for worker in self._speaking():
                number = worker.item
                assert number is not None
                try:
                    answer = self._heard(worker)
                except (EOFError, OSError):
                    tries[number] += 1
                    self._bury(worker, tries[number])
                    waiting.appendleft(number)
                    continue
                left -= 1
                yield number, answer

    def in_order(self, items: Sequence[Item]) -> Iterator[Result]:
        """The result of each item, in the order of the items."""
        return in_order(self.each(items))

    def _hired(self) -> _Worker:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._hire, theirs, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, mine)

    def _speaking(self) -> list[_Worker]:
        ready = wait([worker.pipe for worker in self._workers if worker.item is not None])
        return [worker for worker in self._workers if worker.pipe in ready]

    def _heard(self, worker: _Worker) -> Result:
        """What a worker made of its item; what that raised is raised here. EOFError where the worker died."""
        answer: Any = worker.pipe.recv()
        worker.item = None
        if isinstance(answer, Exception):
            raise answer
        made: Result = answer
        return made

    def _bury(self, worker: _Worker, tries: int) -> None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        if tries >= _TRIES:
            raise CimError(
                f"{_TRIES} workers died on the same share of the work, the last with exit code {worker.process.exitcode} "
                "(-9: killed, for want of memory perhaps); what was made before is kept: repeat it, with fewer workers"
            )
        self._workers.append(self._hired())


def in_order(results: Iterable[tuple[int, Result]]) -> Iterator[Result]:
    """Numbered results in the order of their numbers, each as soon as those before it are there.

    >>> list(in_order([(1, "b"), (0, "a"), (2, "c")]))
    ['a', 'b', 'c']
    """
    early: dict[int, Result] = {}
    following = 0
    for number, result in results:
        early[number] = result
        while following in early:
            yield early.pop(following)
            following += 1


def _serve(hire: Hire[Any, Any], pipe: Connection, employer: int) -> None:
    """A worker's life: until the pipe is closed, or whoever started it is gone."""
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        item = _next(pipe, employer)
        try:
            with hire() as work:
                while item is not None:
                    pipe.send(work(item[0]))
                    item = _next(pipe, employer)
        except Exception as error:  # it is raised again where the work is led
            pipe.send(error)


def _next(pipe: Connection, employer: int) -> tuple[Any] | None:
    """The next item; None where whoever started us is gone."""
    while not pipe.poll(1.0):
        if os.getppid() != employer:
            return None
    return (pipe.recv(),)
