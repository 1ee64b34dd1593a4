"""`python -m opencowin.cli`: the command line where the command itself is not on the path."""

from opencowin.cli.root import main

if __name__ == "__main__":
    main()
