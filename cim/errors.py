"""The error tree: one root, one child per remedy the caller has.

    CimError
    ├── Unknown            a name, id or door that does not exist (also a KeyError)
    ├── BadInput           the request or the file is wrong: mend the input, then try again
    │   ├── MissingCrs     the data does not say its coordinate reference system: state it
    │   └── BadSource      a file cannot be read as what it claims to be
    ├── Conflict           the request does not fit the present state (an illegal step, a duplicate)
    ├── BadSettings        city.toml or a CIM_* variable is wrong: mend the configuration
    ├── MissingTool        something that must be installed is not: the message names the command
    ├── Unavailable        the database or another service is away: wait, then try again
    ├── NoSpace            the disk is full: free some space, then run the same command again
    └── LostRecord         what the program keeps for itself is gone or spoilt: it is made anew, mostly unasked

Every message says which, what, and what was expected. `code` is stable and never translated: clients translate by it.
"""


class CimError(Exception):
    """Root of every error this project raises."""

    code = "error"
    __str__ = Exception.__str__  # keeps KeyError subclasses from quoting their message


class Unknown(CimError, KeyError):
    """A name, id or door that does not exist."""

    code = "unknown"


class BadInput(CimError):
    """The request or the file is wrong; mending the input is the remedy."""

    code = "bad_input"


class MissingCrs(BadInput):
    """The data does not say its coordinate reference system."""

    code = "missing_crs"


class BadSource(BadInput):
    """A file cannot be read as what it claims to be."""

    code = "bad_source"


class Conflict(CimError):
    """The request does not fit the present state."""

    code = "conflict"


class BadSettings(CimError):
    """city.toml or a CIM_* variable is wrong."""

    code = "bad_settings"


class MissingTool(CimError):
    """Something that must be installed is not; the message names the command that mends it."""

    code = "missing_tool"


class Unavailable(CimError):
    """The database or another service is away for the moment."""

    code = "unavailable"


class NoSpace(CimError):
    """The disk is full."""

    code = "no_space"


class LostRecord(CimError):
    """Something that the program kept for itself is not there any more, or not whole: what was made from it is made anew."""

    code = "lost_record"
