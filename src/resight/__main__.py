"""`python -m resight` is the command."""

from resight.cli import main

if __name__ == "__main__":
    main()
