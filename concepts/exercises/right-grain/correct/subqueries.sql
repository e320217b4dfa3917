SELECT c.country, sum(o.amount) AS revenue,
       sum((SELECT coalesce(sum(quantity), 0) FROM order_items i WHERE i.order_id = o.order_id)) AS pieces,
       sum((SELECT coalesce(sum(p.amount), 0) FROM payments p WHERE p.order_id = o.order_id)) AS paid
FROM orders o JOIN customers c ON c.customer_id = o.customer_id
GROUP BY c.country ORDER BY c.country;
