"""`/api/auth/`: next-auth's actions and back-channel logout."""
