"""Readers of shell-model output and of plain tables of levels.

Excerpts of output are those of the examples in github.com/noctildon/pyBigstick (BIGSTICK 7.9.12),
github.com/noctildon/Inelastic and github.com/noctildon/lightDM. The numbers they are compared with come from BIGSTICK
8.0.0, run for this project, by another route: Lanczos vectors projected on each J_f, matrix elements of sigma for
protons and neutrons. A folder with the whole files is read where CEVNSJAX_BIGSTICK_OUTPUTS names one.
"""

import math
import os
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target import (
    levels_from_densities,
    read_bigstick_densities,
    read_bigstick_spectrum,
    read_bigstick_strength,
    read_levels,
    spin_from_densities,
)
from cevnsjax.target.spin_operators import Orbit, fixed_projection, reduced_orbital, reduced_spin

OUTPUTS = os.environ.get("CEVNSJAX_BIGSTICK_OUTPUTS")
with_outputs = pytest.mark.skipif(not OUTPUTS, reason="CEVNSJAX_BIGSTICK_OUTPUTS names no folder")


def output(name):
    return Path(str(OUTPUTS)) / name


# 23Na, USDB: the first ten rows with strength, and the rows between that have none
NA23_STRENGTH = """\
  BIGSTICK Version 7.9.12 Mar 2021
           3           4
           1 +
         500  iterations

  Energy   Strength
  ______   ________
 -70.74969   0.01364
 -70.35089   0.03954
 -68.58140   0.00000
 -68.57665   0.05871
 -68.02724   0.01587
 -67.98812   0.00000
 -67.00032   0.01849
 -66.28628   0.15012
 -66.08807   0.00000
 -65.50486   0.00000
 -65.32806   0.04527
 -65.15932   0.00000
 -64.95638   0.04970
 -64.92272   0.00128
 -64.42013   0.00797

 Number of MPI processors =           1 , with # OpenMP threads =            1
"""
NA23_SPECTRUM = """\
  BIGSTICK Version 7.9.12 Mar 2021
  single-particle file = sd
           3           4
           1 +
         340  iterations

  State      E        Ex         J       T
    1    -70.74969   0.00000     1.500   0.500
    2    -70.35089   0.39880     2.500   0.500
    3    -68.58140   2.16829     3.500   0.500
    4    -68.57665   2.17304     0.500   0.500
    5    -68.02724   2.72245     1.500   0.500
    6    -67.98812   2.76156     4.500   0.500
    7    -67.00032   3.74937     2.500   0.500
    8    -66.28628   4.46341     0.500   0.500
    9    -66.08808   4.66161     3.500   0.500
   10    -65.50486   5.24483     3.500   0.500
   11    -65.32806   5.42162     2.500   0.500
   12    -65.15932   5.59037     5.500   0.500
   13    -64.95638   5.79331     2.500   0.500
   14    -64.92272   5.82697     1.500   0.500
   15    -64.42013   6.32956     0.500   0.500

  Total time to run :    7.9769999999552965
  -- END OF RUN REPORT -- END OF RUN REPORT -- END OF RUN REPORT --
"""
# E_x, J_f, M2 of sum sigma/2
NA23_LEVELS = (
    (0.39880, 2.5, 0.197711),
    (2.17304, 0.5, 0.176132),
    (2.72244, 1.5, 0.476039),
    (3.74937, 2.5, 0.092440),
    (4.46341, 0.5, 0.450347),
    (5.42162, 2.5, 0.226342),
    (5.79331, 2.5, 0.248499),
    (5.82697, 1.5, 0.038379),
    (6.32955, 0.5, 0.023919),
)
# further converged rows of the whole file, up to the last state of its spectrum
NA23_MORE = ((6.69734, 2.5, 0.193165), (6.78513, 1.5, 0.154479), (6.99861, 1.5, 0.047120), (7.62932, 0.5, 0.029965))

