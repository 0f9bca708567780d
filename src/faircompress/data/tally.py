"""Mean and spread of the train split's pixels, summed exactly."""

from dataclasses import dataclass, field

import numpy as np

from faircompress.data.pictures import Pixels


@dataclass
class Tally:
    """Sums over the pixels of the train split, exact, so that their order does not matter."""

    count: int = 0
    sums: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    squares: np.ndarray = field(default_factory=lambda: np.zeros(3, object))

    def add(self, pixels: Pixels, times: int = 1) -> None:
        """Count one picture in, or with ``times=-1`` out again."""
        channels = np.ascontiguousarray(pixels.reshape(-1, 3).T).astype(np.int64)
        self.count += times * channels.shape[1]
        self.sums += times * channels.sum(1)
        self.squares += times * np.array([one @ one for one in channels])

    def moments(self) -> tuple[list[float], list[float]]:
        """Return mean and standard deviation by channel, shares of full intensity."""
        count = max(self.count, 1)
        mean = self.sums / count
        spread = np.sqrt(np.maximum(self.squares.astype(float) / count - mean**2, 0))
        return (mean / 255).round(6).tolist(), (spread / 255).round(6).tolist()
