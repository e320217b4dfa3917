CREATE TABLE outbox (id text PRIMARY KEY, amount numeric NOT NULL);
CREATE TABLE sent (id text NOT NULL);
INSERT INTO outbox SELECT 'o-' || lpad(n::text, 2, '0'), n FROM generate_series(1, 20) AS n;
