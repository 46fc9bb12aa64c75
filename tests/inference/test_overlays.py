"""Overlays of maps: what is packaged, what follows from a curve, what is drawn and said, and what is refused."""

import tomllib
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from matplotlib.figure import Figure

from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import Model, ProfileMap, overlay, overlay_names, plot_profile_map, read_overlay, scan_plots
from cevnsjax.inference.overlay_curves import Curve, curves_on, each_once, reaches
from cevnsjax.inference.profile import Maximum
from cevnsjax.overlays import KINDS
from cevnsjax.parameter import Parameter
from cevnsjax.particle import VectorPortal, VectorPortalYield
from cevnsjax.tables import DataFileError

BUILD = Path(__file__).parents[2] / "data" / "build"
GRID = {"m_chi": np.geomspace(1.0, 100.0, 9), "Y": np.geomspace(1e-12, 1e-8, 11)}
UNITS = {"m_chi": "MeV", "Y": ""}


def written(path, quantities="m_chi [MeV], Y", columns="m_chi_MeV,Y", rows=("1,1e-11", "50,1e-9"), **others):
    """Path of an overlay of one's own."""
    header = {"title": path.stem.capitalize(), "source": "here", "points": "made up", "kind": "observed limit"}
    header |= {"quantities": quantities, "licence": "none needed", **others, "made_by": "a test", "rows": len(rows)}
    lines = [f"# {key}: {value}" for key, value in header.items() if value is not None]
    path.write_text("\n".join([*lines, columns, *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def model():
    """Two numbers of an experiment in the place of a mass and a yield: only names and units are looked at."""
    mass = Parameter("m_chi", dist.LogUniform(1.0, 100.0), "signal_norm", "MeV")
    return Model(coherent_csi_2021(), [mass, Parameter("Y", dist.LogUniform(1e-13, 10.0), "sources.sns.flux.norm")])


def test_packaged():
    """Those whose licence is stated, and no other; each complete, small, and of one of the kinds."""
    groups = tomllib.loads((BUILD / "overlays.toml").read_text())["groups"]
    stated = [curve["name"] for group in groups if group.get("licence") == "MIT" for curve in group["curves"]]
    assert overlay_names() == sorted(stated)
    for name in overlay_names():
        found = overlay(name)
        assert found.name == name
        assert found.licence.startswith("MIT, of github.com/")
        assert found.kind in KINDS
        assert found.assumptions
        assert all(2 < values.size <= 60 and (values > 0.0).all() for values in found.values.values())


def test_packaged_numbers_are_where_their_papers_have_them():
    """Where abstracts and figures put them, and nucleons and electrons of MiniBooNE not exchanged."""
    electrons, nucleons = (overlay(f"miniboone-{name}").along(UNITS) for name in ("electrons", "nucleons"))
    assert electrons["Y"][0] < nucleons["Y"][0] / 100.0
    for each in (electrons, nucleons):  # the rho, at m_V = 3 m_chi
        above = each["m_chi"] > 200.0
        assert 3.0 * each["m_chi"][above][each["Y"][above].argmin()] == pytest.approx(775.3, rel=0.02)
    # missing energy knows nothing of alpha_D: BaBar's limit is about 1e-3 (with another alpha_D it were 4e-4 or less)
    babar = overlay("babar-2017").along({"m_V": "GeV", "epsilon": ""})
    assert np.interp(0.5, babar["m_V"], babar["epsilon"]) == pytest.approx(1e-3, rel=0.3)
    # a later table of the collaboration has 1.29e-5 at 3 MeV and 1.56e-4 at 50 MeV, below resonant annihilation
    na64 = overlay("na64-2019").along({"m_V": "MeV", "epsilon": ""})
    np.testing.assert_allclose(np.interp([3.0, 50.0], na64["m_V"], na64["epsilon"]), [1.29e-5, 1.56e-4], rtol=0.05)


def test_what_follows_is_what_portals_say(tmp_path):
    """Y and epsilon, m_chi and m_V into each other, against the classes that the model is made of; and units."""
    given = {"assumptions": "alpha_D = 0.3, mass_ratio = 2.5"}
    own = read_overlay(written(tmp_path / "own.csv", **given))
    found = own.along({"m_V": "GeV", "epsilon": ""})
    np.testing.assert_allclose(found["m_V"], [2.5e-3, 0.125], rtol=1e-12)
    ratio = jnp.asarray(2.5)
    mixing = [float(VectorPortalYield(Y, 0.3).mixing(ratio)) for Y in (1e-11, 1e-9)]
    np.testing.assert_allclose(found["epsilon"], mixing, rtol=1e-12)
    back = written(tmp_path / "back.csv", "epsilon, m_V [GeV]", "epsilon,m_V_GeV", ("1e-4,0.03", "1e-3,0.3"), **given)
    found = read_overlay(back).along(UNITS)
    np.testing.assert_allclose(found["m_chi"], [12.0, 120.0], rtol=1e-12)
    yields = [float(VectorPortal(epsilon, 0.3).relic_yield(ratio)) for epsilon in (1e-4, 1e-3)]
    np.testing.assert_allclose(found["Y"], yields, rtol=1e-12)


def test_other_quantities_are_refused(tmp_path):
    own = read_overlay(written(tmp_path / "own.csv"))
    words = "The overlay 'own' is a curve in m_chi and Y, and the map is one in "
    with pytest.raises(ParameterError, match=f"{words}mass and coupling"):
        own.along({"mass": "MeV", "coupling": ""})
    with pytest.raises(ParameterError, match=f"{words}m_chi and epsilon"):  # without alpha_D nothing follows
        own.along({"m_chi": "MeV", "epsilon": ""})
    full = read_overlay(written(tmp_path / "own.csv", assumptions="alpha_D = 0.5, mass_ratio = 3"))
    with pytest.raises(ParameterError, match=f"{words}m_chi and m_V"):  # both are its mass
        full.along({"m_chi": "MeV", "m_V": "MeV"})
    with pytest.raises(ParameterError, match="another unit of m_chi than the map: 'MeV' is not a unit"):
        full.along({"m_chi": "kg", "Y": ""})


def test_labels_say_what_is_not_the_maps(model, tmp_path):
    """Assumptions are compared with leaves of their name: held ones of that value are the map's."""
    cases = {
        "mass_kg = 14.6": "Own",
        "mass_kg = 20": "Own (mass_kg = 20)",
        "alpha_D = 0.1, mass_kg = 14.6, mass_ratio = 3": r"Own ($\alpha_D$ = 0.1, $m_V/m_\chi$ = 3)",
        "signal_norm = 1": "Own (signal_norm = 1)",  # free
    }
    for assumptions, label in cases.items():
        (curve,) = curves_on(model, GRID, [read_overlay(written(tmp_path / "own.csv", assumptions=assumptions))])
        assert curve.label == label
    relic = read_overlay(written(tmp_path / "own.csv", kind="relic line"))
    (curve,) = curves_on(model, GRID, [relic])
    assert (curve.label, curve.kind) == ("Own (relic line)", "relic line")
    again = Curve.from_record(curve.to_record())
    assert (again.name, again.kind, again.source, again.label) == ("own", "relic line", "here", "Own (relic line)")
    np.testing.assert_array_equal(again.values["Y"], curve.values["Y"])
    with pytest.raises(ParameterError, match="maps of two parameters, and this one is of m_chi"):
        curves_on(model, {"m_chi": GRID["m_chi"]}, [relic])


def test_curves_of_several_maps():
    def curve(label, end=2.0):
        return Curve("one", "projection", "here", label, {"x": np.array([1.0, end]), "y": np.array([3.0, 4.0])})

    # another curve is one of the same name in another folder
    curves = [curve("One"), curve("One (alpha = 1)"), curve("Another", 5.0), curve("One")]
    assert [each.label for each in each_once(curves)] == ["One (alpha = 1)", "Another"]


@pytest.mark.parametrize(
    ("rows", "inside"),
    [
        (("1,1e-11", "50,1e-9"), True),
        (("0.1,1e-10", "1000,1e-10"), True),  # no point of it is
        (("0.1,1e-10", "0.9,1e-10"), False),
        (("1,1e-7", "50,1e-6"), False),
        (("0,1e-10", "50,1e-10"), True),  # no logarithm
        (("0,0", "50,1e-13"), False),
    ],
)
def test_reaches(model, tmp_path, rows, inside):
    (curve,) = curves_on(model, GRID, [read_overlay(written(tmp_path / "own.csv", rows=rows))])
    assert reaches(curve, GRID) is inside


@pytest.mark.parametrize("swapped", [False, True])
def test_figure(model, tmp_path, monkeypatch, swapped):
    """Lines with the labels of the overlays at their points, thinner than contours, and in the legend."""
    grid = dict(reversed(GRID.items())) if swapped else GRID
    density = -np.abs(np.subtract.outer(*(np.log(values) for values in grid.values())))
    best = Maximum({name: float(values[0]) for name, values in grid.items()}, 0.0)
    scan = ProfileMap(model, grid, density, {}, np.zeros(density.shape), np.ones(density.shape, bool), best)
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *given: (figures.append(self), save(self, *given)))
    sensitivity = read_overlay(written(tmp_path / "own.csv", kind="sensitivity", assumptions="alpha_D = 0.1"))
    plot_profile_map(scan, tmp_path / "scan.png", overlays=[overlay("lsnd"), sensitivity])
    axis = figures[0].axes[0]
    lines = {line.get_label(): line for line in axis.get_lines()}
    labels = [r"LSND ($\alpha_D$ = 0.5, $m_V/m_\chi$ = 3)", r"Own (sensitivity, $\alpha_D$ = 0.1)"]
    assert labels == [label for label in lines if "$" in label]
    own = lines[labels[1]]
    expected = [[1.0, 50.0], [1e-11, 1e-9]]
    np.testing.assert_allclose(own.get_data(), expected[::-1] if swapped else expected, rtol=1e-12)
    assert own.get_linewidth() < scan_plots._THICK_LINE
    assert own.get_linestyle() != lines[labels[0]].get_linestyle()
    assert own.get_color() != lines[labels[0]].get_color()
    texts = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert [text for text in texts if text in labels] == labels
    assert (axis.get_xlim(), axis.get_ylim()) == tuple(
        pytest.approx((values[0], values[-1])) for values in grid.values()
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "limit"}, "kind is 'limit', one of observed limit, sensitivity, projection, relic line is allowed"),
        ({"kind": None}, "the header has no key 'kind', which an overlay needs"),
        ({"licence": None}, "no key 'licence'"),
        ({"quantities": "m_chi"}, "quantities are 'm_chi', two like"),
        ({"quantities": "Y, Y"}, "quantities are 'Y, Y', two like"),
        ({"columns": "mass,Y"}, r"the columns are mass, Y, those of its quantities \(m_chi_MeV, Y\) are needed"),
        ({"columns": "m_chi_MeV,Y,Z", "rows": ("1,2,3", "2,3,4")}, "the columns are m_chi_MeV, Y, Z"),
        ({"assumptions": "alpha_D 0.5"}, "assumptions are 'alpha_D 0.5', some like"),
        ({"assumptions": "alpha_D = half"}, "alpha_D is 'half', a finite number is needed"),
        ({"confidence_level": "nan"}, "confidence_level is 'nan'"),
        ({"rows": ("1,2",)}, "fewer than two points"),
        ({"rows": ("1,2", "2,x")}, "column 'Y' has 'x'"),
    ],
)
def test_malformed_files(tmp_path, given, words):
    with pytest.raises(DataFileError, match=words):
        read_overlay(written(tmp_path / "own.csv", **given))


