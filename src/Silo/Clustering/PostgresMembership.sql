-- The membership tables of a cluster in PostgreSQL 12 or later, and the queries that Orleans' ADO.NET provider looks up by name.
--
-- The provider fixes the table OrleansQuery, the keys in it, the parameters of each query, and the names and types of result columns. Names of
-- tables and their columns are those of Orleans' own script, so a database that was set up with that script is taken over as it is.
--
-- Running it again changes nothing that is up to date. Run it in one transaction: psql -1 -f PostgresMembership.sql

-- Serializes concurrent runs: CREATE TABLE IF NOT EXISTS alone fails if two transactions create the same table. The key spells "loire".
SELECT pg_advisory_xact_lock(x'6c6f697265'::bigint);

CREATE TABLE IF NOT EXISTS OrleansQuery
(
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

-- One row a cluster. Version is the etag of the whole table: each insert and update of a member compares it and raises it by one.
CREATE TABLE IF NOT EXISTS OrleansMembershipVersionTable
(
    DeploymentId text PRIMARY KEY,
    Timestamp timestamptz NOT NULL DEFAULT now(),
    Version integer NOT NULL DEFAULT 0
);

-- One row a silo and start: Generation tells the starts of one address apart.
CREATE TABLE IF NOT EXISTS OrleansMembershipTable
(
    DeploymentId text NOT NULL REFERENCES OrleansMembershipVersionTable,
    Address text NOT NULL,
    Port integer NOT NULL,
    Generation integer NOT NULL,
    SiloName text NOT NULL,
    HostName text NOT NULL,
    Status integer NOT NULL,
    ProxyPort integer NOT NULL,
    SuspectTimes text,
    StartTime timestamptz NOT NULL,
    IAmAliveTime timestamptz NOT NULL,
    PRIMARY KEY (DeploymentId, Address, Port, Generation)
);

-- Each write is one statement. Concurrent writers queue on the lock of the version row, and PostgreSQL compares Version again once it has the lock:
-- of two writers that read the same version, the second one matches no row and gets false.
INSERT INTO OrleansQuery (QueryKey, QueryText)
VALUES
('InsertMembershipVersionKey', $$
WITH inserted AS (
    INSERT INTO OrleansMembershipVersionTable (DeploymentId)
    VALUES (@DeploymentId)
    ON CONFLICT DO NOTHING
    RETURNING DeploymentId
)
SELECT EXISTS (SELECT FROM inserted)
$$),
('InsertMembershipKey', $$
WITH won AS (
    UPDATE OrleansMembershipVersionTable
    SET Version = Version + 1, Timestamp = now()
    WHERE DeploymentId = @DeploymentId AND Version = @Version AND NOT EXISTS (
        SELECT FROM OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING DeploymentId
), inserted AS (
    INSERT INTO OrleansMembershipTable
        (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
    SELECT DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
    FROM won
    RETURNING DeploymentId
)
SELECT EXISTS (SELECT FROM inserted)
$$),
-- The provider gives rows no etags of their own. None is needed: a row changes only together with Version, but for IAmAliveTime.
('UpdateMembershipKey', $$
WITH won AS (
    UPDATE OrleansMembershipVersionTable
    SET Version = Version + 1, Timestamp = now()
    WHERE DeploymentId = @DeploymentId AND Version = @Version AND EXISTS (
        SELECT FROM OrleansMembershipTable
        WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation)
    RETURNING DeploymentId
), updated AS (
    UPDATE OrleansMembershipTable AS member
    SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime
    FROM won
    WHERE member.DeploymentId = won.DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
    RETURNING member.DeploymentId
)
SELECT EXISTS (SELECT FROM updated)
$$),
('UpdateIAmAlivetimeKey', $$
UPDATE OrleansMembershipTable
SET IAmAliveTime = @IAmAliveTime
WHERE DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
$$),
-- Both reads return the version even without members, in a row whose other columns are null.
('MembershipReadRowKey', $$
SELECT Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime, Version
FROM OrleansMembershipVersionTable AS cluster
LEFT JOIN OrleansMembershipTable AS member
    ON member.DeploymentId = cluster.DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation
WHERE cluster.DeploymentId = @DeploymentId
$$),
('MembershipReadAllKey', $$
SELECT Address, Port, Generation, SiloName, HostName, Status, ProxyPort, SuspectTimes, StartTime, IAmAliveTime, Version
FROM OrleansMembershipVersionTable AS cluster
LEFT JOIN OrleansMembershipTable AS member ON member.DeploymentId = cluster.DeploymentId
WHERE cluster.DeploymentId = @DeploymentId
$$),
('GatewaysQueryKey', $$
SELECT Address, ProxyPort, Generation
FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0
$$),
-- The provider passes the time before which a silo was last alive; 3 is Active. A silo that never reported was alive when it started.
('CleanupDefunctSiloEntriesKey', $$
DELETE FROM OrleansMembershipTable
WHERE DeploymentId = @DeploymentId AND Status <> 3 AND greatest(StartTime, IAmAliveTime) < @IAmAliveTime
$$),
-- The lock on the version row keeps out writers that would insert a member between the two deletions.
('DeleteMembershipTableEntriesKey', $$
SELECT FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId FOR UPDATE;
DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId;
DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId
$$)
ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText
WHERE OrleansQuery.QueryText <> excluded.QueryText;
