"""One file a change, named by time. Imported by Alembic only, never by AiDial."""
