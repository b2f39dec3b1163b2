"""Analytics: the numbers of the dashboard, counted from the calls in reach."""
