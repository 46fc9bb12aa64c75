"""Summaries of KSHELL, in the two layouts that its scripts write; all numbers are made up."""

import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target import read_kshell_levels, read_kshell_spectrum

LEVELS = """

 Energy levels

    N    J prty N_Jp    T     E(MeV)  Ex(MeV)  log-file

    1   5/2 +     1   1/2    -20.500    0.000  log_X_m1p.txt
    2   3/2 +     1   1/2    -19.500    1.000  log_X_m1p.txt
    3   7/2 +     1   1/2    -19.500    1.000  log_X_m1p.txt
    4   3/2 +     2   1/2    -19.500    1.000  log_X_m1p.txt
    5    -1 +     1   1/2    -18.500    2.000  log_X_m1p.txt
    6   1/2 -     1   3/2    -17.250    3.250  log_X_m1n.txt

"""
TRANSITIONS = """
B(E2)  ( > -0.0 W.u.)  mass = 21    1 W.u. = 3.4 e^2 fm^4
                                           e^2 fm^4 (W.u.)
   J_i    Ex_i     J_f    Ex_f   dE        B(E2)->         B(E2)<-
 3/2+( 1)  1.000  5/2+( 1)  0.000  1.000      9.9(  1.8)      9.9(  1.2)


B(M1)  ( > -0.0 W.u.)  mass = 21    1 W.u. = 1.8 mu_N^2
                                           mu_N^2   (W.u.)
   J_i    Ex_i     J_f    Ex_f   dE        B(M1)->         B(M1)<-
 3/2+( 1)  1.000  5/2+( 1)  0.000  1.000    0.030( 0.01)    0.020( 0.01)
 7/2+( 1)  1.000  3/2+( 1)  1.000  0.000    0.700( 0.01)    0.800( 0.01)
 7/2+( 1)  1.000  5/2+( 1)  0.000  1.000    0.300( 0.01)    0.400( 0.02)
 3/2+( 2)  1.000  5/2+( 1)  0.000  1.000    0.060( 0.04)    0.040( 0.03)
"""
DOUBLED = """
 Energy levels

     N  2J prty N_Jp  2T       E(MeV)     Ex(MeV)   log-file

     1   0  +     1    0    -50.42584     0.00000   log_X_j0p.txt
     2   2  +     1    0    -45.69709     4.72875   log_X_j2p.txt
     3   2  +     2    2    -45.00112     5.42472   log_X_j2p.txt

B(M1)  larger than 1e-08 mu_N^2
  2Ji        Ei      2Jf        Ef       Ex            B(M1)->         B(M1)<-
  0 + (   1) -50.426   2 + (   1) -45.697   4.729      0.00600000      0.00200000
  2 + (   2) -45.001   0 + (   1) -50.426   5.425      0.50000000      1.50000000
  2 + (   2) -45.001   2 + (   1) -45.697   0.696      0.90000000      0.90000000
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "summary_X_y.txt"
        path.write_text(text)
        return path

    return write


def test_spectrum(written):
    spectrum = read_kshell_spectrum(written(LEVELS + TRANSITIONS))
    assert spectrum.spin.tolist() == [2.5, 1.5, 3.5, 1.5, 0.5]
    assert spectrum.isospin.tolist() == [0.5, 0.5, 0.5, 0.5, 1.5]
    assert spectrum.excitation_MeV.tolist() == [0.0, 1.0, 1.0, 1.0, 3.25]
    assert spectrum.energy_MeV[-1] == -17.25
    assert spectrum.parity is not None
    assert spectrum.parity.tolist() == [1.0, 1.0, 1.0, 1.0, -1.0]
    doubled = read_kshell_spectrum(written(DOUBLED))
    assert doubled.spin.tolist() == [0.0, 1.0, 1.0]
    assert doubled.isospin.tolist() == [0.0, 0.0, 1.0]


def test_levels_keep_their_strengths(written):
    """Three degenerate ones, each with its own: B(M1) from the ground state upwards."""
    levels = read_kshell_levels(written(LEVELS + TRANSITIONS), "Ne21")
    assert levels.ground_state_spin == 2.5
    assert levels.spins == (1.5, 3.5, 1.5)
    assert levels.energy_MeV.tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(levels.magnetic_dipole_up_muN2, [0.02, 0.4, 0.04], rtol=1e-12)
    doubled = read_kshell_levels(written(DOUBLED), "Zn60")
    np.testing.assert_allclose(doubled.magnetic_dipole_up_muN2, [0.006, 1.5], rtol=1e-12)
    np.testing.assert_allclose(doubled.energy_MeV, [4.72875, 5.42472], rtol=1e-12)
    # all of it isovector spin: B(M1) = 3/(4 pi) (mu_p - mu_n)^2 M2, with moments of 2.79285 and -1.91304
    np.testing.assert_allclose(doubled.isovector_strength, np.array([0.006, 1.5]) / 5.28682, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing\n", "no line reads 'N  J prty"),
        (LEVELS, "there is no table of B"),
        (LEVELS.split("    1   5/2")[0], "has no rows"),
        (LEVELS.replace("5/2 +", "5/2 *") + TRANSITIONS, "line 7: .* is no level"),
        (LEVELS.replace("-19.500    1.000", "********    1.000", 1) + TRANSITIONS, "line 8: .* is no level"),
        (LEVELS + TRANSITIONS.replace("0.400( 0.02)", "*****( 0.02)"), "line 26: .* is no transition"),
        (LEVELS + TRANSITIONS.replace("3/2+( 2)", "3/2+( 9)"), "line 27: the state of J = 1.5, number 9, is not in"),
        (LEVELS + TRANSITIONS.replace("0.400", "-0.400"), r"line 26: B\(M1\) = -0.4 mu_N\^2 from J = 2.5 to 3.5"),
        (LEVELS + TRANSITIONS.split("B(M1)->")[0] + "B(M1)->\n", "no state has a B"),
    ],
)
def test_bad_summaries_are_refused(written, text, message):
    with pytest.raises(CevnsjaxError, match=message):
        read_kshell_levels(written(text), "Ne21")
