"""Health of the API. The one thing a newcomer would get wrong: `live` asks no dependency."""
