"""All benchmarks, one after the other, each in a process of its own; one file with all figures.

    python benchmarks/everything.py [--quick] [--json FILE]

Half an hour on two cores; ``--quick`` shows in a few minutes that all of them work.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

FOLDER = Path(__file__).parent
BENCHMARKS = {
    "csi_likelihood": ["--quick"],
    "experiments": ["conus", "--repeats", "3"],
    "compiling": ["conus", "--repeats", "1"],
    "design": ["--points", "4"],
    "csi_scan": ["--model", "sm", "--grid", "signal_norm=0.5:1.5:8", "--fits", "2", "--repeats", "1"],
    "nuclear_lines": ["--quick", "--case", "folding moves"],
    "dark_matter": ["--quick"],
    "commands": ["--quick"],
    "gpu": ["--quick"],
}
"""Scripts, and with which options they only show that they work."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Only show that they work.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Run all of them; those that fail are said at the end."""
    console, found, failed = Console(), {}, []
    for name, small in BENCHMARKS.items():
        console.rule(name)
        with tempfile.TemporaryDirectory() as folder:
            figures = Path(folder) / "figures.json"
            options = [*(small if quick else []), "--json", str(figures)]
            done = subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), *options], check=False)
            if done.returncode or not figures.exists():
                failed.append(name)
                continue
            found[name] = json.loads(figures.read_text())
        if output is not None:
            output.write_text(json.dumps(found, indent=1) + "\n")
    if failed:
        console.print(f"failed: {', '.join(failed)}", style="bold red")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
