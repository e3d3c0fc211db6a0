-- name: CreateOrder :one
INSERT INTO orders (id, name, price, quantity, paid, made) VALUES ($1, $2, $3, $4, $5, $6) RETURNING *;

-- name: GetOrder :one
SELECT * FROM orders WHERE id = $1;

-- name: ListOrders :many
SELECT id, name FROM orders WHERE quantity < $1 AND name <> 'hunter2 in a literal' ORDER BY id;

-- name: PayOrders :execrows
UPDATE orders SET paid = true WHERE price < $1;

-- name: DeleteOrder :exec
DELETE FROM orders WHERE id = $1;
