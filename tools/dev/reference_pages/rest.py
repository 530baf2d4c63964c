"""docs/reference/rest.md, from what route_table and contract_table print."""
from .common import Failure, anchor, code, sections, table
from .fields import by_owner, fields_table
from .messages import Contract

OPTIONS = {
    "key": "- `Idempotency-Key`: optional.",
    "required-key": "- `Idempotency-Key`: required.",
    "versioned": "- `ETag` in the answer; `If-Match` and `If-None-Match` are obeyed.",
    "location": "- `Location` in the answer.",
    "cacheable": "- `Cache-Control: no-cache` in the answer; of other routes it is `no-store`.",
}
TAKES = {"query": "Query", "body": "Body", "optional-body": "Body, which may be left out"}


def route_section(contract, row, taken, defaults):
    name, caller, message, success, options = row
    options = options.split()
    facts = [f"- Caller: {caller}.",
             f"- Message: [{code(message)}](messages.md#{anchor(message)}).",
             f"- Success: {success}."]
    unknown = set(options) - set(OPTIONS) - set(TAKES) - {"form"}
    if unknown:
        raise Failure(f"{name} has options that are not explained here: {', '.join(sorted(unknown))}")
    facts += [OPTIONS[option] for option in options if option in OPTIONS]
    if "form" in options:
        facts.append("- Media types: JSON, `application/x-www-form-urlencoded`.")
    elif name.startswith("PATCH "):
        facts.append("- Media types: JSON, `application/merge-patch+json`.")
    if message in contract.replies:
        facts.append(f"- Answer: the reply data of [{code(message)}](messages.md#{anchor(message)}).")
    else:
        facts.append("- Answer: `{}`.")
    parts = [f"### {name}", "\n".join(facts)]
    if name in taken:
        where = next(text for option, text in TAKES.items() if option in options)
        parts.append(f"{where}:\n\n{fields_table(taken[name], dict(defaults.get(name, [])))}")
    return sections(parts)


def make_routes(programs):
    contract = Contract(programs)
    rows = programs.rows("route_table")
    taken, defaults = by_owner(rows["takes"]), by_owner(rows["default"])
    queues = {name: queue for name, _, _, _, queue, *_ in contract.messages}
    overview = table(("route", "caller", "success", "message", "queue"),
                     [(f"[{code(name)}](#{anchor(name)})", caller, success,
                       f"[{code(message)}](messages.md#{anchor(message)})", code(queues[message]))
                      for name, caller, message, success, _ in rows["route"]])
    return sections([overview, *(route_section(contract, row, taken, defaults) for row in rows["route"])])
