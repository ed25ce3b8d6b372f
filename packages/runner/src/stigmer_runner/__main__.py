"""`python -m stigmer_runner` is the same as `stigmer`."""

from stigmer_runner.cli import main

if __name__ == "__main__":
    main()
