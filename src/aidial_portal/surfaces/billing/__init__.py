"""Billing: usage, invoices, payment methods and recipients, as pages and as JSON."""
