"""The one object Dagster loads."""

from reeassets.platform.build import build_defs

defs = build_defs()
