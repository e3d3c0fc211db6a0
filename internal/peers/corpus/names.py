"""The spelling of names."""

import string

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def lower(name):
    """Returns the name in lower case. Letters that are not ASCII stay the same."""
    return name.translate(LOWER)
