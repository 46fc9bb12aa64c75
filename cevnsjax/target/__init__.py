"""What is hit: nuclides, materials and nuclear form factors."""

from cevnsjax.target.form_factor import (
    AbstractFormFactor as AbstractFormFactor,
)
from cevnsjax.target.form_factor import (
    Helm as Helm,
)
from cevnsjax.target.form_factor import (
    KleinNystrand as KleinNystrand,
)
from cevnsjax.target.form_factor import (
    PointLike as PointLike,
)
from cevnsjax.target.form_factor import (
    SymmetrizedFermi as SymmetrizedFermi,
)
from cevnsjax.target.material import Material as Material
from cevnsjax.target.material import compound as compound
from cevnsjax.target.nuclide import Nuclide as Nuclide
from cevnsjax.target.nuclide import nuclide as nuclide
