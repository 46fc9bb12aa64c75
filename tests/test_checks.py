"""Bad numbers in every block that takes them: zero, negative, above one, not finite, text, of another shape."""

import numpy as np
import pytest

from cevnsjax.arrays import (
    as_float,
    as_floats,
    check_distribution,
    check_finite,
    check_fraction,
    check_not_negative,
    check_positive,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import (
    CaptureLine,
    ContinuumBackground,
    LineBackground,
    MeasuredBackground,
    Satellite,
    SimulatedBackground,
    TemplateBackground,
    TemplateVariation,
)
from cevnsjax.flux import (
    ExponentialArrival,
    ExponentialTimes,
    GaussianPulse,
    HistogramArrival,
    HistogramTimes,
    PionDecayArrival,
    RectangularPulse,
    SharpPulse,
    TriangularPulse,
)
from cevnsjax.quenching import (
    ConstantQuenching,
    EnergyScale,
    Lindhard,
    ModifiedLindhard,
    MonotoneQuenching,
    PolynomialQuenching,
    Sarkis,
    TabulatedQuenching,
    ThomasImel,
)
from cevnsjax.response import (
    GammaPhotoElectrons,
    GaussianResponse,
    PoissonPhotoElectrons,
    Resolution,
    SigmoidEfficiency,
    SplitResponse,
    TabulatedEfficiency,
    TemplateResponse,
    TimeWindow,
)

NAN, INF = np.nan, np.inf
STEADY, NOISE = ExponentialTimes(0.0), Resolution(noise_keV=0.1)
GAUSSIAN = GaussianResponse([0.0, 1.0, 2.0], NOISE)
ONE = SigmoidEfficiency([1.0, 1.0, 0.0, 0.0], np.zeros(4))
ZERO = np.zeros((2, 2))


@pytest.mark.parametrize(
    "value", ["10 kg", "10", b"1", ["1", "2"], np.array("3"), [1.0, "2"], None, [None], {}, object(), 1j, [[1], [1, 2]]]
)
def test_what_is_no_number(value):
    with pytest.raises(CevnsjaxError, match=r"number.* needed, got"):
        as_float(value)
    with pytest.raises(CevnsjaxError, match=r"number.* needed, got"):
        as_floats({"mass": value})


@pytest.mark.parametrize("value", [1, 1.5, True, 10**25, np.float32(2.0), [1, 2.5], range(3), [as_float(1.0), 2]])
def test_numbers(value):
    np.testing.assert_allclose(as_float(value), np.array(value, dtype=float))


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (lambda v: check_positive("x", v, "keV"), [1e-30, [1.0, 2.0]], [0.0, -1.0, NAN, INF, [1.0, 0.0]]),
        (lambda v: check_not_negative("x", v, "keV"), [0.0, [0.0, 2.0]], [-1e-30, NAN, INF, [1.0, -1.0]]),
        (lambda v: check_finite("x", v, "keV"), [-1.0, [0.0, -2.0]], [NAN, -INF, [1.0, INF]]),
        (lambda v: check_fraction("x", v), [0.0, 1.0, [0.5, 1.0]], [-1e-9, 1.001, NAN, [0.5, 2.0]]),
        (
            lambda v: check_distribution("x", v),
            [[1.0], [0.0, 3.0], [[1.0, 0.0], [0.0, 2.0]]],
            [[0.0], [0.0, 0.0], [-1.0, 3.0], [NAN, 1.0], [INF, 1.0], [[1.0, 1.0], [0.0, 0.0]], []],
        ),
    ],
)
def test_checks(check, good, bad):
    for value in good:
        check(np.array(value))
    for value in bad:
        with pytest.raises(CevnsjaxError, match=r"x must .*"):
            check(np.array(value))


def shapes(build, name):
    """The same bad shapes for every block that takes one."""
    return [
        pytest.param(lambda bad=bad: build(bad), name, id=f"{name}-{bad}")
        for bad in ([0.0, 0.0], [-1.0, 2.0], [NAN, 1.0], [INF, 1.0])
    ]


