CREATE TABLE orders (
    id bigint PRIMARY KEY,
    name text NOT NULL UNIQUE,
    price numeric(10, 2),
    quantity integer NOT NULL,
    paid boolean NOT NULL,
    made timestamptz,
    data jsonb,
    raw bytea
);
