WITH item AS (
  SELECT order_id, sum(quantity) AS pieces FROM order_items GROUP BY order_id),
payment AS (
  SELECT order_id, sum(amount) AS paid FROM payments GROUP BY order_id)
SELECT c.country, sum(DISTINCT o.amount) AS revenue, sum(i.pieces) AS pieces, sum(p.paid) AS paid
FROM orders o JOIN customers c USING (customer_id)
JOIN item i USING (order_id)
LEFT JOIN payment p USING (order_id)
GROUP BY c.country ORDER BY c.country;
