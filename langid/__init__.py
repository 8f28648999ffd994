"""Languages: labels, scripts, models, identification."""
