"""The room of backups: graph, log, bodies and keys of one gateway at one moment, and putting them back (R30)."""

from gateway.backup.errors import BackupError
from gateway.backup.making import make_backup
from gateway.backup.restoring import open_backup, restore_backup

__all__ = ["BackupError", "make_backup", "open_backup", "restore_backup"]
