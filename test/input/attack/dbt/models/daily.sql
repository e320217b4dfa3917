{{ config(materialized='table') }}
select day, count(*) as orders, sum(amount) as amount from {{ ref('raw_orders') }} group by day