F19_HEADER = """\
  BIGSTICK Version 7.9.12 Mar 2021

           1           2
           1 +
  State      E        Ex         J       T
    1    -23.86096   0.00000     0.500   0.500
    2    -23.78367   0.07729     2.500   0.500
    3    -22.09059   1.77037     1.500   0.500

"""
F19_ORBITS = """\
  Single particle state quantum numbers
ORBIT      N     L   2 x J
     1     2     2     3
     2     2     2     5
     3     2     0     1


"""
F19_DENSITIES = """\
 Initial state #    1 E =  -23.86096 2xJ, 2xT =    1   1
 Final state   #    1 E =  -23.86096 2xJ, 2xT =    1   1
 Jt =   0, Tt = 0        1
    1    1   0.19126   0.02824
    2    2   0.89604   0.34888
    3    3   1.17753   0.35578
 Jt =   1, Tt = 0        1
    1    1  -0.05634   0.01600
    1    2   0.13395  -0.10506
    1    3  -0.01476  -0.01563
    2    1  -0.13395   0.10506
    2    2   0.12703  -0.24666
    3    1   0.01476   0.01563
    3    3   0.42662  -0.39164

 Initial state #    1 E =  -23.86096 2xJ, 2xT =    1   1
 Final state   #    2 E =  -23.78367 2xJ, 2xT =    5   1
 Jt =   2, Tt = 0        1
    1    1   0.06623   0.00890

 Initial state #    1 E =  -23.86096 2xJ, 2xT =    1   1
 Final state   #    3 E =  -22.09059 2xJ, 2xT =    3   1
 Jt =   1, Tt = 0        1
    1    1   0.07216  -0.04049
    1    2   0.00878  -0.08823
    1    3   0.29336  -0.24593
    2    1  -0.04218   0.06034
    2    2  -0.03363   0.15559
    3    1  -0.11865   0.11031
    3    3  -0.02921  -0.02805
 Jt =   2, Tt = 0        1
    1    1  -0.05564  -0.00530
 +++++++++++++++++++++++++++++++++++++++++++++

  Definition of density matrices :
  rho_K(a^+b) =   (Jf || (a^+ b)_K || Ji) / sqrt(2K+1)
"""
AR40_DENSITIES = """\
 Initial state #    1 E = -215.90768 2xJ, 2xT =    0   4
 Final state   #    1 E = -215.90768 2xJ, 2xT =    0   4
 Jt =   0, Tt = 0        1
    1    1   7.74598  -0.00000
    2    2   4.47214   0.00000
    3    3   4.74342   1.11804
    4    4   1.04884   0.74164
    5    5   0.09786   0.06920
"""
AR40_ORBITS = [(0, 2, 2.5), (1, 0, 0.5), (0, 2, 1.5), (0, 3, 3.5), (1, 1, 1.5)]


