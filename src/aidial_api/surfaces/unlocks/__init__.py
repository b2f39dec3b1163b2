"""Looking at the personal details of a call: asked for, time-boxed, recorded."""
