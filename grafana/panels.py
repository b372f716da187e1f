"""Panels as these dashboards use them: one look, one data source, limits as lines.

A panel says in its description what is seen and when it is wrong. All words are French: supervisors read them.
"""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, dashboard, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""As the role `grafana` provisions it."""
GREEN, YELLOW, RED = "green", "#EAB839", "red"

Queries = Mapping[str, str]
"""PromQL by legend; "{{label}}" in a legend is the label's value."""


def lines(
    title: str,
    description: str,
    queries: Queries,
    unit: str,
    *,
    limit: float | None = None,
    stacked: bool = False,
    low: float | None = 0.0,
    high: float | None = None,
    span: int = 12,
) -> timeseries.Panel:
    """Values over time.

    Args:
        limit: drawn as a red dashed line.
        stacked: filled, one upon the other.
        low: where the axis begins; None: with the values.
        high: where it ends at least.
        span: width, of 24.
    """
    legend = common.VizLegendOptions().display_mode(common_models.LegendDisplayMode.LIST)
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .span(span)
        .height(8)
        .fill_opacity(25 if stacked else 8)
        .line_width(1)
        .show_points(common_models.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(legend.placement(common_models.LegendPlacement.BOTTOM).show_legend(True))
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    )
    if low is not None:
        panel = panel.axis_soft_min(low)
    if high is not None:
        panel = panel.axis_soft_max(high)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if limit is not None:
        style = common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(_steps([(None, GREEN), (limit, RED)])).thresholds_style(style)
    for number, (legend_format, expr) in enumerate(queries.items()):
        panel = panel.with_target(_query(number, expr, legend_format))
    return panel


def figure(
    title: str,
    description: str,
    expr: str,
    unit: str,
    *,
    steps: Sequence[tuple[float | None, str]] = ((None, GREEN),),
    words: Mapping[str, str] | None = None,
    legend: str = "",
    decimals: int | None = None,
    span: int = 4,
) -> stat.Panel:
    """One figure, or one for each series, coloured.

    Args:
        steps: (from which value on, colour), the first from None.
        words: what is written in place of a value, by the value.
        legend: name of each series.
    """
    several = bool(legend)
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .span(span)
        .height(4)
        .thresholds(_steps(steps))
        .graph_mode(common_models.BigValueGraphMode.NONE if words or several else common_models.BigValueGraphMode.AREA)
        .color_mode(common_models.BigValueColorMode.BACKGROUND if words else common_models.BigValueColorMode.VALUE)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME if several else common_models.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("–")
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if words:
        options = {value: models.ValueMappingResult(text=text) for value, text in words.items()}
        panel = panel.mappings([models.ValueMap(options=options)])
    return panel.with_target(_query(0, expr, legend or "__auto"))


def spread(title: str, description: str, expr: str, unit: str, *, span: int = 12) -> heatmap.Panel:
    """A histogram over time; `expr` gives one series a bucket, by `le`."""
    colors = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .span(span)
        .height(8)
        .calculate(False)
        .color(colors)
        .y_axis(heatmap.YAxisConfig().unit(unit))
        .cell_gap(1)
        .hide_legend()
        .with_target(_query(0, expr, "{{le}}").format(PromQueryFormat.HEATMAP))
    )


def alerts_now(title: str, description: str, *, span: int = 24) -> table.Panel:
    """What Prometheus holds to be wrong just now."""
    rename = {"alertname": "Alerte", "severity": "Gravité", "provider": "Fournisseur", "database": "Base"}
    hide = {"Time": True, "Value": True, "__name__": True, "alertstate": True, "job": True, "instance": True}
    organize = models.DataTransformerConfig(id_val="organize", options={"excludeByName": hide, "renameByName": rename})
    firing = 'ALERTS{alertstate="firing"}'
    expr = f'{firing} or label_replace(vector(0), "alertname", "(aucune)", "", "") unless on() {firing}'
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .span(span)
        .height(6)
        .with_transformation(organize)
        .with_target(_query(0, expr, "").instant().format(PromQueryFormat.TABLE))
    )


def at_least(limit: float, *, warn: float | None = None) -> list[tuple[float | None, str]]:
    """Colours of a value that should be high."""
    return [(None, RED), *([(warn, YELLOW)] if warn is not None else []), (limit, GREEN)]


def at_most(limit: float, *, warn: float | None = None) -> list[tuple[float | None, str]]:
    """Colours of a value that should be low: red from `limit` on."""
    return [(None, GREEN), *([(warn, YELLOW)] if warn is not None else []), (limit, RED)]


def _steps(steps: Sequence[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    absolute = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
    return absolute.steps([models.Threshold(value=value, color=color) for value, color in steps])


def _query(number: int, expr: str, legend: str) -> Dataquery:
    ref_id = chr(ord("A") + number)
    return Dataquery().expr(expr).legend_format(legend).ref_id(ref_id).datasource(DATASOURCE).range()
