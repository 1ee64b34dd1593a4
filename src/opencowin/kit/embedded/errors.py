"""What can go wrong with the embedded server, each with a sentence that says what to do."""


class EmbeddedError(Exception):
    """The embedded database cannot be used."""


class BinariesUnusable(EmbeddedError):
    """The PostgreSQL programs are missing or do not run here."""


class VersionMismatch(EmbeddedError):
    """The data were written by another major version of PostgreSQL than the programs at hand."""


class DataFolderUnusable(EmbeddedError):
    """The data folder cannot be read or written by whoever asks."""


class StartFailed(EmbeddedError):
    """PostgreSQL ended while it was starting; the message carries the end of its log."""


# What a keeper may report to its clients, by the name that it goes by on the wire.
ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind for kind in (BinariesUnusable, VersionMismatch, DataFolderUnusable, StartFailed, ValueError)
}
