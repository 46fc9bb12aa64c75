"""Make data/overlays/*.csv: published curves to be drawn over maps, from the points that public codes hold.

The argument is a folder with `limits_light_dm` (curves of github.com/athompson-tamu/pyCEvNS in `pycevns_dark_photon`,
those of github.com/noctildon/lightDM in a folder for each paper), `limits_foresee` (`files/models/U1B-L` of
github.com/KlingFelix/FORESEE) and `axionlimits` (`limit_data/AxionPhoton` of github.com/cajohare/AxionLimits, MIT);
`overlays.toml` says what each curve is. Those of a code that states its licence (MIT)
go into the packaged folder. lightDM states none: its curves are made into a folder of your own by --unlicensed DIR,
from where `cevnsjax scan --overlay DIR/NAME.csv` draws them.
"""

import argparse
import itertools
import tomllib
from pathlib import Path

import numpy as np
from writing import write_table

MADE_BY = "data/build/overlays.py"
MOST_POINTS = 60
UNSTATED = "none stated where the points are from: to compare with, not to be passed on"
HEADER = (
    *("title", "source", "points", "kind", "quantities", "assumptions", "confidence_level", "dark_matter"),
    *("thinned", "note"),
)


def curves():
    """What each curve is, with what its group says."""
    with Path(__file__).with_name("overlays.toml").open("rb") as file:
        groups = tomllib.load(file)["groups"]
    return [{"scale": 1.0, "columns": [0, 1], **group, **curve} for group in groups for curve in group["curves"]]


def read(path, columns):
    """Points of two columns, between commas or blanks; without comments, and without rows that one of them lacks."""
    rows = [line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    cells = [[cell.strip() for cell in (row.split(",") if "," in row else row.split())] for row in rows if row.strip()]
    return np.array([[float(row[column]) for column in columns] for row in cells if all(row[each] for each in columns)])


def on_the_curve(points):
    """Without what is at no mass, and without ends at couplings above one, which only close a polygon."""
    return points[(points[:, 0] > 0.0) & (points[:, 1] < 1.0)]


def thinned(points, most=MOST_POINTS):
    """At most so many points, those that lines between the others miss most, and by how much the rest is missed.

    Distances are in decades: lines are straight in logarithms.
    """
    places, kept = np.log10(points), [0, len(points) - 1]
    while True:
        missed = distances(places, sorted(kept))
        if len(kept) == most or missed.max() < 1e-9:
            return points[sorted(kept)], float(missed.max())
        kept.append(int(missed.argmax()))


def distances(places, kept):
    """Distance of each place from the line that passes it by, between two of those that are kept."""
    found = np.zeros(len(places))
    for first, last in itertools.pairwise(kept):
        offset, along = places[first : last + 1] - places[first], places[last] - places[first]
        share = np.clip(offset @ along / max(along @ along, 1e-30), 0.0, 1.0)
        found[first : last + 1] = np.linalg.norm(offset - share[:, None] * along, axis=1)
    return found


def make(curve, release, out):
    points = read(release / curve["folder"] / curve["file"], curve["columns"])
    every = on_the_curve(points) * [curve["scale"], 1.0]
    kept, missed = thinned(every)
    header = {
        **curve,
        "source": curve["paper"],
        "points": f"{curve['repository']}, {curve['file']}",
        "quantities": ", ".join(curve["quantities"]),
        "thinned": f"{len(kept)} of {len(every)} points, the others within {missed:.1g} decades"
        if missed > 1e-9
        else "",
    }
    header = {key: header[key] for key in HEADER if header.get(key)}
    header["licence"] = f"MIT, of {curve['repository'].split(',')[0]}" if curve.get("licence") == "MIT" else UNSTATED
    columns = [quantity.replace(" [", "_").removesuffix("]") for quantity in curve["quantities"]]
    write_table(out / f"{curve['name']}.csv", header, columns, [tuple(row) for row in kept], MADE_BY, digits=5)


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("release", type=Path, help="folder with limits_light_dm, limits_foresee, axionlimits")
    packaged = Path(__file__).resolve().parents[1] / "overlays"
    parser.add_argument("--out", type=Path, default=packaged, help="folder to write to (default: the packaged one)")
    parser.add_argument("--unlicensed", type=Path, help="folder of your own for curves whose licence is not stated")
    arguments = parser.parse_args()
    if arguments.unlicensed and arguments.unlicensed.resolve().is_relative_to(packaged.parent):
        parser.error("--unlicensed needs a folder outside of data/, which a wheel carries")
    for curve in curves():
        out = arguments.out if curve.get("licence") else arguments.unlicensed
        if out:
            out.mkdir(parents=True, exist_ok=True)
            make(curve, arguments.release, out)


if __name__ == "__main__":
    main()
