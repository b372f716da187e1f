from xml.etree import ElementTree

import pytest

from app.caller.load_picture import Curve, Point, draw

SVG = "{http://www.w3.org/2000/svg}"
OURS = Curve("voicebot", [Point(10, 3.0, 1.0, 2.0), Point(100, 1.5, 2.0, 5.0), Point(400, 1.2, 9.0, 250.0)])
PLAIN = Curve("plain", [Point(10, 4.0, 1.0, None), Point(400, 2.0, None, None)])


def test_every_point_is_in_the_picture() -> None:
    root = ElementTree.fromstring(draw("cost & lateness", [OURS, PLAIN], limit_ms=10.0))
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"cost & lateness", "● voicebot", "● plain", "10", "100", "400"} <= set(words)
    assert len(list(root.iter(f"{SVG}polyline"))) == 5
    assert len(list(root.iter(f"{SVG}circle"))) == 3 + 3 + 2 + 1


def test_more_calls_stand_further_right_and_more_cost_higher() -> None:
    root = ElementTree.fromstring(draw("", [OURS]))
    cost = next(root.iter(f"{SVG}polyline")).attrib["points"].split()
    xs, ys = zip(*((float(part) for part in pair.split(",")) for pair in cost), strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)  # the cost falls, and SVG counts downwards


@pytest.mark.parametrize("curves", [[], [Curve("nothing", [])], [Curve("one", [Point(5, None, 0.0, 0.0)])]])
def test_hardly_anything_can_be_drawn_too(curves: list[Curve]) -> None:
    ElementTree.fromstring(draw("", curves))
