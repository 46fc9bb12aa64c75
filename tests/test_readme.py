"""README's Python examples run, and CI runs README's own test command."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("standard_promotion")
def test_examples_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    quick = "cx.sample(model, jax.random.key(1), cx.Schedule(chains=2, warmup=50, samples=25))"
    first = blocks[0].replace("cx.sample(model, jax.random.key(1))", quick)
    assert quick in first
    names: dict = {}
    exec(first + blocks[1], names)
    printed = capsys.readouterr().out
    assert "'mean'" in printed
    assert 1.0 < abs(float(printed.split()[-1]) - float(names["csi"].signal().sum())) < 300.0


def test_ci_runs_the_test_command_of_the_readme():
    command = next(line.strip() for line in README.splitlines() if "pytest" in line and line.startswith("    "))
    script = (ROOT / ".ci" / "run").read_text()
    for step in command.split(" && "):
        needed = step.replace("pip install -e", "pip install --quiet -e")
        assert needed in script, step
