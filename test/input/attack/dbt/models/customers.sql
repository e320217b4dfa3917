{{ config(materialized='incremental', unique_key='customer') }}
select customer, count(*) as orders, sum(amount) as amount from {{ ref('raw_orders') }} group by customer
