"""What a student hands in: a folder with captures and answers, and the one file that is made of it."""
