"""Under which addresses the pages are."""

PAGE_PATHS = {"today": "", "calls": "calls", "live": "live", "clients": "clients", "security": "security"}
"""By the page's name, without the slash."""
PATHS = tuple(f"/{path}" for path in PAGE_PATHS.values())