@pytest.fixture
def written(tmp_path):
    def write(text, name="file.res"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def assert_levels(levels, expected, atol=1e-3):
    np.testing.assert_allclose(levels.energy_MeV, [row[0] for row in expected], atol=2e-5)
    assert levels.spins == tuple(row[1] for row in expected)
    np.testing.assert_allclose(levels.isoscalar_strength, [row[2] for row in expected], atol=atol)


# Clebsch-Gordan coefficients by ladder operators.


def ladder(spin):
    m = np.arange(spin, -spin - 0.5, -1.0)
    return np.diag(m), np.diag(np.sqrt(spin * (spin + 1.0) - m[:-1] * (m[:-1] - 1.0)), -1)


def couple(first, second):
    """States |J M> of two spins by lowering, as vectors in |m1 m2>; the first one of |J J> is positive."""
    (z1, down1), (z2, down2) = ladder(first), ladder(second)
    one1, one2 = np.eye(len(z1)), np.eye(len(z2))
    m = np.diag(np.kron(z1, one2) + np.kron(one1, z2))
    down = np.kron(down1, one2) + np.kron(one1, down2)
    states = {}
    total = first + second
    while total >= abs(first - second):
        higher = np.array([state for (_, m_higher), state in states.items() if m_higher == total])
        inside = np.eye(len(m))[np.isclose(m, total)]
        if len(higher):
            inside = np.linalg.svd(higher @ inside.T)[2][len(higher) :] @ inside
        state = inside[0] * np.sign(inside[0][np.flatnonzero(np.abs(inside[0]) > 1e-9)[0]])
        for step in range(int(2 * total) + 1):
            states[total, total - step] = state
            state = down @ state
            state = state / (np.linalg.norm(state) or 1.0)
        total -= 1.0
    return states


@pytest.mark.parametrize("initial", [0.0, 0.5, 1.0, 1.5, 2.0, 3.5])
def test_vector_operators_at_fixed_projection_follow_clebsch_gordan(initial):
    states = couple(initial, 1.0)
    for (final, m), state in states.items():
        if abs(m) <= initial:
            coefficient = state[int(initial - m) * 3 + 1]  # |J_i m> |1 0>
            assert fixed_projection(final, initial, m) == pytest.approx(
                coefficient / math.sqrt(2 * final + 1), abs=1e-14
            )


@pytest.mark.parametrize("initial", [0.5, 1.0, 1.5, 2.0, 3.5])
def test_sums_of_squared_3j_symbols(initial):
    finals = [final for final in (initial - 1.0, initial, initial + 1.0) if final >= 0.0]
    projections = np.arange(-initial, initial + 0.5)
    for final in finals:
        if final + initial >= 1.0:
            squares = [fixed_projection(final, initial, m) ** 2 for m in projections]
            assert sum(squares) == pytest.approx(1 / 3, rel=1e-14)
    for m in projections:
        squares = [(2 * final + 1) * fixed_projection(final, initial, m) ** 2 for final in finals]
        assert sum(squares) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("orbital", [1, 2, 3])
def test_reduced_elements_between_orbits(orbital):
    states = couple(float(orbital), 0.5)
    sigma = np.kron(np.eye(2 * orbital + 1), np.diag([1.0, -1.0]))
    angular = np.kron(ladder(float(orbital))[0], np.eye(2))
    for operator, reduced in ((sigma, reduced_spin), (angular, reduced_orbital)):
        for bra in (orbital - 0.5, orbital + 0.5):
            for ket in (orbital - 0.5, orbital + 0.5):
                element = states[bra, 0.5] @ operator @ states[ket, 0.5]
                expected = reduced(Orbit(0, orbital, bra), Orbit(0, orbital, ket)) * fixed_projection(bra, ket, 0.5)
                assert element == pytest.approx(expected, abs=1e-13)
    assert reduced_spin(Orbit(0, orbital, orbital + 0.5), Orbit(1, orbital, orbital + 0.5)) == 0.0
    assert reduced_spin(Orbit(0, 0, 0.5), Orbit(0, 0, 0.5)) == pytest.approx(math.sqrt(6.0))


# Spectra and strengths.


def test_spectrum_of_version_7(written):
    spectrum = read_bigstick_spectrum(written(NA23_SPECTRUM))
    assert spectrum.spin.shape == (15,)
    assert spectrum.parity is None
    assert (spectrum.energy_MeV[8], spectrum.excitation_MeV[8]) == (-66.08808, 4.66161)
    assert (spectrum.spin[8], spectrum.isospin[8]) == (3.5, 0.5)


def test_spectrum_of_version_8(written):
    rows = "    1    -70.74969   0.00000     1.500   0.500    1\n    2    -70.35089   0.39880     2.500   0.500   -1\n"
    heading = "  BIGSTICK Version 8.0.0 May 2026\n\n  State      E        Ex         J       T      par\n"
    text = f"{heading}{rows}\n  Total time to run :    6.89\n"
    spectrum = read_bigstick_spectrum(written(text))
    assert spectrum.parity is not None
    assert spectrum.parity.tolist() == [1.0, -1.0]
    assert spectrum.spin.tolist() == [1.5, 2.5]


def test_strength_with_final_spins_from_a_spectrum(written):
    spectrum = read_bigstick_spectrum(written(NA23_SPECTRUM, "spectrum.res"))
    path = written(NA23_STRENGTH)
    levels = read_bigstick_strength(path, "Na23", "isoscalar", ground_state_spin=1.5, spectrum=spectrum)
    assert_levels(levels, NA23_LEVELS)
    assert levels.ground_state_spin == 1.5
    np.testing.assert_array_equal(levels.proton_spin, levels.neutron_spin)
    cut = read_bigstick_strength(
        path, "Na23", "isoscalar", ground_state_spin=1.5, spectrum=spectrum, highest_energy_MeV=4.0
    )
    assert_levels(cut, NA23_LEVELS[:4])


def test_strength_of_spin_zero_without_header(written):
    rows = "-222.05455   0.00000$\n-220.93618   0.00000$\n-218.79467   0.06583$\n"
    levels = read_bigstick_strength(
        written(f"# Energy   Strength$\n{rows}".replace("$\n", "\n")), "Ar40", "isoscalar", ground_state_spin=0
    )
    assert_levels(levels, [(3.25990, 1.0, 0.098739)], atol=1e-5)


@pytest.mark.parametrize(("operator", "factor"), [("isovector", 2.0), ("isoscalar", 2.0), ("spin", 4.0)])
@pytest.mark.parametrize(("initial", "projection"), [(0.0, None), (2.5, None), (1.5, 1.5), (3.0, 1.0), (1.0, -1.0)])
def test_every_operator_and_projection(written, operator, factor, initial, projection):
    finals = [final for final in (initial - 1.0, initial, initial + 1.0) if final >= abs(projection or 0.0)]
    if initial == 0.0:
        finals = [1.0]
    m = initial % 1.0 if projection is None else projection
    states, strengths = couple(initial, 1.0), 0.2 + 0.1 * np.arange(len(finals))
    coefficients = np.array([states[final, m][int(initial - m) * 3 + 1] for final in finals])
    raw = factor * strengths * coefficients**2 / (2.0 * np.array(finals) + 1.0)
    energies = -30.0 + 1.0 + np.arange(len(finals))
    listed = "".join(
        f"{2 + i:5d}{e:12.5f}{e + 30:10.5f}{j:10.3f}   0.500\n"
        for i, (e, j) in enumerate(zip(energies, finals, strict=True))
    )
    spectrum = read_bigstick_spectrum(
        written(
            f"  State      E        Ex         J       T\n    1   -30.00000   0.00000{initial:10.3f}   0.500\n{listed}"
        )
    )
    rows = "".join(f"{e:12.6f}{s:12.9f}\n" for e, s in zip(energies, raw, strict=True))
    text = f"  Energy   Strength\n  ______   ________\n  -30.000000    0.000000\n{rows}"
    if projection is None:
        text = f"  {raw.sum():.9f}       = total strength\n{text}\n"
    else:
        text = f"{text}_______   ________\n  {raw.sum():.9f} = total strength, included above\n"
    levels = read_bigstick_strength(
        written(text), "X", operator, ground_state_spin=initial, projection=projection, spectrum=spectrum
    )
    found = levels.isovector_strength if operator == "isovector" else levels.isoscalar_strength
    other = levels.isoscalar_strength if operator == "isovector" else levels.isovector_strength
    np.testing.assert_allclose(found, strengths, rtol=1e-6)
    np.testing.assert_array_equal(other, np.zeros(len(finals)))
    assert levels.spins == tuple(finals)


def test_degenerate_rows_stay_levels_of_their_own(written):
    text = "Energy Strength\n -9.0 0.0\n -5.0 0.1\n -5.0 0.2\n"
    levels = read_bigstick_strength(written(text), "C12", "isovector", ground_state_spin=0)
    np.testing.assert_allclose(levels.isovector_strength, [0.15, 0.3], rtol=1e-12)
    assert levels.energy_MeV.tolist() == [4.0, 4.0]


def test_degenerate_rows_of_different_spins(written):
    """The spectrum of the same file tells which is which; another one does not."""
    states = "  State      E        Ex         J       T\n    1 -9.0 0.0 0.5 0.5\n    2 -5.0 4.0 1.5 0.5\n"
    states += "    3 -5.0 4.0 0.5 0.5\n"
    path = written(f"Energy Strength\n -9.0 0.0\n -5.0 0.1\n -5.0 0.1\n\n{states}")
    both = read_bigstick_spectrum(path)
    levels = read_bigstick_strength(path, "X", "spin", ground_state_spin=0.5, spectrum=both)
    assert levels.spins == (1.5, 0.5)
    squares = [fixed_projection(spin, 0.5, 0.5) ** 2 for spin in levels.spins]
    np.testing.assert_allclose(levels.isoscalar_strength, 0.1 / 4.0 / np.array(squares), rtol=1e-12)
    more = read_bigstick_spectrum(written(f"{states}    4 -4.0 5.0 0.5 0.5\n", "more.res"))
    with pytest.raises(CevnsjaxError, match=r"has states of J = 0\.5, 1\.5 there"):
        read_bigstick_strength(path, "X", "spin", ground_state_spin=0.5, spectrum=more)


def test_energies_count_from_what_is_given(written):
    path = written("Energy Strength\n -5.0 0.1\n -4.0 0.2\n")
    with pytest.raises(CevnsjaxError, match="line 2: a state with strength is not the ground state"):
        read_bigstick_strength(path, "C12", "isovector", ground_state_spin=0)
    levels = read_bigstick_strength(path, "C12", "isovector", ground_state_spin=0, ground_state_energy_MeV=-20.0)
    assert levels.energy_MeV.tolist() == [15.0, 16.0]
    with pytest.raises(CevnsjaxError, match="line 2: -5 MeV is below the ground state"):
        read_bigstick_strength(path, "C12", "isovector", ground_state_spin=0, ground_state_energy_MeV=-4.5)


HEADING = "# Energy   Strength\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("-9.0 0.0\n", "no line reads 'Energy  Strength'"),
        (HEADING, "has no rows"),
        (HEADING + "-9.0 0.0\n-5.0 -0.1\n", "line 3: a strength must not be negative"),
        (HEADING + "-9.0 0.0\n-5.0 0.1\n-6.0 0.1\n", "line 4: energies must not decrease"),
        (HEADING + "-9.0 0.0\n********** 0.1\n", r"line 3: '\*+ 0.1' is not 2 numbers"),
        (HEADING + "-9.0 0.0\n-5.0 nan\n", "line 3: '-5.0 nan' is not 2 numbers"),
        (HEADING + "-9.0 0.0\n-5.0\n", "line 3: '-5.0' is not 2 numbers"),
        (
            "  0.30 = total strength\n" + HEADING + "-9.0 0.0\n-5.0 0.1\n",
            "line 1: the total strength is 0.3 and the rows add up to 0.1, so the file was cut",
        ),
        (HEADING + "-9.0 0.0\n-5.0 0.0\n", "no excited state up to inf MeV has strength"),
    ],
)
def test_bad_strengths_are_refused(written, text, message):
    with pytest.raises(CevnsjaxError, match=message):
        read_bigstick_strength(written(text), "C12", "isovector", ground_state_spin=0)


