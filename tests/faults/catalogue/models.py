"""Faults of model files and checkpoints."""

from __future__ import annotations

import pickle

from gno.errors import ModelError
from tests.faults.catalogue.datasets import POINTER
from tests.faults.catalogue.run_files import (
    Bomb,
    case,
    checkpoint,
    flip,
    header_of,
    with_code,
)
from tests.faults.fault import Fault

CUT = (
    ("empty", lambda b: b"", "is empty"),
    ("text", lambda b: b"hello\n" * 9, "no model file|no safetensors|cut off"),
    ("cut", lambda b: b[: len(b) // 2], "cut off"),
    ("pointer", lambda b: POINTER, "LFS|no model file|cut off"),
)

FAULTS = (
    Fault(
        53,
        "model file or checkpoint that is empty, cut or text",
        "said to be what it is; the checkpoint before steps in, with a warning",
        ModelError,
        (*(case(*c) for c in CUT), checkpoint("checkpoint empty", bytes, "damaged, or no checkpoint; its 0 bytes")),
        (
            "test_a_file_cut_off_anywhere",
            "test_the_checkpoint_before_steps_in_for_a_damaged_one",
            "test_lists_that_hold_one_list_again_and_again_are_refused_at_once",
            "test_a_pipe_is_no_model_and_nobody_waits_for_it",
        ),
        ("test_broken_models",),
    ),
    Fault(
        54,
        "code in a model file or checkpoint",
        "refused by name before it runs",
        ModelError,
        (
            case("pickle", lambda _: pickle.dumps(Bomb()), "contains code: refused"),
            case("zip", lambda _: with_code(), "contains code: refused"),
            checkpoint("checkpoint", with_code, r"contains code: refused; it asks for \w+"),
        ),
        ("test_nothing_in_a_file_is_run", "test_code_in_a_file_is_not_run", "test_a_file_of_torch_save_is_not_run"),
    ),
    Fault(
        55,
        "flipped bit in a model file or checkpoint",
        "the tensor is named whose checksum differs",
        ModelError,
        (case("tensor", flip, r"tensor [\w.]+ is damaged; its SHA-256"),),
        (
            "test_a_damaged_tensor_is_named",
            "test_a_damaged_header_is_noticed",
            "test_a_flipped_bit_is_found_or_changes_nothing",
        ),
    ),
    Fault(
        56,
        "model file of another network",
        "missing and unknown tensors are listed up to five",
        ModelError,
        (
            case(
                "wider",
                header_of(lambda d: d["network"]["arguments"].update(width=8)),
                "has shape .*; the network needs",
            ),
            case(
                "endless",
                header_of(lambda d: d["network"]["arguments"]["kernel"].update(layers=10**9)),
                "kernel layers is 1000000000; it must be 64 or less",
            ),
            case("unknown", header_of(lambda d: d["network"].update(name="gnk")), "gnk"),
        ),
        ("test_missing_and_unknown_tensors_are_listed_up_to_five", "test_what_a_file_must_not_hold_is_named"),
    ),
    Fault(
        57,
        "model file of a newer gno",
        "says both versions",
        ModelError,
        (
            case(
                "newer",
                header_of(lambda d: d.update(format=9, gno="7.1")),
                r"has format 9, made by gno 7\.1; this is gno",
            ),
        ),
    ),
    Fault(
        58,
        "model trained on CUDA, read without it",
        "read on the CPU",
        cases=(case("as saved", bytes, ""),),
        tests=("test_predictions_after_loading_are_equal_to_the_bit",),
    ),
    Fault(
        59,
        "SIGKILL while a file is saved",
        "the file that was there is there",
        tests=(
            "test_a_kill_at_any_moment_leaves_a_checkpoint",
            "test_kills_at_any_time_leave_one_of_the_whole_files",
            "test_a_kill_keeps_the_samples_and_resuming_ends_alike",
        ),
        commands=("test_killed_commands_lose_nothing_and_go_on",),
    ),
)
