-- A warehouse as the release with state version 1 left it: one table, published
-- twice, once failed and once found up to date.
CREATE SCHEMA _assets;
CREATE TABLE _assets.meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE _assets.runs (run VARCHAR NOT NULL, environment VARCHAR NOT NULL, began TIMESTAMPTZ NOT NULL, ended TIMESTAMPTZ NOT NULL,
	status VARCHAR NOT NULL, built BIGINT NOT NULL, unchanged BIGINT NOT NULL, failed BIGINT NOT NULL, skipped BIGINT NOT NULL, dropped BIGINT NOT NULL, engine VARCHAR NOT NULL);
CREATE TABLE _assets.materializations (environment VARCHAR NOT NULL, asset VARCHAR NOT NULL, interval_start TIMESTAMPTZ, interval_end TIMESTAMPTZ,
	id VARCHAR NOT NULL, run VARCHAR NOT NULL, status VARCHAR NOT NULL, version VARCHAR, "rows" BIGINT, began TIMESTAMPTZ, ended TIMESTAMPTZ, "table" VARCHAR, error VARCHAR, record VARCHAR NOT NULL);
CREATE TABLE _assets.current AS FROM _assets.materializations;
CREATE TABLE _assets.staged AS FROM _assets.materializations;
CREATE TABLE _assets.failures AS FROM _assets.materializations;
CREATE TABLE _assets.observations (source VARCHAR NOT NULL, version VARCHAR NOT NULL, columns VARCHAR NOT NULL, arrived TIMESTAMPTZ NOT NULL, seen TIMESTAMPTZ NOT NULL);
INSERT INTO _assets.meta VALUES ('state_version', '1');
INSERT INTO _assets.runs VALUES ('R1', 'prod', '2026-01-01 00:00:00Z', '2026-01-01 00:00:01Z', 'succeeded', 1, 0, 0, 0, 0, 'v1.5.5');
CREATE TABLE _assets."staging.orders@M2" AS SELECT 1 AS id;
CREATE SCHEMA staging;
CREATE VIEW staging.orders AS SELECT * FROM _assets."staging.orders@M2";
INSERT INTO _assets.materializations VALUES
	('prod', 'staging.orders', NULL, NULL, 'M1', 'R1', 'published', 'h2:1', 3, '2026-01-01 00:00:00Z', '2026-01-01 00:00:01Z', 'staging.orders@M1', '',
		'{"id":"M1","asset":"staging.orders","run":"R1","status":"published","table":"staging.orders@M1","made":{"id":"h2:1"},"rows":3,"checks":[{"check":"row_count","kind":"row_count","severity":"error","status":"passed","violations":0,"value":3},{"check":"positive","kind":"expression","severity":"warn","status":"warned","violations":2,"message":"2 of 3 rows","columns":["id"],"rows":[["-1"],["-2"]]}]}'),
	('prod', 'staging.orders', NULL, NULL, 'M2', 'R2', 'published', 'h2:2', 1, '2026-01-02 00:00:00Z', '2026-01-02 00:00:01Z', 'staging.orders@M2', '',
		'{"id":"M2","asset":"staging.orders","run":"R2","status":"published","table":"staging.orders@M2","made":{"id":"h2:2","columns":[{"name":"id","type":"INTEGER"}]},"rows":1,"checks":[{"check":"row_count","kind":"row_count","severity":"error","status":"passed","violations":0,"value":1}]}'),
	('prod', 'staging.orders', NULL, NULL, 'M3', 'R3', 'failed', 'h2:3', 0, '2026-01-03 00:00:00Z', '2026-01-03 00:00:01Z', '', 'check row_count: 0 rows',
		'{"id":"M3","asset":"staging.orders","run":"R3","status":"failed","made":{"id":"h2:3"},"rows":0,"checks":[{"check":"row_count","kind":"row_count","severity":"error","status":"failed","violations":1,"value":0,"message":"0 rows"}]}'),
	('prod', 'staging.orders', NULL, NULL, 'M4', 'R4', 'revalidated', 'h2:2', 1, '2026-01-02 00:00:00Z', '2026-01-02 00:00:01Z', 'staging.orders@M2', '',
		'{"id":"M4","asset":"staging.orders","run":"R4","status":"revalidated","table":"staging.orders@M2","made":{"id":"h2:2","columns":[{"name":"id","type":"INTEGER"}]},"rows":1,"checks":[{"check":"row_count","kind":"row_count","severity":"error","status":"passed","violations":0,"value":1}]}'),
	('prod', 'mart.bare', NULL, NULL, 'M5', 'R4', 'published', 'h2:2', 1, '2026-01-02 00:00:00Z', '2026-01-02 00:00:01Z', '', '', '{"id":"M5","asset":"mart.bare","run":"R4","status":"published"}');
INSERT INTO _assets.current SELECT * FROM _assets.materializations WHERE id = 'M4';
