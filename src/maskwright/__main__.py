"""`python -m maskwright`, which torchrun needs."""

from maskwright.cli import main

if __name__ == "__main__":
    main()
