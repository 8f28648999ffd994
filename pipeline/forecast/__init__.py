"""What a run would do and take, before it is begun: its records and bytes, and times measured on a small sample."""
