"""Stacks of stacks.py as a flame graph, in SVG. Imported by profile; svg() gives the text and
touches nothing.

A box is a function; its width is its part of the samples, what it calls stands on it. The name and
the numbers of a narrow one are shown by the browser when the pointer rests on it.
"""
from xml.sax.saxutils import escape

import stacks

WIDTH, ROW, MARGIN, HEAD = 1400, 16, 10, 40
NARROWEST = 0.3      # pixels: below this a box is left out
LETTER = 6.3         # pixels
COLOURS = {stacks.KERNEL: '#8fb8de', stacks.OURS: '#7cc4a0'}
LIBRARY, ROLE = '#efc27b', '#c9c9c9'


class Box:
    def __init__(self, colour):
        self.colour, self.count, self.inner = colour, 0, {}

    def child(self, name, colour):
        return self.inner.setdefault((name, colour), Box(colour))


def tree(samples):
    root = Box(ROLE)
    for (role, frames), count in samples.items():
        path = [root, root.child(role, ROLE)]
        for frame in frames:
            path.append(path[-1].child(frame.name, COLOURS.get(frame.object, LIBRARY)))
        for box in path:
            box.count += count
    return root


def boxes(name, box, x, level, scale):
    """(name, box, x, width, level) of a box and of all that stand on it."""
    if box.count * scale < NARROWEST:
        return
    yield name, box, x, box.count * scale, level
    for (inner_name, _), inner in sorted(box.inner.items()):
        yield from boxes(inner_name, inner, x, level + 1, scale)
        x += inner.count * scale


def svg(title, samples):
    root = tree(samples)
    drawn = list(boxes(title, root, MARGIN, 0, (WIDTH - 2 * MARGIN) / root.count))
    height = HEAD + ROW * (1 + max(level for *_, level in drawn)) + MARGIN
    parts = []
    for name, box, x, width, level in drawn:
        y, share = height - MARGIN - ROW * (level + 1), 100 * box.count / root.count
        letters = int((width - 4) / LETTER)
        shown = name if len(name) <= letters else name[:letters - 1] + '.' if letters > 2 else ''
        text = f'<text x="{x + 2:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ''
        parts.append(f'<g><title>{escape(name)}: {box.count} samples, {share:.2f} %</title>'
                     f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.3, 0.2):.1f}" '
                     f'height="{ROW - 1}" fill="{box.colour}"/>{text}</g>')
    legend = ''.join(f'<rect x="{MARGIN + 130 * i}" y="12" width="12" height="12" '
                     f'fill="{colour}"/><text x="{MARGIN + 16 + 130 * i}" y="22">{word}</text>'
                     for i, (word, colour) in enumerate((
                         ('postern', COLOURS[stacks.OURS]), ('a library', LIBRARY),
                         ('the kernel', COLOURS[stacks.KERNEL]), ('a role', ROLE))))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            'font-family="monospace" font-size="10.5"><rect width="100%" height="100%" '
            f'fill="white"/>{legend}\n' + '\n'.join(parts) + '\n</svg>\n')
