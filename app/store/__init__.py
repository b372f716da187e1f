"""Clients and tickets in PostgreSQL, and the spool for what PostgreSQL could not take yet."""
