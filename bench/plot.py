"""The ratios of a run as an SVG picture: one group of bars a row, one bar a server, the bare loop
too. Imported by run; svg() gives the text and touches nothing.
"""
import math
from xml.sax.saxutils import escape

LEFT, WIDTH, BAR, GAP, TOP = 330, 560, 11, 12, 70
COLOURS = {'postern': '#0b6e4f', 'openssh': '#7a7a7a', 'proftpd': '#b0683a', 'rclone': '#4a6fa5',
           'bare loop': '#c9c9c9'}
MARKS = (0.5, 1, 2, 5, 10, 20, 50)


def chosen(table):
    """CPU where it was measured, else the first number of a row."""
    rows = {}
    for (label, number), value in table.items():
        if label not in rows or 'CPU' in number:
            rows[label] = (number, value)
    return rows


def svg(table, names, note):
    rows = chosen(table)
    order = ['bare loop', 'postern', *names]
    bars = [[(name, value[name] / value['postern']) for name in order if name in value]
            for _, value in rows.values()]
    low, high = math.log(0.5), math.log(max(2, *(ratio for row in bars for _, ratio in row)) * 1.3)

    def x(ratio):
        return LEFT + WIDTH * (math.log(max(ratio, 0.5)) - low) / (high - low)

    parts, y = [], TOP
    for (label, (number, _)), row in zip(rows.items(), bars):
        middle = y + BAR * len(row) / 2 + 4
        parts.append(f'<text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end">'
                     f'{escape(label)} <tspan fill="#777">{escape(number)}</tspan></text>')
        for name, ratio in row:
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{x(ratio) - LEFT:.1f}" '
                         f'height="{BAR - 2}" fill="{COLOURS[name]}"/>'
                         f'<text x="{x(ratio) + 4:.1f}" y="{y + BAR - 2}" class="n">'
                         f'{ratio:.2f}</text>')
            y += BAR
        y += GAP
    marks = ''.join(f'<line x1="{x(m):.1f}" x2="{x(m):.1f}" y1="{TOP - 8}" y2="{y}" '
                    f'stroke="#ddd"/><text x="{x(m):.1f}" y="{TOP - 12}" text-anchor="middle" '
                    f'class="n">{m}</text>' for m in MARKS if math.log(m) < high)
    legend = ''.join(f'<rect x="{LEFT + 110 * i}" y="32" width="11" height="11" '
                     f'fill="{COLOURS[name]}"/><text x="{LEFT + 16 + 110 * i}" y="42">{name}'
                     '</text>' for i, name in enumerate(order))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" '
            f'height="{y + 30}" font-family="sans-serif" font-size="11">'
            '<style>.n{font-size:9px;fill:#555}</style>'
            '<rect width="100%" height="100%" fill="white"/>'
            f'<text x="{LEFT}" y="20" font-size="13">What the same work costs, as a multiple of '
            f"Postern's cost (logarithmic)</text>{legend}{marks}{''.join(parts)}"
            f'<text x="{LEFT}" y="{y + 14}" class="n">{escape(note)}</text></svg>\n')
