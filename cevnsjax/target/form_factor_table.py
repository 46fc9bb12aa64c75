"""A form factor from a table, as nuclear many-body theory gives it (coupled clusters, density functionals)."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_knots, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.tables import read_table
from cevnsjax.target.form_factor import AbstractFormFactor, fade_out


class TabulatedFormFactor(AbstractFormFactor):
    """F (not its square) through the knots of a table by a cubic spline in q^2, stretched to a radius.

    F(q) = F_table(q R_rms/R_table). Beyond the last knot, where nothing is known, F goes on with the value and the
    slope it has there and fades out on the scale of the table's range in q^2: a table should reach the largest
    momentum transfer that is seen, 0.54 fm^-1 for neutrinos from pions at rest.

    Attributes
    ----------
    momentum_squared_per_fm2
        Knots in q^2, fm^-2, from zero, shape ``[knot]``.
    spline
        Coefficients of the cubics between knots, highest power first, in the distance from the knot in units of the
        interval, shape ``[4, interval]``.
    rms_radius_fm
        Root-mean-square radius, fm.
    table_radius_fm
        Root-mean-square radius of the density that the table was made of, fm.
    """

    momentum_squared_per_fm2: Float[Array, " knot"] = eqx.field(converter=as_float)
    spline: Float[Array, "4 interval"] = eqx.field(converter=as_float)
    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    table_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        knots, spline = self.momentum_squared_per_fm2, self.spline
        if knots.ndim != 1 or spline.shape != (4, knots.shape[0] - 1):
            raise CevnsjaxError(
                "spline must have four coefficients for each interval of momentum_squared_per_fm2, got shapes "
                f"{spline.shape} and {knots.shape}."
            )
        if is_concrete(knots):
            check_edges("momentum_squared_per_fm2", knots, "fm^-2")
        check_positive("table_radius_fm", self.table_radius_fm, "fm")
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        knots, spline = self.momentum_squared_per_fm2, self.spline
        q2 = (momentum_transfer_per_fm * (self.rms_radius_fm / self.table_radius_fm)) ** 2
        known = jnp.minimum(q2, knots[-1])
        widths = jnp.diff(knots)
        interval = jnp.clip(jnp.searchsorted(knots, known, side="right") - 1, 0, spline.shape[1] - 1)
        offset = (known - knots[interval]) / widths[interval]
        cubic = spline[:, interval]
        value = ((cubic[0] * offset + cubic[1]) * offset + cubic[2]) * offset + cubic[3]
        slope = (3.0 * spline[0, -1] + 2.0 * spline[1, -1] + spline[2, -1]) / widths[-1]
        return fade_out(value, slope, jnp.maximum(q2 - knots[-1], 0.0), knots[-1])

    @classmethod
    def from_columns(
        cls,
        momentum_transfer_per_fm: np.ndarray,
        form_factor: np.ndarray,
        table_radius_fm: float | int | None = None,
    ) -> "TabulatedFormFactor":
        """Build a form factor from columns.

        Parameters
        ----------
        momentum_transfer_per_fm
            q, fm^-1, four or more, from zero and increasing, shape ``[knot]``.
        form_factor
            F, which multiplies amplitudes, with F = 1 at q = 0, shape ``[knot]``.
        table_radius_fm
            Root-mean-square radius of the density, fm; by default from the slope of the spline at q = 0, which a
            table of few digits on narrow knots does not fix well.

        Raises
        ------
        CevnsjaxError
            If the columns are no form factor.
        """
        from scipy.interpolate import CubicSpline  # imported where it is used: it is dear to start

        momentum, values = np.asarray(momentum_transfer_per_fm, dtype=float), np.asarray(form_factor, dtype=float)
        check_knots("momentum_transfer_per_fm", momentum, "fm^-1", "form_factor", values)
        if len(momentum) < 4 or momentum[0] != 0.0:
            raise CevnsjaxError(
                "momentum_transfer_per_fm must be four momenta or more that begin at 0 fm^-1, got "
                f"{len(momentum)} from {momentum[0]:g} fm^-1."
            )
        if abs(values[0] - 1.0) > 1e-6:
            raise CevnsjaxError(
                f"form_factor must be 1 at zero momentum transfer, got {values[0]:g}: divide the column by it, and "
                "take the square root where it holds F^2."
            )
        if np.max(np.abs(values)) > 1.0 + 1e-6:
            raise CevnsjaxError(f"form_factor must lie between -1 and 1, got {values[np.argmax(np.abs(values))]:g}.")
        knots = momentum**2
        spline = CubicSpline(knots, values)
        if table_radius_fm is None:
            slope = float(spline(0.0, 1))
            if slope >= 0.0:
                raise CevnsjaxError(
                    f"form_factor must fall from q = 0, where it is 1; got a slope of {slope:g} fm^2 in q^2 there."
                )
            table_radius_fm = np.sqrt(-6.0 * slope)
        # in units of the interval all coefficients are of the order of the steps in F, in float32 too
        scaled = spline.c * np.diff(knots) ** np.array([3.0, 2.0, 1.0, 0.0])[:, None]
        return cls(knots, scaled, table_radius_fm, table_radius_fm)

    @classmethod
    def from_file(cls, path: Path | str, table_radius_fm: float | int | None = None) -> "TabulatedFormFactor":
        """Read a form factor from a CSV table with the columns ``momentum_transfer_per_fm`` and ``form_factor``.

        The header has the keys of every table of this package: `title`, `source`, `made_by` and `rows`.

        Raises
        ------
        CevnsjaxError
            If the file cannot be read, is no such table, or its columns are no form factor.
        """
        table = read_table(Path(path), columns=("momentum_transfer_per_fm", "form_factor"))
        try:
            return cls.from_columns(table["momentum_transfer_per_fm"], table["form_factor"], table_radius_fm)
        except CevnsjaxError as error:
            raise CevnsjaxError(f"{path}: {error}") from None
