"""Small charts that several pages share: drawn once on the server, the same on the page and in the picture taken away.

Each is a figure with its caption and a table; no script draws it. Every panel of a chart has the same scale.
"""

from app.charts.drawing import Sheet, drawable, png, svg
from app.charts.forms import COLOURS, Chart, Form, Panel, Row, bars, ranges, stacked, times
from app.charts.showing import Taking, figure, show, style, taking

__all__ = [
    "COLOURS", "Chart", "Form", "Panel", "Row", "Sheet", "Taking", "bars", "drawable", "figure", "png", "ranges", "show",
    "stacked", "style", "svg", "taking", "times",
]  # fmt: skip