def test_what_a_file_does_not_say_must_be_given(written):
    path, spectrum = written(NA23_STRENGTH), read_bigstick_spectrum(written(NA23_SPECTRUM, "spectrum.res"))
    for operator in (None, "GT"):
        with pytest.raises(CevnsjaxError, match=r"does not state which operator.*'isovector'.*'isoscalar'.*'spin'"):
            read_bigstick_strength(path, "Na23", operator, ground_state_spin=1.5, spectrum=spectrum)
    with pytest.raises(CevnsjaxError, match=r"without J_f of every level.*cannot be converted.*read_bigstick_spectrum"):
        read_bigstick_strength(path, "Na23", "isoscalar", ground_state_spin=1.5)
    with pytest.raises(CevnsjaxError, match="for J_i = 3 give the projection"):
        read_bigstick_strength(path, "B10", "isoscalar", ground_state_spin=3, spectrum=spectrum)
    with pytest.raises(CevnsjaxError, match=r"no state of J = 2\.5 at -70\.74969 MeV, where"):
        read_bigstick_strength(path, "Na23", "isoscalar", ground_state_spin=2.5, spectrum=spectrum)
    for spin, projection in ((1.5, 1.0), (1.5, 2.5), (1.2, None), (-1.5, 0.5)):
        with pytest.raises(CevnsjaxError, match="ground_state_spin must be a spin and projection one of its M"):
            read_bigstick_strength(
                path, "Na23", "isoscalar", ground_state_spin=spin, projection=projection, spectrum=spectrum
            )
    with pytest.raises(CevnsjaxError, match="cannot be read"):
        read_bigstick_strength(Path("missing.res"), "Ar40", "isoscalar", ground_state_spin=0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    4    -68.57665   2.17304     0.500   0.500\n",
            "",
            r"line 11: .*-68.57665 MeV \(strength 0.05871\).*no state",
        ),
        ("    3    -68.58140", "    3    -68.57666", None),  # 7/2 cannot be reached: not ambiguous
        (
            "-68.58140   2.16829     3.500",
            "-68.57666   2.17303     2.500",
            "line 11: .*has states of J = 0.5, 2.5 there",
        ),
        ("-68.57665   2.17304     0.500", "-68.57665   2.17304     4.500", "line 11: .*has states of J = 4.5 there"),
        ("-68.57665   2.17304     0.500", "-68.57665   2.17304     0.683", "J = 0.683 at -68.57665 MeV.*not converged"),
        (
            "-68.57665   2.17304     0.500",
            "-68.57665   2.17304     ",
            r"line 11: .* is not 5 numbers \(State, E, Ex, J, T\)",
        ),
    ],
)
def test_final_spins_must_be_certain(written, old, new, message):
    assert old in NA23_SPECTRUM

    def read():
        spectrum = read_bigstick_spectrum(written(NA23_SPECTRUM.replace(old, new), "spectrum.res"))
        return read_bigstick_strength(
            written(NA23_STRENGTH), "Na23", "isoscalar", ground_state_spin=1.5, spectrum=spectrum
        )

    if message is None:
        assert_levels(read(), NA23_LEVELS)
    else:
        with pytest.raises(CevnsjaxError, match=message):
            read()


