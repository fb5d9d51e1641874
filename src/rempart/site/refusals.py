"""Why a command cannot go on, for the operator who reads one line."""


class CannotRun(Exception):
    """The message says what is wrong and what to do."""


class SchemaBehind(CannotRun):
    """The database lacks migrations, and this command may not run them."""


class NotServing(CannotRun):
    """A process of the platform ended, or did not get ready."""
