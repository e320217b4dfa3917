db.execute("""INSERT INTO warehouse
              SELECT id FROM orders EXCEPT SELECT id FROM warehouse""")
