"""What the service answers: a file is a group of addresses."""
