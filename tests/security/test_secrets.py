"""Secrets do not leak: not in arguments, --help, printed settings, or core files. (./dev test itself searches all logs of a
run at its end.)"""
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness.waiting import eventually
from harness.stack import PARTS, PROGRAMS

SECRETS = re.compile(r"PASSWORD|COOKIE")


@pytest.fixture(scope="module")
def secrets(stack):
    lines = (stack.directory / "secrets").read_text().splitlines()
    named = dict(line.split("=", 1) for line in lines)
    assert len(named) >= 15 and all(len(value) >= 32 for value in named.values())
    return named


def program_environment(stack, program):
    pairs = Path(f"/proc/{stack.pid(program)}/environ").read_bytes().split(b"\0")
    return dict(pair.decode().split("=", 1) for pair in pairs if b"=" in pair)


def stack_processes(stack):
    """All processes of the stack: (pid, arguments)."""
    parts = [stack.pid(part) for part in PARTS]  # PostgreSQL writes its title over its environment
    for path in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"SUPERVISED_IN={stack.directory}".encode() in (path / "environ").read_bytes().split(b"\0")
            if ours or int(path.name) in parts:
                yield int(path.name), (path / "cmdline").read_bytes()
        except OSError:
            continue


def test_no_process_has_a_secret_in_its_arguments(stack, secrets):
    seen = list(stack_processes(stack))
    assert {stack.pid(part) for part in PARTS} <= {pid for pid, _ in seen}
    for _, arguments in seen:
        assert not [name for name, value in secrets.items() if value.encode() in arguments], arguments


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_gets_only_its_own_secrets(stack, secrets, program):
    environment = "\n".join(program_environment(stack, program).values())
    own = program.upper().replace("-", "_")
    may = {f"BROKER_PASSWORD_{own}", f"DATABASE_PASSWORD_{own}"}
    may |= {"FIRST_ADMIN_PASSWORD"} if program == "svc-users" else set()
    may |= {"REDIS_PASSWORD_SVC_PRODUCTS"} if program == "svc-products" else set()
    assert {name for name, value in secrets.items() if value in environment} <= may


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_check_print_no_secret(stack, secrets, program):
    environment = program_environment(stack, program)
    for argument in ("--help", "--version", "--check", "--nonsense"):
        done = subprocess.run([Path(stack["COMANDA_BIN"]) / program, argument], env=environment, capture_output=True,
                              text=True, timeout=30)
        assert not [name for name, value in secrets.items() if value in done.stdout + done.stderr]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_secret_can_come_from_a_file_and_is_masked(stack, secrets, program, tmp_path):
    environment = program_environment(stack, program)
    (tmp_path / "broker").write_text(environment.pop("COMANDA_BROKER_URL") + "\n")
    environment |= {"COMANDA_BROKER_URL_FILE": str(tmp_path / "broker"), "COMANDA_ADMIN_PORT": "0",
                    "COMANDA_HTTP_PORT": "0" if program != "edge-http" else "1", "COMANDA_HTTP_ADDRESS": "127.0.0.1"}
    started = subprocess.Popen([Path(stack["COMANDA_BIN"]) / program], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        first = started.stderr.readline()
    finally:
        started.terminate()
        rest = started.communicate(timeout=30)[1]
    assert f"amqp://{program}:***@" in first, first
    assert not [name for name, value in secrets.items() if value in first + rest]


def owner_of_memory(command, environment, wait_for_line):
    """Starts a command as nobody, and returns the owner of /proc/PID/mem: root if it may not be dumped (proc(5))."""
    descriptor = os.open(command, os.O_RDONLY)
    try:
        started = subprocess.Popen([command.name, "10"] if not wait_for_line else [command.name], env=environment,
                                   executable=f"/proc/self/fd/{descriptor}", pass_fds=[descriptor], user=65534,
                                   stderr=subprocess.PIPE)
    finally:
        os.close(descriptor)
    try:
        if wait_for_line:
            started.stderr.readline()
        return os.stat(f"/proc/{started.pid}/mem").st_uid
    finally:
        started.kill()
        started.communicate(timeout=30)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_debugger_of_the_same_account_gets_at_a_programs_memory(stack, program):
    environment = program_environment(stack, program) | {"COMANDA_ADMIN_PORT": "0"}
    if environment.pop("COMANDA_TOKEN_KEY_FILE", None):
        environment["COMANDA_TOKEN_KEY"] = stack.token_key  # nobody cannot read the file
    binary = Path(stack["COMANDA_BIN"]) / program
    assert owner_of_memory(Path("/usr/bin/sleep"), {}, False) == 65534
    assert owner_of_memory(binary, environment, True) == 0
    assert owner_of_memory(binary, environment | {"COMANDA_ALLOW_DEBUGGER": "on"}, True) == 65534


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_core_file_may_hold_nothing(stack, program):
    limits = Path(f"/proc/{stack.pid(program)}/limits").read_text()
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.M)


def test_a_crash_leaves_no_core(stack, tmp_path):
    environment = program_environment(stack, "svc-orders") | {"COMANDA_ADMIN_PORT": "0"}
    started = subprocess.Popen([Path(stack["COMANDA_BIN"]) / "svc-orders"], env=environment, cwd=tmp_path,
                               stderr=subprocess.PIPE)
    started.stderr.readline()  # the settings are read, and with them the secrets
    started.send_signal(signal.SIGABRT)
    started.communicate(timeout=30)
    assert started.returncode == -signal.SIGABRT
    assert not list(tmp_path.iterdir())
    eventually(lambda: stack.ready("svc-orders"))
