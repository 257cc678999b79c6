"""Runs the revisions on the connection that `app.data.store.migrate` hands over; it opens none of its own."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema="app",
    transaction_per_migration=False,
)
context.run_migrations()
