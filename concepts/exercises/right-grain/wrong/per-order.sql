SELECT c.country, o.amount AS revenue, sum(i.quantity) AS pieces,
       (SELECT coalesce(sum(amount), 0) FROM payments p WHERE p.order_id = o.order_id) AS paid
FROM orders o JOIN customers c USING (customer_id) JOIN order_items i USING (order_id)
GROUP BY c.country, o.order_id, o.amount ORDER BY c.country;
