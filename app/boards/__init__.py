"""What the situation page and the comparison count: sums, tiers, who speaks, where, what waits and what has changed."""
