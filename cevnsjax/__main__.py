"""Run the command line with ``python -m cevnsjax``."""

from cevnsjax.cli import main

if __name__ == "__main__":
    main()
