"""What can be wrong with a backup, in the words of whoever has to act."""


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why and what would be right."""