# Densities.


def test_densities_of_fluorine(written):
    densities = read_bigstick_densities(written(F19_HEADER + F19_ORBITS + F19_DENSITIES))
    assert densities.orbits == ((2, 2, 1.5), (2, 2, 2.5), (2, 0, 0.5))
    assert [*densities.transitions[0].densities] == [0, 1]
    assert densities.transitions[0].nucleons(densities.orbits) == pytest.approx((3.0,), abs=1e-4)
    spin = spin_from_densities(densities, 9, 10)
    assert spin.angular_momentum == 0.5
    assert float(spin.proton_spin) == pytest.approx(0.4777, abs=1e-4)
    assert float(spin.neutron_spin) == pytest.approx(-0.0020, abs=1e-4)
    levels = levels_from_densities(densities, "F19", 9, 10)
    assert levels.spins == (1.5,)
    assert float(levels.energy_MeV[0]) == pytest.approx(1.77037, abs=1e-5)
    sign = jnp.sign(levels.proton_spin[0])
    assert float(sign * levels.proton_spin[0]) == pytest.approx(0.05379, abs=1e-4)
    assert float(sign * levels.neutron_spin[0]) == pytest.approx(0.06911, abs=1e-4)
    assert float(levels.magnetic_dipole_up_muN2[0]) == pytest.approx(0.02517, abs=1e-4)


def test_mirror_nucleus_has_protons_and_neutrons_exchanged(written):
    densities = read_bigstick_densities(written(F19_HEADER + F19_ORBITS + F19_DENSITIES))
    fluorine, neon = (levels_from_densities(densities, name, z, 19 - z) for name, z in (("F19", 9), ("Ne19", 10)))
    np.testing.assert_allclose(fluorine.proton_spin, neon.neutron_spin, rtol=1e-12)
    np.testing.assert_allclose(fluorine.neutron_spin, neon.proton_spin, rtol=1e-12)


