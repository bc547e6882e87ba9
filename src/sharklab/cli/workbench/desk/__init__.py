"""The part of the workbench with rights: it reads the work of students, and reaches their hosts."""
