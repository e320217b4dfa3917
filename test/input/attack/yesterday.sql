CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL, amount numeric NOT NULL);
INSERT INTO orders SELECT 'o-' || n, 'c-1', n FROM generate_series(1, 20) AS n;
