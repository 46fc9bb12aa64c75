"""The process of the command line: ``cevnsjax``, or ``python -m cevnsjax``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded leaves no traceback."""
    try:
        from cevnsjax.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