def test_one_nucleon_has_the_elements_of_its_orbits(written):
    def block(initial, final, energy, twice, ranks):
        head = (
            f" Initial state #    1 E =    0.00000 2xJ, 2xT =    5   1\n Final state   # {final:4d} E = {energy:10.5f}"
        )
        rows = "".join(f" Jt = {k:3d}, Tt = 0        1\n{final:5d}{initial:5d}   1.00000   1.00000\n" for k in ranks)
        return f"{head} 2xJ, 2xT = {twice:4d}   1\n{rows}\n"

    orbits = [(0, 2, 2.5), (0, 2, 1.5)]
    densities = read_bigstick_densities(written(block(1, 1, 0, 5, [0, 1]) + block(1, 2, 5, 3, [1])), orbits)
    levels = levels_from_densities(densities, "X", 1, 0)
    d5, d3 = (Orbit(*orbit) for orbit in orbits)
    np.testing.assert_allclose(levels.proton_spin, [reduced_spin(d3, d5)], rtol=1e-14)
    np.testing.assert_allclose(levels.proton_orbital, [reduced_orbital(d3, d5)], rtol=1e-14)
    np.testing.assert_allclose(levels.neutron_spin, [0.0], atol=1e-14)
    spin = spin_from_densities(densities, 0, 1)
    assert (float(spin.proton_spin), float(spin.neutron_spin)) == pytest.approx((0.0, 0.5), abs=1e-14)


SIDEWAYS = """\
  Single particle state quantum numbers
ORBIT :      1     2     3
   N :      2     2     2
   J :      3     5     1
   L :      2     2     0


"""


