"""TFRecord files, by the letter of their format, and MeshGraphNets' data in one."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from gno.mesh import shapes
from tests.datasets.layouts.ramps import T, ramp


def plain_crc32c(data: bytes) -> int:
    """Bit by bit, as the polynomial is defined."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def message(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def tfrecord(records: list[dict[str, np.ndarray]]) -> bytes:
    """Records as TensorFlow writes them: tf.train.Example with a list of one text of bytes for each feature."""

    def crc(data: bytes) -> bytes:
        value = plain_crc32c(data)
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    whole = b""
    for record in records:
        entries = b"".join(
            message(1, message(1, name.encode()) + message(2, message(1, message(1, values.tobytes()))))
            for name, values in record.items()
        )
        data = message(1, entries)
        length = struct.pack("<Q", len(data))
        whole += length + crc(length) + data + crc(data)
    return whole


def meshgraphnets(folder: Path) -> Path:
    mesh = shapes.rectangle(0.25, 2.0, 1.0, kind="structured")
    n, cells = mesh.num_points, mesh.cells["triangle"].astype("<i4")
    x, wall = mesh.points[:, 0], (mesh.points[:, 1] == 0) | (mesh.points[:, 1] == 1)
    node_type = np.where(wall, 6, np.where(x == 0, 4, np.where(x == 2, 5, 0))).astype("<i4")
    about = {
        "cells": {"type": "static", "shape": [1, -1, 3], "dtype": "int32"},
        "mesh_pos": {"type": "static", "shape": [1, -1, 2], "dtype": "float32"},
        "node_type": {"type": "static", "shape": [1, -1, 1], "dtype": "int32"},
        "velocity": {"type": "dynamic", "shape": [T, -1, 2], "dtype": "float32"},
        "pressure": {"type": "dynamic", "shape": [T, -1, 1], "dtype": "float32"},
    }
    meta = {"simulator": "comsol", "dt": 0.01, "collision_radius": None, "features": about}
    meta |= {"field_names": list(about), "trajectory_length": T}
    (folder / "meta.json").write_text(json.dumps(meta))
    records = []
    for i in range(2):
        fields = {"velocity": ramp(T, n, 2) + i, "pressure": ramp(T, n, 1) - i}
        records.append({"cells": cells, "mesh_pos": mesh.points.astype("<f4"), "node_type": node_type, **fields})
    (folder / "valid.tfrecord").write_bytes(tfrecord(records))
    return folder / "valid.tfrecord"
