db.execute("INSERT INTO warehouse SELECT id FROM orders")
