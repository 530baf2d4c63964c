"""The maps of README.md and docs/architecture.md name every folder of the tree, and no other folder.

The folders come from git, so that a new folder needs a row in a map and nothing else. A map's row names its folder in its
first cell, in code, with a slash at the end: `runtime/core/`. `svc-*/` stands for each service."""
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from docs.markdown import first_cells, section

ROOT = Path(__file__).resolve().parents[2]
README = "README.md", "The folders"
ARCHITECTURE = "docs/architecture.md", "The map"


def files_of_the_tree():
    """Tracked files and new ones, without those that were removed or are ignored."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).exists()]


def folders(files):
    return {str(parent) for name in files for parent in PurePosixPath(name).parents} - {"."}


def named_in(text):
    return [name for cell in first_cells(text) for name in re.findall(r"`([^`]+)/`", cell)]


def expanded(names, top_level):
    """Each name with a pattern in its first part, once for each folder that the pattern matches."""
    result = set()
    for name in names:
        first, *rest = name.split("/")
        matching = [folder for folder in top_level if fnmatchcase(folder, first)] or [first]
        result |= {"/".join([folder, *rest]) for folder in matching}
    return result


def differences(names, tree, depth):
    """What a map lacks of the folders down to `depth`, and what it names that is not there. `tree` holds all folders."""
    named = expanded(names, {folder for folder in tree if "/" not in folder})
    wanted = {folder for folder in tree if folder.count("/") < depth}
    return sorted(wanted - named), sorted(named - tree)


def map_of(document):
    path, title = document
    text = section((ROOT / path).read_text(), title)
    assert named_in(text), f"{path} has no table of folders below the heading \"{title}\""
    return named_in(text)


def test_the_readme_names_every_top_level_folder_and_no_other():
    unnamed, gone = differences(map_of(README), folders(files_of_the_tree()), depth=1)
    assert not unnamed, f"README.md, \"{README[1]}\": add a row for {unnamed}"
    assert not gone, f"README.md, \"{README[1]}\": not in the tree: {gone}"


def test_the_architecture_names_every_folder_down_to_the_second_level_and_no_other():
    unnamed, gone = differences(map_of(ARCHITECTURE), folders(files_of_the_tree()), depth=2)
    assert not unnamed, f"docs/architecture.md, \"{ARCHITECTURE[1]}\": add a row for {unnamed}"
    assert not gone, f"docs/architecture.md, \"{ARCHITECTURE[1]}\": not in the tree: {gone}"


def test_no_map_names_a_folder_twice():
    for document in (README, ARCHITECTURE):
        names = map_of(document)
        assert sorted(names) == sorted(set(names)), document[0]


# ---- that these tests can fail ----

FILES = ["runtime/core/unit.c", "svc-users/store/stores.c", "svc-orders/store/order_store.c", "dev"]
MAP = """
## The map

| folder | holds |
|---|---|
| [`runtime/`](runtime) | libraries |
| `runtime/core/` | what is pure |
| `svc-*/` | services |
| `svc-*/store/` | SQL |

## More

| `elsewhere/` | not in the map |
"""


def checked(text, files):
    return differences(named_in(section(text, "The map")), folders(files), depth=2)


def test_a_map_that_equals_the_tree_has_no_differences():
    assert checked(MAP, FILES) == ([], [])


def test_a_folder_without_a_row_is_found():
    assert checked(MAP, [*FILES, "runtime/json/json.c"]) == (["runtime/json"], [])
    assert checked(MAP, [*FILES, "ctl/main.c"]) == (["ctl"], [])


def test_a_row_without_a_folder_is_found():
    assert checked(MAP, ["svc-users/store/stores.c", "runtime/unit.c"]) == ([], ["runtime/core"])


def test_a_service_without_a_folder_that_all_services_have_is_found():
    assert checked(MAP, [*FILES, "svc-products/main.c"]) == ([], ["svc-products/store"])


def test_a_pattern_that_matches_nothing_is_found():
    assert checked(MAP, ["runtime/core/unit.c"]) == ([], ["svc-*", "svc-*/store"])
