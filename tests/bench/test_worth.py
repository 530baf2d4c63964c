"""What ./dev bench --without takes out is still there to be taken out."""
import pytest

import worth


@pytest.mark.parametrize("name", sorted(worth.WITHOUT))
def test_an_optimisation_can_be_taken_out(name, tmp_path):
    for path, _, _ in worth.WITHOUT[name]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((worth.ROOT / path).read_text())
    worth.take_out(name, tmp_path)
