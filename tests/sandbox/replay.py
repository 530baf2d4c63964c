"""Runs `comanda sandbox`, this build's or another's, against a stack."""
import json
import os
import subprocess

SERVICES = ("users", "products", "orders")


def environment(stack):
    names = {f"COMANDA_DATABASE_URL_{service.upper()}": stack[f"COMANDA_DATABASE_URL_SVC_{service.upper()}"]
             for service in SERVICES}
    return names | {"COMANDA_BROKER_URL": stack["COMANDA_BROKER_URL"], "PATH": os.environ["PATH"],
                    "COMANDA_SANDBOX_DATABASE_URL": stack["COMANDA_SANDBOX_DATABASE_URL"]}


def start(stack, *arguments, program=None):
    command = [program or f"{stack['COMANDA_BIN']}/comanda", "sandbox", *arguments]
    return subprocess.Popen(command, env=environment(stack), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(stack, *arguments, program=None):
    """The exit code, the results by service, and standard error."""
    process = start(stack, "--json", *arguments, program=program)
    out, err = process.communicate(timeout=600)
    return process.returncode, {found["service"]: found for found in map(json.loads, out.splitlines())}, err


def databases(stack):
    """The existing sandboxes."""
    return {row[0] for row in stack.sql("users", "SELECT datname FROM pg_database WHERE datname LIKE 'comanda_sandbox%%'")}


def digests(found):
    return {service: each["digest"] for service, each in found.items()}


def differences(found):
    """The differences, for the message of a failed test."""
    return json.dumps({service: {"differences": each["differences"][:1], "decided_differently": each["decided_differently"],
                                  "rows": [row for table in each["state"] for row in table["rows_that_differ"][:2]]}
                       for service, each in found.items() if not each["same"]}, indent=1)
