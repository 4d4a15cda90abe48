"""The tasks of the service, one function for each: read, compute and write in the right order."""
