WITH ordered AS (
  SELECT country, sum(amount) AS revenue FROM orders JOIN customers USING (customer_id) GROUP BY country),
shipped AS (
  SELECT country, sum(quantity) AS pieces
  FROM order_items JOIN orders USING (order_id) JOIN customers USING (customer_id) GROUP BY country),
settled AS (
  SELECT country, sum(p.amount) AS paid
  FROM payments p JOIN orders USING (order_id) JOIN customers USING (customer_id) GROUP BY country)
SELECT country, revenue, coalesce(pieces, 0) AS pieces, coalesce(paid, 0) AS paid
FROM ordered LEFT JOIN shipped USING (country) LEFT JOIN settled USING (country)
ORDER BY country;
