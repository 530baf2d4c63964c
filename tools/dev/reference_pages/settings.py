"""docs/reference/settings.md, from the --help of each program."""
import re

from .common import PROGRAMS, ROOT, SERVICES, Failure, code, fence, sections, table

SETTING = re.compile(r"^  (?P<name>COMANDA_\w+)  \((?P<type>[^;,]+)(?:, (?P<bounds>[^;]+))?; (?P<default>.+)\)\n"
                     r"      (?P<meaning>.+)\n", re.M)
SETTINGS_BEGIN = "Settings, from the environment:\n"
ALSO_FILE = re.compile(r"; or the same name with _FILE: .*$")


def settings_of(programs, program):
    """{name: (type, bounds, default, meaning)}"""
    _, found, text = programs.output(program, "--help").partition(SETTINGS_BEGIN)
    if not found or SETTING.sub("", text).strip():
        raise Failure(f"{program} --help has lines that are not settings:\n{SETTING.sub('', text)}")
    settings = {}
    for row in SETTING.finditer(text):
        default = row["default"].removeprefix("default ")
        shown = "" if default == "empty" else default if default == "required" else code(default)
        settings[row["name"]] = (row["type"], row["bounds"] or "", shown, ALSO_FILE.sub("", row["meaning"]))
    return settings


def settings_title(users):
    if users == PROGRAMS:
        return "All programs"
    if users == SERVICES:
        return "All services"
    return ", ".join(users)


def make_settings(programs):
    known = {program: settings_of(programs, program) for program in PROGRAMS}
    groups = {}
    for program in PROGRAMS:
        for name, row in known[program].items():
            users = tuple(other for other in PROGRAMS if known[other].get(name) == row)
            groups.setdefault(users, {})[name] = row
    parts = []
    for users in sorted(groups, key=lambda users: (-len(users), PROGRAMS.index(users[0]))):
        rows = [(code(name), *groups[users][name]) for name in sorted(groups[users])]
        parts += [f"### {settings_title(users)}", table(("setting", "type", "bounds", "default", "meaning"), rows)]
    return sections(parts)


def make_operator_settings(programs):
    text = programs.output("comanda", "--help")
    begin = re.search(r"^settings, from the environment.*\n", text, re.M)
    if begin is None:
        raise Failure("comanda --help no longer names its settings")
    return fence(text[begin.end():])


def make_compose_settings(_programs):
    found = {}
    for path in sorted((ROOT / "compose").glob("*.yaml")):
        for name, default in re.findall(r"\$\{(COMANDA_\w+)(?::?-([^}]*))?\}", path.read_text()):
            defaults, files = found.setdefault(name, (set(), set()))
            defaults.add(default)
            files.add(path.name)
    several = [name for name, (defaults, _) in found.items() if len(defaults) > 1]
    if several:
        raise Failure(f"in compose/*.yaml these variables have more than one default: {', '.join(several)}")
    return table(("variable", "default", "file"),
                 [(code(name), code("".join(defaults)), ", ".join(code(file) for file in sorted(files)))
                  for name, (defaults, files) in sorted(found.items())])
