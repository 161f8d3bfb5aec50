"""The kernels compile for a GPU, without one, and fit into its shared memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from gno.nn import MLP
from gno.ops.tiles import Tile
from gno.ops.triton.layers import layers_of
from gno.ops.triton.products import Rows, aggregate, spread

triton = pytest.importorskip("triton")
pytestmark = [
    pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION"),
    pytest.mark.skipif("triton.knobs.runtime.interpret", reason="in the interpreter nothing is compiled"),
]

SHARED = 227 * 1024  # bytes a block may have at compute capability 9.0
TYPES = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.int64: "*i64"}


@pytest.fixture(autouse=True)
def _products_of_torch_as_before() -> Iterator[None]:
    yield
    torch.set_float32_matmul_precision("highest")


class Compiler:
    """Stands for a kernel: compiles it for what it is launched with, and does not launch it."""

    def __init__(self, kernel: Any) -> None:
        self.kernel, self.compiled = kernel, None

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        return self

    def __call__(self, *args: Any, num_warps: int, **constants: Any) -> None:
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource

        given = dict(zip(self.kernel.arg_names, args)) | constants
        kinds, values, aligned = {}, {}, {}
        for place, name in enumerate(self.kernel.arg_names):
            value = given[name]
            if isinstance(value, torch.Tensor):
                kinds[name] = TYPES[value.dtype]
            elif type(value) is int and value != 1 and not re.fullmatch("B[A-Z]", name):
                kinds[name] = "i32"
            else:
                kinds[name], values[(place,)] = "constexpr", value
            if kinds[name] != "constexpr" and (isinstance(value, torch.Tensor) or value % 16 == 0):
                aligned[(place,)] = [["tt.divisibility", 16]]
        source = ASTSource(self.kernel, kinds, values, aligned)
        self.compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": num_warps})


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize(("dtype", "tf32"), [(torch.float32, False), (torch.float32, True), (torch.bfloat16, False)])
@pytest.mark.parametrize("product", ["aggregate", "spread"])
def test_wide_kernels_fit(
    product: str, dtype: torch.dtype, tf32: bool, made: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from gno.ops.triton import kernels

    h, c, tile = 1024, 64, Tile(slice(0, 2), slice(0, 100), (2, 50))
    compiler = Compiler(getattr(kernels, product))
    monkeypatch.setattr(kernels, product, compiler)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    index, share = torch.zeros(100, dtype=torch.int64), torch.ones(100, 1, dtype=dtype)
    layers = layers_of(MLP((6, h, h), last=True).to(dtype)) if made else ()
    features = Rows(torch.ones(9, 6 if made else h, dtype=dtype), index, layers)
    room = torch.empty(2, h, c, dtype=dtype)
    if product == "aggregate":
        far = Rows(torch.ones(9, c, dtype=dtype), index)
        aggregate(features, far, share, tile, weighted=True, out=room, sums=room[:, 0] if made else None)
    else:
        spread(features, room, room[:, 0] if made else None, share, tile, weighted=True, dtype=dtype)
    assert 0 < compiler.compiled.metadata.shared <= SHARED
    tensor_cores = "wgmma" in compiler.compiled.asm["ptx"] or "mma.sync" in compiler.compiled.asm["ptx"]
    assert tensor_cores == (tf32 or dtype == torch.bfloat16)
