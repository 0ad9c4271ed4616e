"""``python -m reeassets``: the command line."""

from reeassets.cli import main

if __name__ == "__main__":
    main()
