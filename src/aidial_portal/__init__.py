"""The portal: pages for browsers and the same-origin API behind them."""
