"""States of a shell-model calculation, whatever program made it."""

from dataclasses import dataclass

import numpy as np

from cevnsjax.errors import CevnsjaxError


@dataclass(frozen=True, eq=False)
class ShellModelSpectrum:
    """States of a shell-model calculation, as printed.

    Attributes
    ----------
    energy_MeV, excitation_MeV
        Absolute energies and those above the first state, MeV, shape ``[state]``.
    spin, isospin
        J and T, shape ``[state]``; not exactly half-integers where a state is not converged or isospin is broken.
    parity
        +1 or -1, shape ``[state]``; ``None`` where the file does not tell.
    """

    energy_MeV: np.ndarray
    excitation_MeV: np.ndarray
    spin: np.ndarray
    isospin: np.ndarray
    parity: np.ndarray | None = None

    def spins_at(self, energy_MeV: float, tolerance_MeV: float, states: slice = slice(None)) -> set[float]:
        """Return the spins (rounded to half-integers) of all states, or some, at an absolute energy.

        Raises
        ------
        CevnsjaxError
            If the spin of one of them is not near a half-integer: the state is not converged, or two are mixed.
        """
        twice = 2.0 * self.spin[states][np.abs(self.energy_MeV[states] - energy_MeV) <= tolerance_MeV]
        if np.any(np.abs(twice - np.round(twice)) > 0.05):
            raise CevnsjaxError(
                f"The spectrum has a state of J = {', '.join(f'{spin / 2:g}' for spin in twice)} at {energy_MeV:.5f} "
                "MeV, which is not converged: no half-integer."
            )
        return set((np.round(twice) / 2.0).tolist())
