"""Checkers of laws, for the tests of this package and of its users."""

from __future__ import annotations

from gno.testing.conservation import assert_conservative
from gno.testing.equivariance import assert_equivariant
from gno.testing.order import assert_order, observed_order
from gno.testing.resolution import assert_resolution_invariant
from gno.testing.verification import Verification, verify

__all__ = [
    "Verification",
    "assert_conservative",
    "assert_equivariant",
    "assert_order",
    "assert_resolution_invariant",
    "observed_order",
    "verify",
]
