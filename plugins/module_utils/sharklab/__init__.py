# SPDX-License-Identifier: MIT
"""Code that the modules of sharklab share on a host."""
