"""Curves of a strike's rate over the number of idle connections, as text and as SVG."""

from __future__ import annotations

import html

from table import Outcome

Curve = list[tuple[int, float]]  # idle connections, cycles a second

BAR = 48  # characters of the longest bar
WIDTH, HEIGHT, MARGIN, TOP = 640, 260, 70, 40  # of one curve in the picture


def curves(outcome: Outcome) -> dict[str, Curve]:
    """The measured points of each curve; those without a figure are left out."""
    made: dict[str, Curve] = {}
    for title, names in outcome.part.curves.items():
        points = [(count, outcome.median(name, "rate")) for count, name in names.items()]
        made[title] = [(count, rate) for count, rate in points if rate is not None]
    return {title: curve for title, curve in made.items() if curve}


def bars(title: str, curve: Curve) -> str:
    most = max(rate for _, rate in curve)
    lines = [f"{title}, cycles/s by idle connections"]
    for count, rate in curve:
        bar = "#" * round(BAR * rate / most)
        lines.append(f"  {count:>9,}  {bar:<{BAR}}  {rate:>11,.0f}  {rate / curve[0][1]:.2f}")
    return "\n".join(lines)


def picture(all_curves: dict[str, Curve]) -> str:
    """An SVG with one field for each curve, its rates from 0 up."""
    fields = "".join(field(title, curve, index * HEIGHT)
                     for index, (title, curve) in enumerate(all_curves.items()))
    height = HEIGHT * len(all_curves)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" font-size="12">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n{fields}</svg>\n')


def field(title: str, curve: Curve, top: int) -> str:
    bottom = top + HEIGHT - TOP
    most = max(rate for _, rate in curve)
    step = (WIDTH - 2 * MARGIN) / max(1, len(curve) - 1)
    points = [(MARGIN + step * index, bottom - (HEIGHT - 2 * TOP) * rate / most)
              for index, (_, rate) in enumerate(curve)]
    parts = [
        f'<text x="{MARGIN}" y="{top + 20}" font-weight="bold">{html.escape(title)}: '
        'cycles/s by idle connections</text>',
        f'<line x1="{MARGIN}" y1="{bottom}" x2="{WIDTH - MARGIN}" y2="{bottom}" stroke="gray"/>',
        '<polyline fill="none" stroke="steelblue" stroke-width="2" points="'
        + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>']
    for (x, y), (count, rate) in zip(points, curve):
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="steelblue"/>',
                  f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{rate:,.0f}</text>',
                  f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{count:,}</text>']
    return "\n".join(parts) + "\n"
