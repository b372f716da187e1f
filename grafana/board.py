"""A dashboard: rows of panels under a title, with links to the others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard, heatmap, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

Panel = timeseries.Panel | stat.Panel | heatmap.Panel | table.Panel
TAG = "voicebot"


@dataclass(frozen=True, slots=True)
class Board:
    """What one dashboard shows.

    Attributes:
        uid: its address and the name of its file.
        span: the time that is shown at first, as "6h".
        rows: a heading and its panels each; the first heading may be empty.
    """

    uid: str
    title: str
    description: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    span: str = "6h"

    def render(self) -> str:
        """JSON as Grafana provisions it."""
        links = dashboard.DashboardLink("Voicebot").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
        built = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .timezone("Europe/Paris")
            .week_start("monday")
            .time(f"now-{self.span}", "now")
            .refresh("30s")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .readonly()
            .link(links.as_dropdown(False).keep_time(True))
        )
        for heading, panels in self.rows:
            if heading:
                built = built.with_row(dashboard.Row(heading))
            for panel in panels:
                built = built.with_panel(panel)
        return json.dumps(_numbered(built.build()), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _numbered(built: models.Dashboard) -> dict[str, Any]:
    """The SDK gives panels no numbers; without them links to a single panel lead nowhere."""
    as_json: dict[str, Any] = json.loads(JSONEncoder().encode(built))
    for number, panel in enumerate(as_json["panels"], start=1):
        panel["id"] = number
    return as_json
