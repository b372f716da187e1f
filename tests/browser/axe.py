"""axe-core: what some people can't read, reach or have read aloud."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def serious_findings(page: Page) -> list[str]:
    """One line for each element that breaks a rule of WCAG 2.2 AA seriously: rule, element, what is wrong with it."""
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": list(RULES)}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
