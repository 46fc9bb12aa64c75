"""PROSPECT's prompt spectrum of antineutrinos from HFIR, whose fuel is U235: data, covariance, prediction, response."""

from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import as_float, check_edges
from cevnsjax.cross_section import inverse_beta_decay_cross_section_cm2
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import reactor_spectra
from cevnsjax.tables import read_table

_HIGHEST_NORMALISING = 21
"""Prompt bins, up to 5 MeV, that give the response its norm: above, the table ends, and the release does not."""

_UNSEEN, _WIDTH_MEV = 1e-2, 0.25


@dataclass(frozen=True)
class FittedNorm:
    """A prediction times one free norm, fitted to data.

    Attributes
    ----------
    norm, error
        The norm and its standard deviation.
    chi2
        chi^2 at the minimum.
    degrees
        Degrees of freedom.
    """

    norm: float
    error: float
    chi2: float
    degrees: int


@dataclass(frozen=True)
class PromptSpectrum:
    """Inverse beta decays in bins of prompt energy, and what is needed to unfold them.

    Attributes
    ----------
    edges_MeV
        Edges of the prompt bins, MeV.
    observed
        Events in each, background subtracted, shape ``[count]``.
    covariance
        Of all errors, shape ``[count, count]``.
    predicted
        Predicted events of each component, shape ``[count]`` each: ``"u235"`` and what else a research reactor emits.
    neutrino_edges_MeV
        Edges of fine bins of the antineutrino energy, MeV.
    fine_response
        Events in each prompt bin for one U235 antineutrino per fission and MeV in each of the fine bins, shape
        ``[count, fine]``: cross section, detector and exposure.
    fine_u235
        The spectrum of U235 that the prediction is of, antineutrinos per fission and MeV in each of the fine bins.
    """

    edges_MeV: np.ndarray
    observed: np.ndarray
    covariance: np.ndarray
    predicted: dict[str, np.ndarray]
    neutrino_edges_MeV: np.ndarray
    fine_response: np.ndarray
    fine_u235: np.ndarray

    @property
    def prediction(self) -> np.ndarray:
        """Predicted events of all components."""
        return np.sum(list(self.predicted.values()), axis=0)

    @property
    def visible_edges_MeV(self) -> np.ndarray:
        """Edges of bins of 0.25 MeV over the energies of all but a hundredth of the predicted events at either end."""
        events = np.cumsum(self.fine_response.sum(axis=0) * self.fine_u235)
        ends = np.interp(np.array([_UNSEEN, 1.0 - _UNSEEN]) * events[-1], events, self.neutrino_edges_MeV[1:])
        low, high = np.round(ends / _WIDTH_MEV)
        return _WIDTH_MEV * np.arange(low, high + 1.0)

    def fitted_norm(self) -> FittedNorm:
        """Fit one norm of the prediction to the data, with the covariance."""
        weighed = np.linalg.solve(self.covariance, self.prediction)
        information = self.prediction @ weighed
        norm = float(self.observed @ weighed / information)
        missed = self.observed - norm * self.prediction
        chi2 = float(missed @ np.linalg.solve(self.covariance, missed))
        return FittedNorm(norm, float(information**-0.5), chi2, len(missed) - 1)

    def response(self, edges_MeV) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Response to the spectrum of U235 in bins of the antineutrino energy.

        Parameters
        ----------
        edges_MeV
            Edges of the bins, MeV, which must be edges of the fine ones too.

        Returns
        -------
        response, background, reference
            Events in each prompt bin for one antineutrino per fission and MeV in each bin, shape ``[count, bin]``; what
            the prediction has beside these bins: other components, U235 elsewhere, and how it varies inside of bins;
            and the mean of the predicted spectrum in each bin.

        Raises
        ------
        CevnsjaxError
            If edges are none of the fine ones.
        """
        edges, fine = check_edges("edges_MeV", edges_MeV, "MeV"), self.neutrino_edges_MeV
        places = np.argmin(np.abs(fine[None] - edges[:, None]), axis=1)
        if not np.allclose(fine[places], edges, rtol=0, atol=1e-6) or np.any(np.diff(places) < 1):
            raise CevnsjaxError(
                f"edges_MeV must be multiples of {fine[1] - fine[0]:g} MeV between {fine[0]:g} and {fine[-1]:g} MeV, "
                f"got {edges[0]:g} to {edges[-1]:g} MeV in {len(edges) - 1} bins."
            )
        within = slice(places[0], places[-1])
        starts = places[:-1] - places[0]
        response = np.add.reduceat(self.fine_response[:, within], starts, axis=1)
        reference = np.add.reduceat(self.fine_u235[within], starts) / np.diff(places)
        return response, self.prediction - response @ reference, reference


@cache
def prospect_hfir() -> PromptSpectrum:
    """Read PROSPECT's spectrum: 32 bins from 0.8 to 7.2 MeV, 6991 MW-days.

    The release gives the response up to a factor, and the prediction of Huber's U235 in prompt bins. Folded with the
    cross section of inverse beta decay and the response, Huber's table has the shape of that to 0.3 % up to 5.8 MeV
    (above, it ends at 8 MeV and the release does not), so the factor is that of their sums up to 5 MeV.

    Source: supplement to PROSPECT's spectrum of HFIR (``data/prospect_hfir``).
    """
    table = read_table("prospect_hfir/spectrum.csv")
    low = table["energy_low_MeV"]
    edges = np.append(low, 2.0 * low[-1] - low[-2])
    entries = read_table("prospect_hfir/covariance.csv")
    rows, columns = (entries[name].astype(int) for name in ("row", "column"))
    covariance = np.zeros((len(low), len(low)))
    covariance[rows, columns] = covariance[columns, rows] = entries["covariance"]
    released = read_table("prospect_hfir/response.csv")
    fine_low = released["energy_low_MeV"]
    fine = np.append(fine_low, 2.0 * fine_low[-1] - fine_low[-2])
    shares = np.stack([released[f"prompt_{bin_}"] for bin_ in range(len(low))])
    middle = as_float(0.5 * (fine[1:] + fine[:-1]))
    cross_section = 1e43 * np.asarray(inverse_beta_decay_cross_section_cm2(middle), float)
    fission = reactor_spectra("huber-mueller").fission
    end = fission.energy_MeV[-1]
    u235 = np.asarray(jnp.where(middle < end, fission.density(jnp.minimum(middle, end))[0], 0.0), float)
    response = shares * cross_section
    norm = table["u235"][:_HIGHEST_NORMALISING].sum() / (response @ u235)[:_HIGHEST_NORMALISING].sum()
    predicted = {name: table[name] for name in ("u235", "al28", "he6", "non_equilibrium")}
    return PromptSpectrum(edges, table["observed"], covariance, predicted, fine, norm * response, u235)
