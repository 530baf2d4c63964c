"""The systemd units, verified by systemd-analyze: syntax and exposure."""
import re
import shutil
import subprocess

import pytest

from harness.stack import ROOT

UNITS = ROOT / "compose/systemd"
NAMES = sorted(path.name for path in UNITS.glob("*.service"))
EXPOSURE_MAX = 2.0  # of 10, as `systemd-analyze security` counts

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")


@pytest.fixture(scope="module")
def units(stack, tmp_path_factory):
    """The units with the programs of this build, in a directory for systemd-analyze."""
    directory = tmp_path_factory.mktemp("units")
    shutil.copytree(UNITS, directory, dirs_exist_ok=True)
    for path in directory.glob("*.service"):
        text = re.sub(r"^ExecStart=/usr/bin/svc-%i", f"ExecStart={stack['COMANDA_BIN']}/svc-orders", path.read_text(), flags=re.M)
        path.write_text(re.sub(r"^ExecStart=/usr/bin/", f"ExecStart={stack['COMANDA_BIN']}/", text, flags=re.M))
    shutil.copy(directory / "comanda-migrate@.service", directory / "comanda-migrate@orders.service")
    return directory


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_understands_the_unit(units, name):
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(units / name.replace("@", "@orders")))
    ours = [line for line in done.stderr.splitlines() if "comanda" in line]
    assert not ours, "\n".join(ours)


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_the_unit_leaves_little_open(units, name):
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}", "--no-pager",
                   str(units / name.replace("@", "@orders")))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_no_unit_contains_a_secret(name):
    text = (UNITS / name).read_text()
    for setting in re.findall(r"^Environment=(COMANDA_[A-Z_]*(?:URL|KEY|PASSWORD)[A-Z_]*)=", text, flags=re.M):
        assert setting.endswith("_FILE"), f"{setting} would stand in the unit, for everybody to read"


def test_every_program_has_a_unit_and_all_are_confined():
    assert {f"comanda-{program}.service" for program in ("edge-http", "svc-users", "svc-products", "svc-orders")} <= set(NAMES)
    confined = (UNITS / "comanda-.service.d/confined.conf").read_text()
    for line in ("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n",
                 "SystemCallFilter=@system-service", "LimitCORE=0"):
        assert line in confined
    for name in NAMES:
        assert name.startswith("comanda-"), "the drop-in goes by the prefix"
