"""From a page to its main text and what the page says of itself."""
