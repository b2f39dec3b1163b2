"""The sub-commands of `aidial`, one small module for each."""
