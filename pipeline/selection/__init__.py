"""Selection before download: records chosen in Common Crawl's columnar index, fetched by offset and length."""
