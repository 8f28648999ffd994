"""One file per family of measurements and rules; a filter's name in configuration is its module's name."""
