"""Parts of a Markdown text: sections, first cells of tables, links, anchors."""
import re

HEADING = re.compile(r"^(#+) +(.*?) *#*$", re.M)
LINK = re.compile(r"!?\[(?:[^\[\]]|!?\[[^\]]*\]\([^)]*\))*\]\(\s*<?([^)\s>]+)>?[^)]*\)")


def without_code_blocks(text):
    return re.sub(r"^( *)(```+|~~~+).*?^ *\2 *$", "", text, flags=re.M | re.S)


def section(text, title):
    """The text below a heading, with its sections of lower level. Empty if the heading is not there."""
    text = without_code_blocks(text)
    for found in HEADING.finditer(text):
        if found[2] == title:
            level = len(found[1])
            end = next((other.start() for other in HEADING.finditer(text, found.end()) if len(other[1]) <= level), None)
            return text[found.end():end]
    return ""


def first_cells(text):
    """The first cell of each row of each table, without the heads."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [row.split("|")[1].strip() for number, row in enumerate(rows)
            if not is_rule(row) and not (number + 1 < len(rows) and is_rule(rows[number + 1]))]


def is_rule(row):
    return re.fullmatch(r"[|\s:-]+", row) is not None


def links(text):
    """The targets of all links and pictures outside of code."""
    text = re.sub(r"`[^`\n]*`", "", without_code_blocks(text))
    targets = LINK.findall(text)
    for inner in re.findall(r"\[(!\[[^\]]*\]\([^)]*\))\]", text):
        targets += LINK.findall(inner)
    return targets


def anchors(text):
    """The anchors that GitHub makes of the headings."""
    made = set()
    for _, title in HEADING.findall(without_code_blocks(text)):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        anchor = base = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 0
        while anchor in made:
            number += 1
            anchor = f"{base}-{number}"
        made.add(anchor)
    return made
