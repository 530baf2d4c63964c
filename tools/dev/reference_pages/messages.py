"""docs/reference/messages.md, from what contract_table prints."""
from .common import ROOT, Failure, anchor, code, sections, table
from .fields import by_owner, fields_table

class Contract:
    def __init__(self, programs):
        rows = programs.rows("contract_table")
        self.messages = rows["message"]
        self.data, self.replies = by_owner(rows["data"]), by_owner(rows["reply"])
        self.exchanges, self.queues, self.policies = rows["exchange"], rows["queue"], rows["policy"]
        self.bindings = rows["binding"]

    def first(self, fields, wanted):
        """The first message that has these fields."""
        return next(name for name, *_ in self.messages if fields.get(name) == wanted)

    def readers(self, name, kind, producer):
        """The queues that an event reaches."""
        if kind == "timer":
            return [queue for queue, *_ in self.queues if queue == f"{producer.removeprefix('svc-')}.events"]
        return [queue for exchange, queue, key in self.bindings if exchange == "events" and key in (name, "#")]


def message_link(name):
    return f"[{code(name)}](#{anchor(name)})"


def message_fields(contract, title, name, fields):
    wanted = fields.get(name)
    if wanted is None:
        return f"{title}: none."
    first = contract.first(fields, wanted)
    if first != name:
        return f"{title}: the same fields as in {message_link(first)}."
    return f"{title}:\n\n{fields_table(wanted)}"


def message_section(contract, row):
    name, kind, version, producer, queue, subject, reply = row
    queues = [queue] if queue else contract.readers(name, kind, producer)
    if not queues:
        raise Failure(f"{name} reaches no queue")
    facts = [f"- Kind: {kind}, version {version}.",
             f"- Producer: {code(producer)}.",
             f"- Queues: {', '.join(code(text) for text in queues)}."]
    if subject:
        facts.append(f"- Subject: {code(subject)}.")
    sample = f"{name}.v{version}.json"
    if not (ROOT / "proto" / "golden" / sample).exists():
        raise Failure(f"proto/golden/{sample} is missing")
    facts.append(f"- Sample: [{code(sample)}](../../proto/golden/{sample}).")
    parts = [f"### {name}", "\n".join(facts), message_fields(contract, "Data", name, contract.data)]
    if kind == "request":
        parts.append(message_fields(contract, "Reply data", name, contract.replies) if reply else "Reply data: none.")
    return sections(parts)


def make_messages(programs):
    contract = Contract(programs)
    overview = table(("message", "kind", "producer", "queues"),
                     [(message_link(name), kind, code(producer),
                       ", ".join(code(text) for text in ([queue] if queue else contract.readers(name, kind, producer))))
                      for name, kind, _, producer, queue, *_ in contract.messages])
    return sections([overview, *(message_section(contract, row) for row in contract.messages)])


def make_topology(programs):
    contract = Contract(programs)
    keys = {}
    for exchange, queue, key in contract.bindings:
        keys.setdefault(queue, []).append((exchange, key))
    queues = [(code(name), kind, code(", ".join(dict.fromkeys(exchange for exchange, _ in keys.get(name, [])))),
               ", ".join(code(key) for _, key in keys.get(name, []))) for name, kind, _ in contract.queues]
    return sections([
        table(("exchange", "type"), [(code(name), kind) for name, kind in contract.exchanges]),
        table(("queue", "type", "bound to exchange", "routing keys"), queues),
        table(("policy", "queues", "definition"),
              [(code(name), code(pattern), code(definition)) for name, pattern, definition in contract.policies])])


def make_statuses(programs):
    return table(("status", "HTTP", "meaning"),
                 [(code(name), http, meaning) for name, http, meaning in programs.rows("contract_table")["status"]])
