"""The processes that write tiles: results in order, whatever their number; work of one that dies is done again."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from cim.errors import Unavailable
from cim.types import IntArray
from tilesets.terrain.block import Job

Result = TypeVar("Result")
Task = Callable[[Job, IntArray], Result]
_AHEAD = 4  # groups a worker has waiting
_DEATHS = 3


class Crew:
    """Workers of one job; with one, all is done in this process. To be closed: use it in a `with`."""

    def __init__(self, job: Job, workers: int) -> None:
        self._job, self._workers = job, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._dismiss()

    def each(self, task: Task[Result], groups: Sequence[IntArray]) -> Iterator[Result]:
        """The task's result for each group of tiles, in order.

        A task must be safe to repeat: where a worker is killed, what was in work is done again by a new one. Raises
        Unavailable when that happens three times at the same group.
        """
        if self._workers <= 1:
            yield from (task(self._job, group) for group in groups)
            return
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
        for _ in range(_DEATHS):
            if self._pool is None:
                context = multiprocessing.get_context("spawn")  # the caller may hold threads and sockets
                self._pool = ProcessPoolExecutor(
                    self._workers, mp_context=context, initializer=_start, initargs=(self._job,)
                )
            try:
                return self._pool.submit(partial(_in_worker, task), group)
            except BrokenProcessPool:
                self._dismiss()
        raise Unavailable("terrain workers die as soon as they start; repeat it with one worker")

    def _dismiss(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


_job: Job | None = None


def _start(job: Job) -> None:
    """A worker's first act: keep the job, so that each group carries only its tiles."""
    global _job
    _job = job


def _in_worker(task: Callable[[Job, IntArray], Any], tiles: IntArray) -> Any:
    assert _job is not None
    return task(_job, tiles)
