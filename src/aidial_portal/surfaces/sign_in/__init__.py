"""Where somebody says who they are; the rest happens at the identity provider."""
