"""Write tables and value files in the schema of data/README.md; the scripts beside this one use it."""

import argparse
import json
from pathlib import Path


def write_table(path, header, columns, rows, made_by, digits=10):
    """Write a CSV table of numbers with so many significant digits, and of text as it is."""

    def cell(value):
        if isinstance(value, str):
            return f'"{value}"' if "," in value else value
        return f"{value:.{digits}g}"

    lines = [f"# {key}: {value}" for key, value in {**header, "made_by": made_by, "rows": len(rows)}.items()]
    lines.append(",".join(columns))
    lines += [",".join(map(cell, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(rows)} rows")


def write_values(path, title, source, entries, made_by):
    """Write a JSON value file from {name: (value, unit, source)}."""
    content = {
        "title": title,
        "source": source,
        "made_by": made_by,
        "values": {name: {"value": v, "unit": u, "source": s} for name, (v, u, s) in entries.items()},
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(entries)} values")


def release_and_out(description, name):
    """Return the folder of the release (an argument) and the existing folder to write to."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("release", type=Path, help="folder with the files of the release")
    default = Path(__file__).resolve().parents[1] / name
    parser.add_argument("--out", type=Path, default=default, help="folder to write to (default: the packaged one)")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments.release, arguments.out
