"""What Alembic runs to migrate: with the connection that ``store/migrating.py`` hands it.

All steps run in one transaction: a server killed half-way finds the tables as they were before.
"""

from alembic import context

from midcall.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    # SQLite alters a table by copying it; this lets a step be written once for both databases.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
