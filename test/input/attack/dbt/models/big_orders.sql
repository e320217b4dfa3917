{{ config(materialized='incremental') }}
select id, day, amount from {{ ref('raw_orders') }} where amount > 60
