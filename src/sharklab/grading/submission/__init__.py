"""A student's submission: a folder with captures and answers, and the one file that is made of it."""