def test_missing():
    with pytest.raises(UnknownNameError, match="no overlay called 'minibone-electrons'; did you mean 'miniboone-elec"):
        overlay("minibone-electrons")
    with pytest.raises(DataFileError, match=r"nowhere\.csv: cannot be read"):
        read_overlay(Path("nowhere.csv"))


def test_building(tmp_path, monkeypatch):
    """Points that are left out are as near to what is kept as it says; what closes a polygon is none."""
    monkeypatch.syspath_prepend(BUILD)
    import overlays

    mass = np.geomspace(1.0, 1000.0, 400)
    curve = np.stack([mass, 1e-5 * (1.0 + (mass / 40.0) ** 2)], axis=1)
    kept, missed = overlays.thinned(curve, 20)
    assert len(kept) == 20
    assert 0.0 < missed < 0.01
    between = np.interp(np.log10(mass), *np.log10(kept).T)
    vertical = np.abs(between - np.log10(curve[:, 1])).max()
    assert missed <= vertical <= 3.0 * missed  # the slope is two at most
    assert len(overlays.thinned(curve[:5])[0]) == 5
    (tmp_path / "points.csv").write_text("# comment\n0, 1e-9,5\n1,2e-9, \n2,3e-9,7\n3, 1e4,8 # closed\n")
    points = overlays.read(tmp_path / "points.csv", [0, 1])
    np.testing.assert_array_equal(overlays.on_the_curve(points), [[1.0, 2e-9], [2.0, 3e-9]])
    np.testing.assert_array_equal(overlays.read(tmp_path / "points.csv", [0, 2])[1], [2.0, 7.0])
    monkeypatch.setattr("sys.argv", ["overlays.py", str(tmp_path), "--unlicensed", str(BUILD.parent / "mine")])
    with pytest.raises(SystemExit):
        overlays.main()
