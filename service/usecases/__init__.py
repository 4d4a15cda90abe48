"""What can be asked of the service: one function and one transaction each."""
