# SPDX-License-Identifier: MIT
"""What the modules of sharklab share on a host."""
