"""The workers of a build on a Dask cluster: its scheduler hands out the jobs, and those of lost workers again."""

from collections.abc import Iterator, Sequence
from functools import partial

from distributed import Client, as_completed

from cim.errors import CimError, Unavailable
from tilesets.city.making import Done, Job, Order, done

_WAIT_S = 10


def spread(address: str, order: Order, jobs: Sequence[Job]) -> Iterator[list[Done]]:
    """Do all jobs on the cluster and yield what each made, in any order. Raises Unavailable where it does not answer."""
    try:
        client = Client(address, timeout=_WAIT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise Unavailable(
            f"CIM_DASK: no scheduler answers at {address} ({error}); start one, or unset CIM_DASK"
        ) from error
    with client:
        futures = client.map(partial(done, order), jobs, pure=False)
        for finished in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            try:
                made: list[Done] = finished.result()
            except CimError:
                raise
            except Exception as error:  # the cluster's own, such as a worker that was lost too often
                raise CimError(f"a job was lost on the cluster at {address}: {error}; run it again") from error
            finished.release()
            yield made
