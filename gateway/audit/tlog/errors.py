"""What can be wrong with something that claims to be of a log."""


class BadFormat(ValueError):
    """It is not what the specification describes; the message says where."""


class NotProven(ValueError):
    """It is well-formed, and what it claims does not hold: a signature, a hash or a consistency."""
