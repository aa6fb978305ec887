"""The one exception for what a user can mend."""


class InputError(ValueError):
    """Bad input: the message names file or key, place, what was found and what was wanted."""
