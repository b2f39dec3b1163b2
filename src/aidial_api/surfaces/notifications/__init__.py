"""What a project's people are sent after a call: the transcript by e-mail, a summary by SMS."""
