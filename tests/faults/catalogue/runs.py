"""Faults of recipes, runs, solvers and the machine."""

from __future__ import annotations

from gno.errors import ConfigError, Interrupted, ResourceError, SolverError
from gno.fv.nonlinear.report import ConvergenceError
from gno.mesh import load
from tests.faults.catalogue.run_files import (
    RECIPE,
    accents,
    held,
    inside_a_file,
    on_device,
    recipe,
    run,
    stirred,
    stirred_words,
    unheld,
    unheld_words,
    unsmooth,
    with_notes,
)
from tests.faults.fault import Case, Fault

FAULTS = (
    Fault(
        60,
        "SIGINT or SIGTERM in training",
        "a checkpoint is saved; resumed, the run ends bit for bit as if it had not been stopped",
        Interrupted,
        tests=(
            "test_a_stopped_run_goes_on_bit_for_bit",
            "test_sigterm_exits_with_143_and_a_finished_run_is_left_as_it_is",
        ),
    ),
    Fault(
        61,
        "full disk",
        "nothing that was there is lost; says what to do next",
        ResourceError,
        tests=(
            "test_a_limit_on_the_size_leaves_the_old_file",
            "test_every_failure_of_the_disk_is_one_class",
            "test_a_seal_onto_a_full_disk_keeps_what_was_written",
            "test_a_full_disk_leaves_the_checkpoint_before",
        ),
    ),
    Fault(
        62,
        "folder that is read-only or a file",
        "refused before anything is computed",
        ResourceError,
        (run("file", inside_a_file, "file is no folder"),),
        ("test_a_read_only_folder_stays_as_it_was", "test_results_that_cannot_be_written"),
    ),
    Fault(
        63,
        "folder that is not empty",
        "refused; --resume goes on with the run in it",
        ConfigError,
        (run("notes", with_notes, "is not empty.*--resume"),),
        ("test_a_folder_that_is_taken_is_refused_and_left_alone",),
    ),
    Fault(
        64,
        "two runs in one folder",
        "the second is refused",
        ConfigError,
        (run("held", held, "another run writes to it"),),
        ("test_a_folder_that_is_taken_is_refused_and_left_alone", "test_two_writers_of_one_file_are_refused"),
    ),
    Fault(
        65,
        "out of memory in training or prediction",
        "says which batch or mesh may fit",
        ResourceError,
        tests=(
            "test_what_may_fit_is_told_where_memory_does_not_suffice",
            "test_what_may_fit_is_told_where_memory_does_not_suffice_for_a_step",
        ),
    ),
    Fault(
        66,
        "unknown key in a recipe",
        "names the nearest",
        ConfigError,
        (
            recipe("key", RECIPE + "epoch = 3\n", "'optimization.epoch'.*did you mean 'optimization.epochs'"),
            recipe("model", RECIPE.replace("gkn", "gkm"), "gkm"),
        ),
    ),
    Fault(
        67,
        "values that cannot be in a recipe",
        "all at once",
        ConfigError,
        (
            recipe(
                "two",
                RECIPE.replace("epochs = 1", "epochs = -1\nbatch_size = 'x'"),
                "has 2 errors; .*epochs.*batch_size",
            ),
        ),
        ("test_all_errors_come_at_once",),
    ),
    Fault(
        68,
        "malformed --set",
        "shows the form",
        ConfigError,
        (recipe("set", RECIPE, "'epochs' sets nothing; it must be key=value", "epochs"),),
    ),
    Fault(
        69,
        "recipe that is no TOML",
        "line and column",
        ConfigError,
        (recipe("toml", "[model\n", r"line 1, column"), recipe("bytes", "\x00", "line 1")),
        ("test_files_that_are_no_recipe_are_refused", "test_damaged_bytes_raise_our_errors_alone"),
    ),
    Fault(
        70,
        "loss or gradient that is NaN or infinite",
        "stops before the weights change; names epoch, batch and parameter; the last checkpoint is kept",
        SolverError,
        tests=(
            "test_numbers_that_are_not_finite_stop_the_run_and_keep_the_checkpoint",
            "test_a_run_names_epoch_batch_and_parameter",
        ),
    ),
    Fault(
        71,
        "training that diverges",
        "a warning with both losses",
        tests=("test_a_loss_that_runs_away_is_told_once",),
        warns=True,
    ),
    Fault(
        72,
        "gradients that are all zero",
        "a warning",
        tests=("test_gradients_that_are_all_zero_are_told_once",),
        warns=True,
    ),
    Fault(
        73,
        "solver that does not converge",
        "never a field: iterations and residual; a method that is compared counts as NaN",
        ConvergenceError,
        (Case("step", unsmooth, stirred, stirred_words, "no convergence: the relative residual is"),),
        (
            "test_no_convergence_is_said",
            "test_what_did_not_converge_raises_with_its_report",
            "test_an_iteration_that_fails_says_what_may_help",
        ),
    ),
    Fault(
        74,
        "field that is known up to a constant",
        "refused, with the mean as the way out",
        SolverError,
        (Case("closed", lambda s: s.copy("bare.su2"), unheld, unheld_words, "not unique"),),
        ("test_a_field_that_is_known_up_to_a_constant_is_refused",),
    ),
    Fault(
        75,
        "explicit step that is too long",
        "refused with one that is not",
        tests=("test_a_step_too_long_is_refused_with_one_that_is_not",),
        error=SolverError,
    ),
    Fault(
        76,
        "worker process that is killed",
        "ends the job; the same command goes on",
        ResourceError,
        tests=("test_a_worker_that_dies_ends_the_run_and_loses_nothing",),
    ),
    Fault(
        77,
        "process of several that is killed",
        "the others end within a minute, with a checkpoint",
        ResourceError,
        tests=("test_a_killed_process_ends_the_run_and_leaves_a_checkpoint",),
    ),
    Fault(
        78,
        "processes with unequal shares of a batch",
        "the weights of one process; nobody waits",
        tests=(
            "test_two_processes_train_the_weights_of_one",
            "test_every_sample_of_a_batch_is_in_one_portion_and_nodes_are_spread_evenly",
        ),
    ),
    Fault(
        79,
        "device that is not there",
        "named, with those that are",
        ConfigError,
        (on_device("cuda:77"), on_device("tpu")),
        ("test_a_device_that_is_not_there",),
    ),
    Fault(
        80,
        "torch-scatter built for another torch",
        "native reductions, with one warning",
        tests=("test_what_cannot_be_loaded_is_told_once_and_not_used",),
        warns=True,
    ),
    Fault(
        81,
        "optional package that is missing",
        "names the extra to install",
        ConfigError,
        tests=("test_a_solver_that_is_not_installed_is_named",),
    ),
    Fault(
        83,
        "path with spaces and accents",
        "works",
        cases=(
            Case(
                "accents",
                accents,
                lambda p, _: load(p),
                lambda p, _: ("check", p),
                "",
            ),
        ),
    ),
    Fault(86, "standard output closed", "ends quietly", tests=("test_a_closed_pipe_ends_quietly",)),
    Fault(87, "other locale and time zone", "no effect", tests=("test_locale_and_clock_change_nothing",)),
    Fault(
        88,
        "the same seed twice",
        "the same bytes on the CPU",
        tests=("test_the_same_seed_gives_the_same_weights", "test_the_same_samples_give_the_same_bytes"),
    ),
    Fault(
        90,
        "clock that jumps, file times that cannot be",
        "no effect on a resumed run",
        tests=("test_file_times_do_not_matter",),
    ),
)
