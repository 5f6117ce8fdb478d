"""What is kept of requests: the log's line, counts, the record, what estimates learn."""
