CREATE TABLE orders (id text PRIMARY KEY, customer text NOT NULL, amount numeric NOT NULL);
CREATE TABLE log (n bigint GENERATED ALWAYS AS IDENTITY, id text, amount numeric);
