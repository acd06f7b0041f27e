"""What becomes of the requests that are owed to customers' servers."""
