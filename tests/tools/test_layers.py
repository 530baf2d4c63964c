"""tools/dev/layers finds each kind of fault: a small tree without faults gets one, and the fault is reported where it is."""
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_script():
    loader = SourceFileLoader("layers", str(ROOT / "tools/dev/layers"))
    module = module_from_spec(spec_from_loader("layers", loader))
    loader.exec_module(module)
    return module


layers = load_script()

RUNTIME = """
set(here ${CMAKE_CURRENT_SOURCE_DIR})
layer(comanda_core AS core DIR ${here}/core SOURCES uuid.c)
layer(comanda_http AS http DIR ${here}/http SOURCES http.c USES comanda_core) # layer(not this)
layer(comanda_amqp AS amqp DIR ${here}/amqp SOURCES link.c USES comanda_core)
layer(comanda_unit AS comanda DIR ${here}/include/comanda HEADERS unit.h USES comanda_core)
layer(comanda_api AS comanda DIR ${here}/include/comanda USES comanda_core)
layer(comanda_store AS store DIR ${here}/store SOURCES outbox.c USES comanda_api comanda_amqp)
add_library(comanda_runtime INTERFACE)
target_link_libraries(comanda_runtime INTERFACE comanda_store comanda_http)
"""
TREE = {
    "CMakeLists.txt": "add_subdirectory(runtime)\nadd_subdirectory(svc-a)\nadd_subdirectory(ctl)\nadd_subdirectory(tests)\n",
    "runtime/CMakeLists.txt": RUNTIME,
    "runtime/core/uuid.h": "",
    "runtime/core/uuid.c": '#include "core/uuid.h"\n#include <string.h>\n#include <sodium.h>\n',
    "runtime/http/http.h": '#include "core/uuid.h"\n',
    "runtime/http/http.c": '#include "http/http.h"\n#include <civetweb.h>\n',
    "runtime/amqp/link.h": "",
    "runtime/amqp/link.c": '#include "amqp/link.h"\n#include <amqp.h>\n',
    "runtime/include/comanda/service.h": '#include "core/uuid.h"\n',
    "runtime/include/comanda/unit.h": "",
    "runtime/include/comanda/replay.h": "",
    "runtime/include/comanda/edge.h": "",
    "runtime/store/outbox.h": '#include "comanda/service.h"\n',
    "runtime/store/outbox.c": '#include "store/outbox.h"\n#include "amqp/link.h"\n',
    "runtime/store/tests/test_outbox.c": '#include "http/http.h"\n',
    "svc-a/CMakeLists.txt": "layer(a_domain AS a/domain DIR ${CMAKE_CURRENT_SOURCE_DIR}/domain USES comanda_unit)\n"
                            "layer(a AS a SOURCES service.c USES a_domain comanda_runtime)\n",
    "svc-a/domain/account.h": '#include "comanda/unit.h"\n',
    "svc-a/service.c": '#include "a/domain/account.h"\n#include "comanda/service.h"\n#include "comanda/unit.h"\n',
    "svc-a/settings.h": "",
    "ctl/CMakeLists.txt": "layer(ctl AS ctl SOURCES lib/connect.c USES comanda_runtime)\n",
    "ctl/lib/connect.h": "",
    "ctl/lib/connect.c": '#include "ctl/lib/connect.h"\n#include "store/outbox.h"\n',
    "ctl/order/order.c": '#include "ctl/lib/connect.h"\n',
    "ctl/order/order.h": "",
}


def long_function(lines):
    return "int f(void)\n{\n" + "\n" * (lines - 1) + "}\n"


@pytest.fixture
def faults_of(tmp_path):
    def faults_of(changes):
        for name, text in {**TREE, **changes}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return layers.check(tmp_path)[0]

    return faults_of


def test_a_tree_in_order_has_no_fault(faults_of):
    assert faults_of({}) == []


