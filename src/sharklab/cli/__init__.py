"""The command line: verbs, doctor, set-up, and the runner of the tests."""
