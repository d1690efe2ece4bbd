"""The processes that write tiles: results in order, whatever their number; work of one that dies is done again."""

import multiprocessing
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from cim.errors import Unavailable
from cim.types import IntArray
from tilesets.terrain.block import Job

Result = TypeVar("Result")
Task = Callable[[Job, IntArray], Result]
_AHEAD = 4  # groups a worker has waiting
_DEATHS = 3


class Crew:
    """Workers of one job; with one, all is done in this process. To be closed: use it in a `with`.

    folder: a scratch folder, in which the job is left for the workers to read.
    """

    def __init__(self, workers: int, folder: Path) -> None:
        self._workers, self._note = workers, folder / "job.pickle"
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._dismiss()

    def wake(self) -> None:
        """Start the workers ahead of their work: they take a second to come."""
        for _ in range(self._workers if self._workers > 1 else 0):
            self._call(_awake)

    def each(
        self, job: Job, task: Task[Result], groups: Sequence[IntArray], *, alone: bool = False
    ) -> Iterator[Result]:
        """The task's result for each group of tiles, in order. alone: all in this process.

        A task must be safe to repeat: where a worker is killed, what was in work is done again by a new one. Raises
        Unavailable when that happens three times at the same group.
        """
        if alone or self._workers <= 1:
            _hold_memory()
            yield from (task(job, group) for group in groups)
            return
        if not self._note.exists():
            self._note.write_bytes(pickle.dumps(job))
        left, deaths = iter(groups), 0
        waiting: deque[tuple[IntArray, Future[Result]]] = deque()
        while True:
            while len(waiting) < _AHEAD * self._workers and (group := next(left, None)) is not None:
                waiting.append((group, self._submit(task, group)))
            if not waiting:
                return
            try:
                result = waiting[0][1].result()
            except BrokenProcessPool as error:
                deaths += 1
                if deaths == _DEATHS:
                    message = f"a worker died {deaths} times over the same terrain tiles (out of memory?)"
                    raise Unavailable(f"{message}; repeat it with fewer workers") from error
                self._dismiss()
                waiting = deque((group, self._again(task, group, future)) for group, future in waiting)
                continue
            deaths = 0
            waiting.popleft()
            yield result

    def _again(self, task: Task[Result], group: IntArray, future: "Future[Result]") -> "Future[Result]":
        """The same future where it came to its end before the death, else a new one."""
        finished = future.done() and not future.cancelled() and future.exception() is None
        return future if finished else self._submit(task, group)

    def _submit(self, task: Task[Result], group: IntArray) -> "Future[Result]":
        return self._call(partial(_in_worker, task, self._note), group)

    def _call(self, function: Callable[..., Any], *values: Any) -> "Future[Any]":
        for _ in range(_DEATHS):
            if self._pool is None:
                context = multiprocessing.get_context("spawn")  # the caller may hold threads and sockets
                self._pool = ProcessPoolExecutor(self._workers, mp_context=context)
            try:
                return self._pool.submit(function, *values)
            except BrokenProcessPool:
                self._dismiss()
        raise Unavailable("terrain workers die as soon as they start; repeat it with one worker")

    def _dismiss(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _awake() -> None:
    """A worker's first act: to be there, with all that this module needs."""
    _hold_memory()


def _hold_memory() -> None:
    """Let the C library keep what a block frees for the next one, which saves a fifth of the time.

    glibc hands memory back to the kernel until a piece of 32 MB was freed once (mallopt(3), M_MMAP_THRESHOLD); none of
    it is ever touched. Elsewhere it does nothing.
    """
    np.empty(4_000_000)


@lru_cache(maxsize=1)
def _job(note: Path) -> Job:
    _hold_memory()
    job = pickle.loads(note.read_bytes())
    assert isinstance(job, Job)
    return job


def _in_worker(task: Callable[[Job, IntArray], Any], note: Path, tiles: IntArray) -> Any:
    return task(_job(note), tiles)
