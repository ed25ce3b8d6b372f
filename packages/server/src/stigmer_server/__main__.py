"""`python -m stigmer_server`: runs the server, or manages its keys."""

from stigmer_server.command_line import main

if __name__ == "__main__":
    main()
