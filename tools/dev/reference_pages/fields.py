"""Tables of the fields of messages and requests."""
from .common import code, table

TREATMENT = {"lower-case": "made lower case", "trimmed": "trimmed", "printable": "no control characters",
             "secret": "secret"}
UNITS = {"text": " characters", "array": " items", "array of text": " items", "integer": ""}


def bounds_text(kind, least, most, values):
    parts = []
    if kind == "one of":
        return ", ".join(code(value) for value in values.split())
    if least == most and least:
        parts.append(f"exactly {least}{UNITS[kind]}")
    elif most and least == "0" and kind != "integer":
        parts.append(f"at most {most}{UNITS[kind]}")
    elif most:
        parts.append(f"{least} to {most}{UNITS[kind]}")
    if values:
        parts.append(f"format {code(values)}")
    return ", ".join(parts)


def field_row(cells, defaults):
    path, kind, rules, least, most, values = cells
    rules = rules.split()
    presence = "required" if "required" in rules else "may be null" if "nullable" in rules else "optional"
    presence = f"default {defaults[path]}" if path in defaults else presence
    treatment = ", ".join(TREATMENT[rule] for rule in rules if rule not in ("required", "nullable"))
    return code(path), kind, presence, bounds_text(kind, least, most, values), treatment


def fields_table(rows, defaults=None):
    """A table without the columns that would be empty."""
    head = ("field", "type", "presence", "bounds", "treatment")
    made = [field_row(cells, defaults or {}) for cells in rows]
    kept = [i for i in range(len(head)) if i < 3 or any(row[i] for row in made)]
    return table([head[i] for i in kept], [[row[i] for i in kept] for row in made])


def by_owner(rows):
    found = {}
    for owner, *cells in rows:
        found.setdefault(owner, []).append(cells)
    return found
