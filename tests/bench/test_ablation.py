"""The texts that ./dev bench --without replaces exist in the sources."""
import pytest

import ablation


@pytest.mark.parametrize("name", sorted(ablation.WITHOUT))
def test_an_optimisation_can_be_taken_out(name, tmp_path):
    for path, _, _ in ablation.WITHOUT[name]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((ablation.ROOT / path).read_text())
    ablation.take_out(name, tmp_path)
