"""The tables of permissions in docs/security.md equal the permissions in force."""
import re
import subprocess
from contextlib import closing

import psycopg2
import pytest

from harness.stack import ROOT

PAGE = ROOT / "docs/security.md"
SERVICES = ("users", "products", "orders")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def code(text):
    return "`" + text.replace("|", "\\|") + "`" if text not in ("nothing", "none") else text


def broker(stack):
    """The table that `topology apply` installs, as `comanda topology show` prints it."""
    shown = subprocess.run([f"{stack['COMANDA_BIN']}/comanda", "topology", "show"], capture_output=True, text=True, check=True)
    found = re.findall(r"^  (\S+) +writes (\S+)\n +reads (\S+)\n +publishes events (\S+)$", shown.stdout, re.M)
    return table(["account", "writes to", "reads from", "events it may publish"],
                 [[code(account), code(writes), code(reads), code(events)] for account, writes, reads, events in found])


GRANTS = """
SELECT grantee, table_name, string_agg(DISTINCT privilege_type, ', ' ORDER BY privilege_type)
FROM (SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges WHERE table_schema = 'public'
      UNION ALL SELECT grantee, table_name, privilege_type || ' (' || string_agg(column_name, ', ' ORDER BY column_name) || ')'
      FROM information_schema.column_privileges c WHERE table_schema = 'public' AND NOT EXISTS (
        SELECT FROM information_schema.table_privileges t WHERE (t.grantee, t.table_name, t.privilege_type)
        = (c.grantee, c.table_name, c.privilege_type)) GROUP BY grantee, table_name, privilege_type) AS granted
WHERE grantee IN ('svc_' || current_database(), 'comanda_operator') GROUP BY grantee, table_name"""


def databases(stack):
    """The privileges in the databases, grouped by equal privileges."""
    rows = []
    for service in SERVICES:
        with closing(psycopg2.connect(stack[f"COMANDA_MIGRATIONS_URL_SVC_{service.upper()}"])) as connection:
            with connection.cursor() as cursor:
                cursor.execute(GRANTS)
                together = {}
                for role, name, rights in cursor.fetchall():
                    together.setdefault((role, rights), []).append(name)
                cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
                (owner,), = cursor.fetchall()
        rows.append([code(service), code(owner), "all tables", "owns them"])
        for (role, rights), names in sorted(together.items(), key=lambda item: (item[0][0] == "comanda_operator", item[0])):
            rows.append([code(service), code(role), ", ".join(code(name) for name in sorted(names)), rights])
    return table(["database", "role", "tables", "rights"], rows)


def cache(_stack):
    words = (ROOT / "compose/redis-rights").read_text().split()
    keys = ", ".join(code(word[1:]) for word in words if word.startswith("~"))
    commands = ", ".join(code(word[1:]) for word in words if word.startswith("+"))
    return table(["account", "keys", "commands"], [[code("svc-products"), keys, commands]])


@pytest.mark.parametrize("name, made", [("broker", broker), ("databases", databases), ("cache", cache)])
def test_the_page_shows_what_is_enforced(stack, name, made):
    wanted = made(stack)
    shown = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", PAGE.read_text(), re.S)[1]
    assert shown == wanted, f"docs/security.md should say between its marks for {name}:\n{wanted}"
