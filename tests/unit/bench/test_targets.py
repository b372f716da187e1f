from tests.bench.targets import Target, at_most, markdown_of


def test_the_median_counts_and_the_spread_is_told() -> None:
    found = at_most("cost", 0.7, [0.6, 0.9, 0.65], " ×")
    assert found == Target("cost", "≤ 0.7 ×", "0.65 × (0.60 to 0.90)", True)
    assert at_most("cost", 0.6, [0.61]).met is False


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert at_most("cost", 0.7, []).verdict == "not measured"


def test_markdown_is_a_table() -> None:
    lines = markdown_of([at_most("cost", 0.7, [0.5])])
    assert len({line.count("|") for line in lines}) == 1
    assert lines[-1].endswith("| met |")
