"""How several processes share the suite: a file's tests stay together, and so do all that need the sample city."""

from xdist.scheduler import LoadScopeScheduling

CITY = ("tests/browser/", "tests/notebooks/", "tests/db/test_sample_city.py")
"""Where tests may use the running sample city: so it is built once, and no two browsers draw at a time."""


def share(nodeid: str) -> str:
    """What a test of this id is run with: its file, or the sample city."""
    path = nodeid.split("::", 1)[0]
    return "city" if path.startswith(CITY) else path


class Shares(LoadScopeScheduling):
    """Hands a share to whichever process has none left, in the order of collection: the long ones come first."""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
