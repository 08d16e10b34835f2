"""What of a commit's diff is worth a token. Pure.

`ranking` says which files come first, `hunks` and `moves` what of them is told instead of shown,
`pieces` what can be shown by itself, `parts` what there is room for, `listing` what became of each
file. `selection` puts it together.
"""

from analyzers.diffs.cutting import cut
from analyzers.diffs.selection import Excerpt, Selection, select

__all__ = ["Excerpt", "Selection", "cut", "select"]
