CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL, amount text NOT NULL);
