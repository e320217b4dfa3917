import psycopg

psycopg.connect("postgresql://127.0.0.1:1/orders?sslmode=disable")
