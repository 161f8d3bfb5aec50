"""``gno bench accuracy``: operators, their peers and the solver on the same data, trained for equal CPU seconds."""

from __future__ import annotations

from gno.bench.accuracy.case import Case
from gno.bench.accuracy.cases import CASES
from gno.bench.accuracy.contest import Contest
from gno.bench.accuracy.peers import PEERS
from gno.bench.accuracy.suite import measure

__all__ = ["CASES", "PEERS", "Case", "Contest", "measure"]
