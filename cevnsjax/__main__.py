"""The process of the command line: ``cevnsjax``, or ``python -m cevnsjax``."""

import gc
import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded leaves no traceback."""
    try:
        from cevnsjax.cli import main as run

        # looking through what was imported and traced, again and again, for what is not needed takes a tenth of a fit
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
