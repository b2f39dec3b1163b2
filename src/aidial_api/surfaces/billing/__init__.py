"""Usage, invoices, the payment portal and who receives invoices."""