@pytest.mark.parametrize(
    ("build", "name"),
    [
        *shapes(lambda bad: MeasuredBackground(1.0, bad, STEADY), "energy_shape"),
        *shapes(lambda bad: SimulatedBackground(1.0, bad, STEADY), "energy_shape"),
        *shapes(lambda bad: HistogramTimes(0.0, 1.0, bad), "counts"),
        *shapes(lambda bad: SplitResponse(GAUSSIAN, [[1.0, 1.0], bad]), "shapes"),
        (lambda: HistogramTimes(0.0, 1.0, [1.0]), "counts must hold at least two bins"),
        (lambda: HistogramTimes(NAN, 1.0, [1.0, 2.0]), "start_us"),
        (lambda: HistogramTimes(0.0, 1.0, [1.0, 2.0], INF), "shift_us"),
        (lambda: TemplateBackground(1.0, [[NAN, 1.0]]), "template must be finite"),
        (lambda: TemplateBackground(1.0, [[-3.0, 1.0]]), "the sum of template"),
        (lambda: TemplateVariation([[1.0, INF]]), "up must be finite"),
        (lambda: TemplateVariation([[1.0, 1.0]], [[NAN, 1.0]]), "down must be finite"),
        (lambda: TemplateVariation([[1.0, 1.0]], [[1.0], [1.0]]), r"down must have the shape \(1, 2\) of up"),
        (lambda: TemplateVariation([[1.0, 1.0]], None, NAN), "pull"),
        (lambda: SplitResponse(GAUSSIAN, np.ones((3, 2))), "shapes needs one row for each bin.*3 rows for 2 bins"),
        (lambda: SplitResponse(GAUSSIAN, np.ones((2, 2)), np.ones((2, 3))), "variation must have the shape"),
        (lambda: SplitResponse(GAUSSIAN, np.ones((2, 2)), ZERO + NAN), "variation must be finite"),
        (lambda: ContinuumBackground(-1.0, 1.0, 1.0), "constant_per_keV"),
        (lambda: ContinuumBackground(1.0, NAN, 1.0), "exponential_per_keV"),
        (lambda: LineBackground(NAN, 1.0, {}), "centroid_keV"),
        (lambda: CaptureLine(-1.0), "events"),
        (lambda: Satellite(-0.1, 0.0), "fraction"),
        (lambda: ExponentialTimes(NAN), "decay_rate_per_us"),
        (lambda: HistogramArrival(("a",), [0.0, 1.0, 2.0], [[0.7, 0.7]]), "sum of fractions .* between 0 and 1"),
        (lambda: HistogramArrival(("a",), [0.0, 1.0, 2.0], [[NAN, 0.7]]), "fractions"),
        (lambda: HistogramArrival(("a",), [0.0, 1.0, 2.0], [[-0.1, 0.7]]), "fractions"),
        (lambda: ExponentialArrival(("a",), [1.0], NAN), "start_us"),
        (lambda: PionDecayArrival(SharpPulse(0.0), 0.026, 0.026), "muon_lifetime_us must be above pion_lifetime_us"),
        (lambda: GaussianPulse(NAN, 1.0), "mean_us"),
        (lambda: SharpPulse(INF), "time_us"),
        (lambda: RectangularPulse([], 1.0), "starts_us"),
        (lambda: RectangularPulse([0.0, NAN], 1.0), "starts_us"),
        (lambda: TriangularPulse(NAN, 1.0), "start_us"),
        (lambda: TimeWindow([0.0, 1.0], 0.0, -0.1), "efficiency_rate_per_us"),
        (lambda: TimeWindow([0.0, 1.0], NAN), "efficiency_start_us"),
    ],
)
def test_backgrounds_and_times(build, name):
    with pytest.raises(CevnsjaxError, match=name):
        build()


@pytest.mark.parametrize("bad", [-0.1, 1.2, NAN, INF])
@pytest.mark.parametrize(
    ("build", "name"),
    [
        (ConstantQuenching, "factor"),
        (lambda bad: PolynomialQuenching([bad, 1.0], ZERO), "coefficients"),
        (lambda bad: TabulatedQuenching([1.0, 2.0], [0.5, bad]), "factors"),
        (lambda bad: MonotoneQuenching([1.0, 2.0], [0.5, 2.0 * bad]), "ionisation_energies_keV"),
        (lambda bad: TabulatedEfficiency([1.0, 2.0], [0.5, bad]), "values"),
        (lambda bad: SigmoidEfficiency([0.0, 1.0, 2.0, bad], np.zeros(4)), "coefficients"),
        (lambda bad: TemplateResponse([1.0, 2.0], [[0.1, 0.1], [0.0, bad]]), "templates"),
        (lambda bad: HistogramArrival(("a",), [0.0, 1.0], [[bad]]), "fractions"),
    ],
)
def test_fractions(build, name, bad):
    """Quenching factors, efficiencies and fractions that are seen."""
    with pytest.raises(CevnsjaxError, match=name):
        build(bad)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: PolynomialQuenching([0.2, NAN], ZERO), "coefficients"),
        (lambda: PolynomialQuenching([0.2, 1.0], np.zeros((2, 3))), "components must have two rows as long as"),
        (lambda: PolynomialQuenching([0.2, 1.0], ZERO, NAN), "first_component"),
        (lambda: EnergyScale(0.0), "scale"),
        (lambda: EnergyScale(NAN), "scale"),
        (lambda: Lindhard(NAN, 32), "k must be positive"),
        (lambda: Lindhard(INF, 32), "k must be positive"),
        (lambda: ModifiedLindhard(0.16, NAN, 32), "q must be finite"),
        (lambda: ModifiedLindhard(0.16, 0.0, 32, -1.0), "recoil_floor_keV"),
        (lambda: Sarkis(0.16, NAN, 0.0, 0.1, 14), "square_root_coefficient"),
        (lambda: ThomasImel(Lindhard(0.16, 54), 0.0138, -1.0, 0.03), "excitation_ratio"),
        (lambda: GaussianResponse([0.0, 1.0], NOISE, None, NAN), "threshold_keV"),
        (lambda: Resolution(noise_keV=NAN), "noise_keV"),
        (lambda: Resolution(noise_keV=0.1, constant=-1.0), "constant"),
        (lambda: GammaPhotoElectrons([-1.0, 1.0], 0.1, 1.0, ONE), "edges_PE"),
        (lambda: GammaPhotoElectrons([0.0, 1.0], 0.1, 1.0, ONE, 0), "order"),
        (lambda: PoissonPhotoElectrons([0, 2], 13.0, ONE, -1), "turn_on_PE"),
        (lambda: SigmoidEfficiency([0.9, 1.0, 2.0, 0.0], [NAN, 0.0, 0.0, 0.0]), "variation"),
        (lambda: SigmoidEfficiency([0.9, NAN, 2.0, 0.0], np.zeros(4)), "coefficients"),
    ],
)
def test_quenching_and_response(build, name):
    with pytest.raises(CevnsjaxError, match=name):
        build()


def test_a_scale_of_energies_may_exceed_one():
    np.testing.assert_allclose(EnergyScale(1.05)(as_float([2.0])), [2.1])
