"""A table of incidents in towns, without any pattern but where the groups live: places and dates to simulate on."""

import numpy as np


def table(n: int = 240, seed: int = 5) -> str:
    """Towns, three years, two groups of which one lives in some towns more than in others, sizes with a heavy tail."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2021-01-01") + rng.integers(0, 3 * 365, n)
    towns = rng.uniform(0, 90_000, (12, 2))
    lines = ["id,x,y,date,group,count,area,actor,act"]
    for i in range(n):
        town = int(rng.integers(12))
        x, y = towns[town] + rng.normal(0, 2_000, 2)
        group = "kess" if rng.random() < 0.2 + 0.3 * (town % 2) else "tul"
        killed = min(60, int(np.ceil((1 - rng.random()) ** (-1 / 1.2))))
        told = f"A{town:02},P{rng.integers(3)},a{rng.integers(2)}"
        lines.append(f"i{i},{x:.1f},{y:.1f},{days[i]},{group},{killed},{told}")
    return "\n".join(lines) + "\n"
