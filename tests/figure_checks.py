"""What every figure's test asks: that its text can be read, and that it fits on a screen."""

import itertools
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from workflow_lib.figures.style import MAX_PROPORTION


def drawn_texts(figure: Figure) -> list[Text]:
    """All texts that are drawn; not the tick labels beyond an axis' ends."""
    figure.draw_without_rendering()
    beyond = set()
    for ax in figure.axes:
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not min(limits) <= tick.get_loc() <= max(limits):
                    beyond |= {tick.label1, tick.label2}
    found = figure.findobj(Text)
    return [t for t in found if t.get_text().strip() and t.get_visible() and t not in beyond]


def check_texts(figure: Figure) -> str:
    """No text covers another one, leaves the page or is too small; returns all that is written."""
    found = drawn_texts(figure)
    boxes = [(text.get_text(), text.get_window_extent().padded(-1)) for text in found]
    page = figure.bbox.padded(1)
    for said, box in boxes:
        assert page.contains(*box.min) and page.contains(*box.max), said
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), (one, other)
    assert min(text.get_fontsize() for text in found) >= 6
    assert figure.get_size_inches()[0] * 25.4 <= 183.01
    return "\n".join(said for said, _ in boxes)


def check_pictures(folder: Path) -> int:
    """No picture of finished results is taller than a screen; how many there are."""
    found = sorted((folder / "results").rglob("*.png"))
    for path in found:
        with Image.open(path) as image:
            width, height = image.size
        assert height <= MAX_PROPORTION * width, (path, width, height)
    return len(found)
