# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the programs of this directory share."""
