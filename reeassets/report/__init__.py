"""What people read: the warehouse, and the HTML report with its figures."""
