"""The exception for errors that a user can correct."""


class InputError(ValueError):
    """Bad input: the message names file or key, place, what was found, what was expected."""
