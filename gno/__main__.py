"""``python -m gno``: the command line, for launchers that start modules."""

from __future__ import annotations

if __name__ == "__main__":
    from gno.cli import main

    main()
