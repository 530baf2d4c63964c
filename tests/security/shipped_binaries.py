"""Hardening of the release programs, read from their ELF files (System V ABI, chapters 4 and 5). It needs no stack; ./dev test
builds the programs and runs this file in the background."""
import platform
import struct
from pathlib import Path

import pytest

from harness.stack import PROGRAMS, ROOT

SHIPPED = ROOT / "build/release/bin"
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_RPATH, DT_RUNPATH, DT_FLAGS, DT_TEXTREL, DT_FLAGS_1 = 5, 6, 10, 15, 29, 30, 22, 0x6FFFFFFB
DF_TEXTREL, DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 4, 8, 1, 0x08000000
EXECUTE, WRITE = 1, 2


class Elf:
    """A parser of 64-bit little-endian ELF files."""

    def __init__(self, path):
        self.bytes = Path(path).read_bytes()
        assert self.bytes[:6] == b"\x7fELF\x02\x01", "a 64-bit little-endian ELF file"
        (self.type, self.machine, _, self.entry, program_at, _, _, _, size, count, _, _, _) = struct.unpack_from(
            "<HHIQQQIHHHHHH", self.bytes, 16)
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.bytes, program_at + size * i) for i in range(count)]
        self.dynamic = {}
        for kind, _, offset, _, _, length, _, _ in self.segments:
            if kind == PT_DYNAMIC:
                for at in range(offset, offset + length, 16):
                    tag, value = struct.unpack_from("<qQ", self.bytes, at)
                    self.dynamic[tag] = value

    def segments_of(self, kind):
        return [segment for segment in self.segments if segment[0] == kind]

    def offset(self, address):
        for _, _, offset, virtual, _, length, _, _ in self.segments_of(PT_LOAD):
            if virtual <= address < virtual + length:
                return offset + address - virtual
        raise ValueError(f"nothing is loaded at {address:#x}")

    def imports(self):
        """Names of the undefined symbols."""
        texts = self.offset(self.dynamic[DT_STRTAB])
        at, end = self.offset(self.dynamic[DT_SYMTAB]), texts  # the strings follow the symbols, as linkers lay them out
        names = set()
        while at + 24 <= end:
            name, _, _, section, _, _ = struct.unpack_from("<IBBHQQ", self.bytes, at)
            if section == 0 and name:
                names.add(self.bytes[texts + name:self.bytes.index(b"\0", texts + name)].decode())
            at += 24
        return names


@pytest.fixture(params=[*PROGRAMS, "comanda"])
def elf(request):
    return Elf(SHIPPED / request.param)


def test_lies_at_another_address_each_time(elf):
    assert elf.type == 3 and elf.dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE, "position-independent executable"


def test_what_the_linker_filled_in_cannot_be_written_afterwards(elf):
    assert elf.segments_of(PT_GNU_RELRO), "RELRO"
    assert elf.dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW and elf.dynamic[DT_FLAGS_1] & DF_1_NOW, "all of it, at the start"


def test_nothing_is_both_written_and_run(elf):
    (stack,) = elf.segments_of(PT_GNU_STACK)
    assert not stack[1] & EXECUTE
    assert not [segment for segment in elf.segments_of(PT_LOAD) if segment[1] & EXECUTE and segment[1] & WRITE]
    assert DT_TEXTREL not in elf.dynamic and not elf.dynamic.get(DT_FLAGS, 0) & DF_TEXTREL


def test_libraries_come_from_where_the_system_has_them(elf):
    assert DT_RPATH not in elf.dynamic and DT_RUNPATH not in elf.dynamic


def test_stack_is_guarded_and_functions_are_fortified(elf):
    imports = elf.imports()
    assert "__stack_chk_fail" in imports
    fortified = {name for name in imports if name.startswith("__") and name.endswith("_chk")}
    assert len(fortified) >= 4, fortified
    unchecked = imports & {"sprintf", "vsprintf", "strcpy", "strcat", "gets", "stpcpy"}
    assert not unchecked, f"not fortified: {unchecked}"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is x86's")
def test_jumps_land_where_one_may_land(elf):
    assert elf.bytes.count(b"\xf3\x0f\x1e\xfa") > 100, "each function that is called by its address begins with endbr64"
