"""Backups of both databases, recordings and configuration, and proof that they can be restored (`docs/backup.md`)."""
