SELECT c.country, sum(DISTINCT o.amount) AS revenue,
       sum(DISTINCT i.quantity) AS pieces, sum(DISTINCT p.amount) AS paid
FROM orders o JOIN customers c USING (customer_id)
JOIN order_items i USING (order_id)
JOIN payments p USING (order_id)
GROUP BY c.country ORDER BY c.country;
