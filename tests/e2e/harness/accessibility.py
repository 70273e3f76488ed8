"""What a page owes those who do not see it well, as far as a program can tell: by Chromium's tree
of accessibility, and by the colours that it has computed."""

from __future__ import annotations

from typing import Any

from .devtools import Page

# WCAG 2.1, 1.4.3: text on its ground has a contrast of 4.5, large text of 3.
CONTRASTS = """
(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const over = (above, below, part) => above.map((c, i) => c * part + below[i] * (1 - part));
  const ground = (element) => {
    if (element === null) return [255, 255, 255];
    const [r, g, b, a = 1] = numbers(getComputedStyle(element).backgroundColor);
    return a === 1 ? [r, g, b] : over([r, g, b], ground(element.parentElement), a);
  };
  const opacity = (element) => (element === null ? 1
    : Number(getComputedStyle(element).opacity) * opacity(element.parentElement));
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() ||
        element.closest(".unseen, noscript, script")) continue;
    const below = ground(element);
    const [r, g, b, a = 1] = numbers(style.color);
    const lights = [light(over([r, g, b], below, a * opacity(element))), light(below)];
    const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5))
      poor.push(`${contrast.toFixed(2)}: ${walker.currentNode.textContent.trim()}`);
  }
  return poor;
})()
"""
STRUCTURE = """
(() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const ids = all("[id]").map((one) => one.id);
  return {
    lang: document.documentElement.lang,
    title: document.title,
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    levels: all("h1, h2, h3, h4").map((one) => Number(one.tagName[1])),
    headless: all("table").filter((one) => !one.caption || !one.querySelector("th[scope]")).length,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
})()
"""
# Roles that say nothing without a name.
NAMED = {"button", "link", "image", "img", "progressbar", "ProgressIndicator", "meter", "textbox",
         "checkbox", "region", "heading", "table"}
LANDMARKS = {"banner", "main", "contentinfo"}


def nodes(page: Page) -> list[tuple[str, str]]:
    """Roles and names of what the page shows."""
    def text(node: dict[str, Any], key: str) -> str:
        return str(node.get(key, {}).get("value", ""))

    return [(text(node, "role"), text(node, "name"))
            for node in page.ask("Accessibility.getFullAXTree")["nodes"]
            if not node.get("ignored")]


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it is now, in words; of contrasts, in its present colours."""
    found = nodes(page)
    wrong = [f"{role} without a name" for role, name in found
             if role in NAMED and not name.strip()]
    wrong += [f"no landmark {role}" for role in LANDMARKS - {role for role, _ in found}]
    is_so = page.value(STRUCTURE)
    if not is_so["lang"] or not is_so["title"]:
        wrong.append("no language, or no title")
    wrong += [f"the id {one} twice" for one in is_so["twice"]]
    levels = is_so["levels"]
    if levels[:1] != [1] or levels.count(1) != 1:
        wrong.append(f"headings of the first level: {levels}")
    wrong += [f"a heading of level {b} below one of {a}"
              for a, b in zip(levels, levels[1:]) if b > a + 1]
    if is_so["headless"]:
        wrong.append(f"{is_so['headless']} tables without a caption or titles")
    if is_so["wide"] > 0:
        wrong.append(f"{is_so['wide']} columns beyond the window")
    return wrong + [f"contrast {one}" for one in page.value(CONTRASTS)]
