r"""Two products over the slots of a tile: summed into the rows, and spread from the rows.

.. math::
    S_r = \sum_{s \in r} a_s^T (w_s b_s), \qquad m_s = w_s (a_s M_r + c_r)

A tile has rows of one number of slots, ``degree``, one after the other. A factor :math:`a_s` is a row of a matrix in
memory, or the output of one or two layers that is made in registers and never written. Blocks of slots times blocks of
columns are multiplied by ``tl.dot`` and summed in float32 (float64 for float64); what lies beyond an edge of a matrix
is read as 0 and not written.

A program sums one row, in order, so that sums repeat bit by bit. Of a row of 256 features by 64 channels it holds the
whole sum in registers where tensor cores multiply, half of it in plain float32. Weights of the layers stay in the L2
cache, and a block of 64 slots reads them once. Registers and shared memory are those that the compiler reports for
compute capability 9.0; the kernels have not been timed. A row of few slots leaves much of a block of 16 empty.
"""

from __future__ import annotations

from typing import no_type_check  # annotations of a kernel are Triton's, not types

import triton
import triton.language as tl


@triton.jit
@no_type_check
def aggregate(
    S, sums, b, far, share, values, edge, W1, b1, W2, b2,
    degree, D, K, H, C,
    WEIGHTED: tl.constexpr, ACT1: tl.constexpr, ACT2: tl.constexpr,
    BS: tl.constexpr, BD: tl.constexpr, BK: tl.constexpr, BH: tl.constexpr, BC: tl.constexpr,
    TOTAL: tl.constexpr, FACTOR: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """``S[r] = sum of hidden[s] (w[s] b[far[s]])^T``, and ``sums[r] = sum of w[s] b[far[s]]``: one block of one row."""
    row = tl.program_id(0).to(tl.int64)
    h = tl.program_id(1) * BH + tl.arange(0, BH)
    c = tl.program_id(2) * BC + tl.arange(0, BC)
    total = tl.zeros((BH, BC), TOTAL)
    plain = tl.zeros((BC,), TOTAL)
    for start in range(0, degree, BS):
        place = start + tl.arange(0, BS)
        real = place < degree
        slot = row * degree + place
        near = read(b, tl.load(far + slot, mask=real, other=0), c, real, C)
        weighed = near.to(TOTAL) * tl.load(share + slot, mask=real, other=0.0).to(TOTAL)[:, None]
        a = hidden(values, edge, slot, real, h, W1, b1, W2, b2, D, K, H, ACT1, ACT2, BD, BK, TOTAL, FACTOR, PRECISION)
        total = dot(tl.trans(a), weighed if WEIGHTED else near, total, FACTOR, PRECISION)
        plain += tl.sum(weighed, 0)
    inside = (h < H)[:, None] & (c < C)[None, :]
    tl.store(S + row * H * C + h[:, None] * C + c[None, :], total.to(S.dtype.element_ty), mask=inside)
    if sums is not None and tl.program_id(1) == 0:
        tl.store(sums + row * C + c, plain.to(sums.dtype.element_ty), mask=c < C)


@triton.jit
@no_type_check
def spread(
    out, M, constant, share, values, edge, W1, b1, W2, b2,
    degree, D, K, H, N, row_stride, h_stride, n_stride,
    WEIGHTED: tl.constexpr, ACT1: tl.constexpr, ACT2: tl.constexpr,
    BS: tl.constexpr, BD: tl.constexpr, BK: tl.constexpr, BH: tl.constexpr, BN: tl.constexpr,
    TOTAL: tl.constexpr, FACTOR: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """``out[s] = w[s] (hidden[s] M[r] + constant[r])``: one block of slots of one row."""
    blocks = tl.cdiv(degree, BS)
    row = (tl.program_id(0) // blocks).to(tl.int64)
    place = tl.program_id(0) % blocks * BS + tl.arange(0, BS)
    real = place < degree
    slot = row * degree + place
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    total = tl.zeros((BS, BN), TOTAL)
    for start in range(0, H, BH):
        h = start + tl.arange(0, BH)
        a = hidden(values, edge, slot, real, h, W1, b1, W2, b2, D, K, H, ACT1, ACT2, BD, BK, TOTAL, FACTOR, PRECISION)
        inside = (h < H)[:, None] & (n < N)[None, :]
        m = tl.load(M + row * row_stride + h[:, None] * h_stride + n[None, :] * n_stride, mask=inside, other=0.0)
        total = dot(a, m, total, FACTOR, PRECISION)
    w = tl.load(share + slot, mask=real, other=0.0).to(TOTAL)[:, None]
    if WEIGHTED:
        total *= w
    if constant is not None:
        total += w * tl.load(constant + row * N + n, mask=n < N, other=0.0).to(TOTAL)[None, :]
    inside = real[:, None] & (n < N)[None, :]
    tl.store(out + slot[:, None] * N + n[None, :], total.to(out.dtype.element_ty), mask=inside)


@triton.jit
@no_type_check
def hidden(
    values, edge, slot, real, h, W1, b1, W2, b2, D, K, H,
    ACT1: tl.constexpr, ACT2: tl.constexpr, BD: tl.constexpr, BK: tl.constexpr,
    TOTAL: tl.constexpr, FACTOR: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Features ``h`` of some slots: read; or ``ACT1(e W1 + b1)``; or ``ACT2(ACT1(e W1 + b1) W2 + b2)``."""
    if edge is None:
        rows = slot
    else:
        rows = tl.load(edge + slot, mask=real, other=0)
    if W1 is None:
        a = read(values, rows, h, real, H)
    else:
        d = tl.arange(0, BD)
        e = read(values, rows, d, real, D)
        if W2 is None:
            a = layer(e, d, h, W1, b1, D, H, ACT1, TOTAL, FACTOR, PRECISION)
        else:
            a = tl.zeros((real.shape[0], h.shape[0]), TOTAL)
            for start in range(0, K, BK):
                k = start + tl.arange(0, BK)
                z = layer(e, d, k, W1, b1, D, K, ACT1, TOTAL, FACTOR, PRECISION)
                a = dot(z, read_across(W2, k, h, K, H), a, FACTOR, PRECISION)
            a = activate(a + read_bias(b2, h, H, TOTAL), ACT2)
    return a


@triton.jit
@no_type_check
def layer(
    x, i, o, W, bias, inputs, outputs,
    ACT: tl.constexpr, TOTAL: tl.constexpr, FACTOR: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Outputs ``o`` of a linear layer and its activation, all of whose inputs are at hand."""
    total = tl.zeros((x.shape[0], o.shape[0]), TOTAL)
    total = dot(x, read_across(W, i, o, inputs, outputs), total, FACTOR, PRECISION)
    return activate(total + read_bias(bias, o, outputs, TOTAL), ACT)


@triton.jit
@no_type_check
def dot(a, b, total, FACTOR: tl.constexpr, PRECISION: tl.constexpr):
    """``total + a b``."""
    return tl.dot(a.to(FACTOR), b.to(FACTOR), total, input_precision=PRECISION)


@triton.jit
@no_type_check
def read(matrix, rows, columns, real, width):
    """Some rows of a matrix, those that are real, by some columns."""
    inside = real[:, None] & (columns < width)[None, :]
    return tl.load(matrix + rows.to(tl.int64)[:, None] * width + columns[None, :], mask=inside, other=0.0)


@triton.jit
@no_type_check
def read_across(W, i, o, inputs, outputs):
    """Block ``(i, o)`` of the transpose of the weight of a linear layer, which lies ``(outputs, inputs)``."""
    inside = (i < inputs)[:, None] & (o < outputs)[None, :]
    return tl.load(W + o[None, :] * inputs + i[:, None], mask=inside, other=0.0)


@triton.jit
@no_type_check
def read_bias(bias, o, outputs, TOTAL: tl.constexpr):
    """A row of the bias of a linear layer, 0 if it has none."""
    if bias is None:
        b = tl.zeros((o.shape[0],), TOTAL)
    else:
        b = tl.load(bias + o, mask=o < outputs, other=0.0).to(TOTAL)
    return b[None, :]


@triton.jit
@no_type_check
def activate(x, ACT: tl.constexpr):
    """An activation by name; ``x`` itself for ``"none"``. All are 0 at 0, so that padding stays 0."""
    if ACT == "gelu":
        x = 0.5 * x * (1 + tl.erf(x * 0.7071067811865476))
    elif ACT == "relu":
        x = tl.where(x < 0, 0, x)  # unlike a maximum, keeps what is not a number
    elif ACT == "silu":
        x = x * tl.sigmoid(x)
    elif ACT == "tanh":
        small = tl.exp(-2 * tl.abs(x))  # of the absolute value: never above 1
        x = tl.where(x < 0, -1, 1) * (1 - small) / (1 + small)
    return x