# What is added to the tree, then the file, the line and a part of the text of the fault that must be found.
FAULTS = {
    "an include of a higher layer":
        ({"runtime/core/uuid.c": '#include "core/uuid.h"\n\n#include "store/outbox.h"\n'},
         "runtime/core/uuid.c", 3, '"store/outbox.h" is against the order: comanda_core does not use comanda_store'),
    "an include of a neighbour that the layer does not use":
        ({"runtime/amqp/link.c": '#include "http/http.h"\n'},
         "runtime/amqp/link.c", 1, "comanda_amqp does not use comanda_http"),
    "a layer that uses one declared later":
        ({"runtime/CMakeLists.txt": RUNTIME.replace("SOURCES uuid.c", "SOURCES uuid.c USES comanda_store")},
         "runtime/CMakeLists.txt", 3, "layer comanda_core uses comanda_store, which is not declared before it"),
    "a layer that gets another one behind its USES":
        ({"runtime/CMakeLists.txt": RUNTIME + "target_link_libraries(comanda_core PUBLIC comanda_store)\n"},
         "runtime/CMakeLists.txt", 11, "more than its USES"),
    "a domain that includes the service around it":
        ({"svc-a/domain/account.h": '#include "a/settings.h"\n'},
         "svc-a/domain/account.h", 1, "a_domain does not use a."),
    "a header of a folder of which the layer uses only another header":
        ({"svc-a/domain/account.h": '#include "comanda/service.h"\n'},
         "svc-a/domain/account.h", 1, "a_domain does not use comanda_api"),
    "a service that includes an inner header of the runtime":
        ({"svc-a/service.c": '#include "store/outbox.h"\n'},
         "svc-a/service.c", 1, '"store/outbox.h" is inside the runtime'),
    "a service that includes four public headers":
        ({"svc-a/settings.h": '#include "comanda/replay.h"\n#include "comanda/edge.h"\n'},
         "svc-a/settings.h", 2, "svc-a includes 4 headers of comanda/"),
    "an include beside the file":
        ({"runtime/store/outbox.c": '#include "outbox.h"\n'},
         "runtime/store/outbox.c", 1, '"outbox.h" is not rooted'),
    "an include that climbs":
        ({"runtime/store/outbox.c": '#include "../core/uuid.h"\n'},
         "runtime/store/outbox.c", 1, '"../core/uuid.h" is not rooted'),
    "an include of a file that does not exist":
        ({"runtime/store/outbox.c": '#include "core/uid.h"\n'},
         "runtime/store/outbox.c", 1, '"core/uid.h" is not rooted'),
    "two headers that include each other":
        ({"runtime/core/uuid.h": '#include "core/clock.h"\n', "runtime/core/clock.h": '\n#include "core/uuid.h"\n'},
         "runtime/core/clock.h", 2, "files include each other: runtime/core/clock.h -> runtime/core/uuid.h -> runtime/core/clock.h "
                                    "(by runtime/core/clock.h:2, runtime/core/uuid.h:1)"),
    "two folders of one layer that include each other":
        ({"ctl/lib/connect.c": '#include "ctl/order/order.h"\n'},
         "ctl/lib/connect.c", 1, "folders include each other: ctl/lib -> ctl/order -> ctl/lib"),
    "a third-party header outside its folder":
        ({"ctl/lib/connect.c": "#include <libpq-fe.h>\n"},
         "ctl/lib/connect.c", 1, "<libpq-fe.h> belongs to runtime/postgres"),
    "a third-party header outside its folders, by a pattern":
        ({"runtime/store/outbox.c": "#include <openssl/ssl.h>\n"},
         "runtime/store/outbox.c", 1, "<openssl/ssl.h> belongs to runtime/http, runtime/jwt"),
    "a file of 401 lines":
        ({"runtime/store/outbox.c": "\n" * 401},
         "runtime/store/outbox.c", 401, "401 lines, 400 is the limit"),
    "a function of 61 lines":
        ({"svc-a/settings.c": long_function(60) + "\n" + long_function(61)},
         "svc-a/settings.c", 65, "f has 61 lines, 60 is the limit"),
    "a folder of 26 files":
        ({f"ctl/lib/part_{number}.c": "" for number in range(24)},
         "ctl/lib", 1, "26 files, 25 is the limit"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_reports(faults_of, fault):
    changes, file, line, text = FAULTS[fault]
    found = faults_of(changes)
    assert [(name, number) for name, number, message in found if text in message] == [(file, line)], found


LIMITS = {
    "400 lines": {"runtime/store/outbox.c": "\n" * 400},
    "a function of 60 lines": {"svc-a/settings.c": long_function(60)},
    "25 files": {f"ctl/lib/part_{number}.c": "" for number in range(23)},
    "three public headers": {"svc-a/settings.h": '#include "comanda/replay.h"\n'},
}


@pytest.mark.parametrize("limit", LIMITS)
def test_allows(faults_of, limit):
    assert faults_of(LIMITS[limit]) == []


def test_every_header_in_a_folder_is_of_the_system_or_of_a_known_library():
    """A new library needs a row in THIRD_PARTY: without one, nothing checks who includes it."""
    known = ("arpa/*", "net/*", "netinet/*", "sys/*", "sanitizer/*", *layers.THIRD_PARTY)
    unknown = {include for includes in layers.Tree(ROOT).includes.values() for _, kind, include in includes
               if kind == "<" and "/" in include and not any(layers.fnmatchcase(include, pattern) for pattern in known)}
    assert not unknown
