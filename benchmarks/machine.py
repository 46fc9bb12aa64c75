"""What every benchmark says of the machine that it ran on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

RUSAGE_UNIT = 1e6 if platform.system() == "Darwin" else 1e3
"""Of resident memory, per MB."""


def machine(*packages: str) -> dict[str, Any]:
    """Describe what this runs on; packages beside those of every benchmark."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    names = ("cevnsjax", "jax", "jaxlib", "numpyro", "equinox", "numpy", "scipy", *packages)
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "device": f"{jax.default_backend()}: {jax.devices()[0].device_kind} x {jax.device_count()}",
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def console_headed_by(m: dict[str, Any]) -> Console:
    """Return a console for tables, with the machine printed."""
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    console.print(
        f"[bold]{m['cpu']}[/], {m['cores']} cores; device {m['device']}; Python {m['python']}; "
        + ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    )
    return console
