"""What can go wrong with the store.

``StoreUnusable`` and below stop a server from starting; their text is for the operator. The others
come out of a commit or a read while the server runs; they are faults, so that whoever is waiting
gets an answer. No text carries content, tokens or secrets.
"""

from pathlib import Path

from midcall.model.errors import Fault, Unavailable


class StoreUnusable(Exception):
    """The root of what keeps a store from being opened."""


class UnknownStoreUrl(StoreUnusable):
    """The URL names no store that there is an adapter for.

    Only its scheme is kept: the rest may hold a password.
    """

    def __init__(self, scheme: str) -> None:
        super().__init__(scheme)
        self.scheme = scheme

    def __str__(self) -> str:
        """Compose the sentence that the operator reads."""
        return (
            f"The store's URL, of scheme {self.scheme or '(none)'}, is not understood. "
            "Use sqlite:///relative/path.db, sqlite:////absolute/path.db or sqlite:///:memory:"
        )


class StoreFileUnusable(StoreUnusable):
    """The file cannot be opened, or is not what a store can be kept in."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"The store {self.path} cannot be used: {self.reason}"


class StoreInUse(StoreUnusable):
    """Another server has the file open. ``owner`` is its process, if it said."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(path, owner)
        self.path = path
        self.owner = owner

    def __str__(self) -> str:
        owner = f" (process {self.owner})" if self.owner else ""
        return (
            f"The store {self.path} is open in another server{owner}. "
            "Stop that server, or give this one a file of its own"
        )


class SchemaTooNew(StoreUnusable):
    """The tables are of a revision that this version does not know."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(found, newest)
        self.found = found
        self.newest = newest

    def __str__(self) -> str:
        return (
            f"The store has revision {self.found}, and this version of midcall knows revisions up "
            f"to {self.newest}. A newer midcall has written it: start that version or a later one"
        )


class MasterKeyMissing(StoreUnusable):
    """The store's secrets are sealed, and no master key was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"The secrets in the store {self.path} are sealed. "
            "Set MIDCALL_MASTER_KEY to the master key that they were sealed under"
        )


class MasterKeyRefused(StoreUnusable):
    """The store's secrets are sealed under another master key than the one that was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return (
            f"The secrets in the store {self.path} are sealed under another master key. "
            "Set MIDCALL_MASTER_KEY to the one that they were sealed under"
        )


class ChangeRefused(Fault):
    """A change contradicts what is kept. ``rule`` names the constraint, in the database's words.

    Nothing of its commit was written, and the same commit will be refused again.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class AlreadyKept(ChangeRefused):
    """There is a record with this unique key already."""

    code = 20409
    http_status = 409

    def __str__(self) -> str:
        return "The resource exists already"


class NumberTaken(AlreadyKept):
    """Another phone number resource has this number, of whichever account.

    Error 21422, "PhoneNumber is not available"; the number itself is the client's to know.
    """

    code = 21422
    http_status = 400

    def __str__(self) -> str:
        return "PhoneNumber is not available"


class WriteFailed(Unavailable):
    """The disk is full or failing, or another process keeps the file to itself.

    Nothing of the commit was written. ``reason`` is SQLite's name for it, such as ``SQLITE_FULL``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadFailed(Unavailable):
    """The disk is failing, or the file has been damaged. ``reason`` is SQLite's name for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SealBroken(Unavailable):
    """A sealed secret does not open: its row was changed by something else than midcall.

    ``sid`` is of the account or the key.
    """

    def __init__(self, sid: str) -> None:
        super().__init__(sid)
        self.sid = sid


class StoreOverloaded(Unavailable):
    """More is waiting for the store than it is to keep waiting. ``waiting`` counts it."""

    def __init__(self, waiting: int) -> None:
        super().__init__(waiting)
        self.waiting = waiting


class StoreClosed(Unavailable):
    """The store has been closed."""
