"""Every statement that the dashboard sends to the databases; values are always arguments, never text of a statement."""
