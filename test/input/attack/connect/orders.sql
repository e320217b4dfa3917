CREATE TABLE orders (id text NOT NULL, customer text NOT NULL, amount text NOT NULL);