def of_nucleons(text):
    """The same densities of protons and neutrons, as BIGSTICK converts them for T = 1/2 and Z - N = -1."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and line.startswith("    ") and words[0].isdigit():
            scalar, vector = map(float, words[2:])
            line = f"{words[0]:>5}{words[1]:>5}{(scalar - vector) / 2:12.7f}{(scalar + vector) / 2:12.7f}"
        lines.append(
            line.replace("2xJ, 2xT =    ", "2xJ   =    ").replace(", Tt = 0        1", ", proton      neutron ")
        )
    return "\n".join(line.removesuffix("   1") if "state" in line else line for line in lines)


def test_densities_of_version_7_8_4_and_of_nucleons(written):
    """Orbits in columns; protons and neutrons in the place of isospin, without which they have one proton and two."""
    isospin = read_bigstick_densities(written(F19_HEADER + F19_ORBITS + F19_DENSITIES))
    sideways = read_bigstick_densities(written(F19_HEADER + SIDEWAYS + F19_DENSITIES))
    assert sideways.orbits == ((2, 2, 1.5), (2, 2, 2.5), (2, 0, 0.5)) == isospin.orbits
    nucleons = read_bigstick_densities(written(F19_HEADER + SIDEWAYS + of_nucleons(F19_DENSITIES)))
    assert nucleons.transitions[0].nucleons(nucleons.orbits) == pytest.approx((1.0, 2.0), abs=1e-4)
    assert nucleons.transitions[0].initial.isospin is None
    expected = levels_from_densities(isospin, "F19", 9, 10)
    found = levels_from_densities(nucleons, "F19")
    assert found.spins == expected.spins
    for name in ("energy_MeV", "proton_spin", "neutron_spin", "proton_orbital"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-5)
    one, two = spin_from_densities(nucleons), spin_from_densities(isospin, 9, 10)
    np.testing.assert_allclose([one.proton_spin, one.neutron_spin], [two.proton_spin, two.neutron_spin], atol=1e-6)
    with pytest.raises(CevnsjaxError, match="isospin format need proton_number and neutron_number"):
        levels_from_densities(isospin, "F19")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("   J :      3     5     1\n", "", "line 11: the table of orbits has no line 'J : ...' below it"),
        ("   L :      2     2     0", "   L :      2     2", r"line 14: '2     2' is not 3 numbers \(orbit 1, orbit 2"),
        ("   J :      3     5     1", "   J :      3     7     1", r"orbits must be \(n, l, j\)"),
        ("   J :      3     5     1", "   J :      5     3     1", r"has 2\.7760 nucleons in the orbits"),
    ],
)
def test_bad_orbits_in_columns_are_refused(written, old, new, message):
    assert old in SIDEWAYS
    with pytest.raises(CevnsjaxError, match=message):
        read_bigstick_densities(written(F19_HEADER + SIDEWAYS.replace(old, new) + F19_DENSITIES))


@with_outputs
def test_whole_densities_of_magnesium():
    """mg25dx.dres of github.com/cwjsdsu/BigstickPublick, of version 7.8.4: nine nucleons, and J of all ten states.

    The spin strength from the ground state to itself at M = 1/2 is that of mg25spinstrength1.res, another run.
    """
    densities = read_bigstick_densities(output("mg25dx.dres"))
    both = [Orbit(*orbit) for orbit in densities.orbits]
    for transition in densities.transitions:
        if transition.initial == transition.final:
            assert transition.nucleons(both) == pytest.approx((9.0,), abs=2e-5)
            spin = transition.final.spin
            orbits = np.diag([math.sqrt(each.spin * (each.spin + 1) * (2 * each.spin + 1)) for each in both])
            total = float(np.sum(orbits * transition.densities[1][..., 0]))  # for T = 1/2
            assert total == pytest.approx(math.sqrt(spin * (spin + 1) * (2 * spin + 1)), rel=5e-5)
    ground = spin_from_densities(densities, 4, 5)
    sigma = 2.0 * float(ground.proton_spin + ground.neutron_spin) * 0.5 / ground.angular_momentum
    assert sigma**2 == pytest.approx(0.02606, abs=1e-5)


def test_orbits_are_given_where_the_file_has_none(written):
    path = written(AR40_DENSITIES)
    densities = read_bigstick_densities(path, AR40_ORBITS)
    full = densities.transitions[0].densities[0][0, 0, 0] * math.sqrt(12.0 / 5.0)
    assert full == pytest.approx(12.0, abs=1e-4)  # 0d5/2
    assert densities.transitions[0].nucleons(densities.orbits) == pytest.approx((24.0,), abs=1e-3)
    with pytest.raises(CevnsjaxError, match="no table of orbits; give orbits"):
        read_bigstick_densities(path)
    with pytest.raises(CevnsjaxError, match=r"has 23\.1465 nucleons in the orbits"):
        read_bigstick_densities(path, [AR40_ORBITS[i] for i in (2, 1, 0, 3, 4)])
    with pytest.raises(CevnsjaxError, match=r"j = l \+ 1/2 or l - 1/2"):
        read_bigstick_densities(path, [(0, 2, 3.5)])
    with pytest.raises(CevnsjaxError, match="line 7: orbits go from 1 to 3, got 4 and 4"):
        read_bigstick_densities(path, AR40_ORBITS[:3])
    with pytest.raises(CevnsjaxError, match="has J = 0"):
        spin_from_densities(densities, 18, 22)
    with pytest.raises(CevnsjaxError, match="No transition leads"):
        levels_from_densities(densities, "Ar40", 18, 22)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "Jt =   1, Tt = 0        1",
            "Jt =   1, proton      neutron",
            "line 23: .*before are in the other format",
        ),
        ("Jt =   1, Tt = 0        1", "Jt =   1, up down", "line 23: .*columns 'Tt = 0  1' or 'proton  neutron', got"),
        ("2xJ, 2xT =    1   1\n Jt", "2xJ   =    1\n Jt", "line 19: .*need 2xT of their states"),
        ("0.12703  -0.24666", "0.12703", "line 28: .* is not 4 numbers"),
        ("#    3 E =  -22.09059", "#    3 E =  **********", "line 38: 'Final state .* does not read"),
        (
            " Final state   #    3 E =  -22.09059 2xJ, 2xT =    3   1\n",
            "",
            "line 38: an initial and a final state must",
        ),
        (" Initial state #    1 E =  -23.86096 2xJ, 2xT =    1   1\n", "", "line 17: a final state without"),
        ("2     2     3\n", "2     2     x\n", r"line 12: .* is not 4 numbers \(orbit, N, L, 2 x J\)"),
    ],
)
def test_bad_densities_are_refused(written, old, new, message):
    text = F19_HEADER + F19_ORBITS + F19_DENSITIES
    assert old in text
    with pytest.raises(CevnsjaxError, match=message):
        read_bigstick_densities(written(text.replace(old, new)))


def test_densities_must_fit_the_nucleus(written):
    with pytest.raises(CevnsjaxError, match="so the file has no densities"):
        read_bigstick_densities(written(F19_HEADER + F19_ORBITS))
    densities = read_bigstick_densities(written(F19_HEADER + F19_ORBITS + F19_DENSITIES))
    for protons in (10, 11):
        with pytest.raises(CevnsjaxError, match="not possible for the transition 1 -> 3 between isospins"):
            levels_from_densities(densities, "F19", protons, 8)
    with pytest.raises(CevnsjaxError, match="no densities of state 2 with itself"):
        spin_from_densities(densities, 9, 10, ground_state=2)
    without = F19_DENSITIES.replace("Jt =   1", "Jt =   4")
    with pytest.raises(CevnsjaxError, match=r"1 -> 3 \(J = 0.5 -> 1.5\) has no densities of Jt = 1"):
        levels_from_densities(read_bigstick_densities(written(F19_HEADER + F19_ORBITS + without)), "F19", 9, 10)


# Plain tables.

TABLE = (
    "# title: levels\n# source: a calculation\n# made_by: hand\n# rows: 2\n# nuclide: Na23\n# ground_state_spin: 3/2\n"
)
AMPLITUDES = (
    TABLE
    + "excitation_energy_MeV,spin,proton_spin,neutron_spin\n0.4398,2.5,-0.92765,0.03835\n2.391,0.5,0.76407,0.07529\n"
)
STRENGTHS = (
    TABLE + "# operator: isovector\nexcitation_energy_MeV,spin,strength\n0.4398,2.5,0.233288\n2.391,0.5,0.118602\n"
)


def test_table_of_amplitudes(written):
    levels = read_levels(written(AMPLITUDES))
    assert (levels.nuclide, levels.ground_state_spin, levels.spins) == ("Na23", 1.5, (2.5, 0.5))
    np.testing.assert_allclose(levels.isovector_strength, [0.233288, 0.118602], rtol=1e-4)
    with_orbital = AMPLITUDES.replace("neutron_spin\n", "neutron_spin,proton_orbital\n")
    with_orbital = with_orbital.replace("0.03835\n", "0.03835,0.1\n").replace("0.07529\n", "0.07529,-0.2\n")
    assert read_levels(written(with_orbital)).proton_orbital.tolist() == [0.1, -0.2]


@pytest.mark.parametrize("operator", ["isovector", "isoscalar"])
def test_table_of_strengths(written, operator):
    levels = read_levels(written(STRENGTHS.replace("isovector", operator)))
    np.testing.assert_allclose(getattr(levels, f"{operator}_strength"), [0.233288, 0.118602], rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (STRENGTHS, "# operator: isovector\n", "", "no key 'operator'"),
        (STRENGTHS, "isovector", "GT", "operator is 'GT', allowed are isovector, isoscalar"),
        (STRENGTHS, "0.118602", "-0.1", "line 10: a strength must not be negative"),
        (STRENGTHS, "0.5,", "5.5,", "line 10: no spin operator leads from J = 1.5 to 5.5"),
        (STRENGTHS, "strength\n", "B_GT\n", "the columns are .*B_GT, allowed are"),
        (AMPLITUDES, "# nuclide: Na23\n", "", "no key 'nuclide'"),
        (AMPLITUDES, "3/2", "3/0", "ground_state_spin is '3/0'"),
        (AMPLITUDES, "2.391", "0.391", "file.res: energy_MeV must be finite and not decrease"),
        (AMPLITUDES, "2.391", "x", "line 9: column 'excitation_energy_MeV' has 'x'"),
    ],
)
def test_bad_tables_are_refused(written, text, old, new, message):
    assert old in text
    with pytest.raises(CevnsjaxError, match=message):
        read_levels(written(text.replace(old, new)))


# Whole files.


@with_outputs
def test_whole_strengths_of_spin_zero():
    argon, silicon = (
        read_bigstick_strength(
            output(f"{name}_isoscalar_strength_no_header.res"), nuclide, "isoscalar", ground_state_spin=0
        )
        for name, nuclide in (("ar40", "Ar40"), ("si28", "Si28"))
    )
    assert float(argon.isoscalar_strength.sum()) == pytest.approx(1.5 * 1.00614, abs=1e-3)
    assert float(silicon.isoscalar_strength.sum()) == pytest.approx(1.5 * 1.2312, abs=1e-3)
    for levels, energy, strength in (
        (argon, 3.25990, 0.098739),
        (argon, 5.24683, 0.004156),
        (silicon, 8.19190, 0.132988),
        (silicon, 9.58253, 1.199365),
        (silicon, 12.29888, 0.119692),
    ):
        assert_levels(levels.between(energy - 2e-5, energy + 2e-5), [(energy, 1.0, strength)])


@with_outputs
def test_whole_strength_of_sodium():
    spectrum = read_bigstick_spectrum(output("na23_spectrum.res"))
    assert spectrum.spin.size == 32
    newer = read_bigstick_spectrum(output("na23_spectrum_v8.res"))
    np.testing.assert_array_equal(newer.spin, spectrum.spin[:3])
    levels = read_bigstick_strength(
        output("na23_isoscalar_strength.res"),
        "Na23",
        "isoscalar",
        ground_state_spin=1.5,
        spectrum=spectrum,
        highest_energy_MeV=7.63,
    )
    for row in NA23_LEVELS + NA23_MORE:
        assert_levels(levels.between(row[0] - 3e-5, row[0] + 3e-5), [row])
    with pytest.raises(CevnsjaxError, match=r"line 43: .*-62.90985 MeV.*highest_energy_MeV"):
        read_bigstick_strength(
            output("na23_isoscalar_strength.res"), "Na23", "isoscalar", ground_state_spin=1.5, spectrum=spectrum
        )


@with_outputs
def test_whole_densities():
    densities = read_bigstick_densities(output("f19_densities.dres"))
    assert len(densities.transitions) == 36
    levels = levels_from_densities(densities, "F19", 9, 10)
    np.testing.assert_allclose(np.abs([levels.proton_spin, levels.neutron_spin]), [[0.05379], [0.06911]], atol=1e-4)
    for state, spin in enumerate((0.5, 2.5, 1.5, 4.5, 6.5, 3.5), start=1):
        found = spin_from_densities(densities, 9, 10, state)
        assert found.angular_momentum == spin
    argon = read_bigstick_densities(output("ar40_density_1.dres"), AR40_ORBITS)
    assert argon.transitions[0].nucleons(argon.orbits) == pytest.approx((24.0,), abs=1e-3)
