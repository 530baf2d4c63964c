"""docs/reference/metrics.md, from the definitions of the metrics in the sources."""
import re

from .common import ROOT, Failure, code, table

METRIC = re.compile(r"\bstruct metric (\w+)\s*(\[[^]]*\])?\s*(?:=\s*\{|;)")
MEMBER = re.compile(r'\s*\.(\w+)\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+|\w+)\s*(,|$)')


def sources():
    for path in sorted(ROOT.glob("**/*.c")):
        if not {"tests", "build", ".local"} & set(path.relative_to(ROOT).parts):
            yield path


def metric_of(path, source, found):
    """(name, type, labels, help) of the definition that begins at `found`."""
    where = f"{path.relative_to(ROOT)}:{source.count(chr(10), 0, found.start()) + 1}"
    end = source.find("};", found.end())
    if found[2] or found[0].endswith(";") or end < 0:
        raise Failure(f"{where}: \"struct metric {found[1]}\" is not one definition with its values")
    members, body, at = {}, source[found.end():end], 0
    while body[at:].strip():
        member = MEMBER.match(body, at)
        if member is None:
            raise Failure(f"{where}: cannot parse {body[at:].strip()[:60]!r}")
        text = member[2]
        if (member[1] == "type") != (text[0] != '"'):
            raise Failure(f"{where}: .{member[1]} must be {'a name' if member[1] == 'type' else 'a text'}, not {text}")
        members[member[1]] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) if text[0] == '"' else text
        at = member.end()
    if not {"name", "help", "type"} <= set(members):
        raise Failure(f"{where}: a metric needs .name, .help and .type")
    labels = [text for key, text in members.items() if key not in ("name", "help", "type")]
    return members["name"], members["type"].lower(), labels, members["help"]


def metrics():
    found = {}
    for path in sources():
        source = path.read_text()
        for definition in METRIC.finditer(source):
            name, kind, labels, text = metric_of(path, source, definition)
            if name in found:
                raise Failure(f"{path.relative_to(ROOT)}: {name} is defined twice")
            if kind not in ("counter", "gauge", "histogram"):
                raise Failure(f"{path.relative_to(ROOT)}: {name} is a {kind}")
            found[name] = (kind, labels, text)
    if not found:
        raise Failure("no metric found in the sources")
    return found


def make_metrics(_programs):
    return table(("metric", "type", "labels", "meaning"),
                 [(code(name), kind, ", ".join(code(label) for label in labels), text)
                  for name, (kind, labels, text) in sorted(metrics().items())])
