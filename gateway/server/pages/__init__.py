"""All other pages: models, health, statistics, and what operators ask."""
