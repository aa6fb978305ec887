"""The one exception for what a user can mend."""


class InputError(ValueError):
    """Bad input: the message names the file or key, the place, what was found and what was wanted."""
