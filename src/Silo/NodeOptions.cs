using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using Loire.Kafka.Requests;
using Loire.WebApi.RestProxy.Consumers;

namespace Loire.Silo;

/// <summary>The store that keeps a node's data.</summary>
public enum StoreKind
{
    /// <summary>Files on this machine.</summary>
    File,

    /// <summary>Azure Blob Storage.</summary>
    Azure,
}

/// <summary>The store of Orleans' membership table, in which the silos of a cluster find each other.</summary>
public enum ClusteringKind
{
    /// <summary>None: the node is alone.</summary>
    None,

    /// <summary>PostgreSQL.</summary>
    Postgres,

    /// <summary>Azure Table Storage.</summary>
    Azure,

    /// <summary>Redis. A failover of Redis may lose a membership change, so only a single durable server suits production.</summary>
    Redis,
}

/// <summary>The header in which proxies say how a client reached them.</summary>
public enum ForwardedHeaderKind
{
    /// <summary><c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Prefix</c>.</summary>
    XForwarded,

    /// <summary><c>Forwarded</c> (RFC 7239).</summary>
    Forwarded,
}

/// <summary>
/// The options of a node. <see cref="NodeConfiguration"/> binds them to the command line, the environment and appsettings.json under the
/// names in their <see cref="NodeSettingAttribute"/>; <see cref="NodeOptionsValidator"/> validates them before anything starts.
/// </summary>
public sealed class NodeOptions
{
    /// <summary>Directory of the file store.</summary>
    [NodeSetting("data", "DIR", "directory of the file store (./data)", Expected = "a directory")]
    [Required(AllowEmptyStrings = false)]
    public string Data { get; set; } = "./data";

    /// <summary>The addresses on which the HTTP API listens.</summary>
    [NodeSetting(
        "urls", "URL", "where the HTTP API listens; several separated by ';' (http://127.0.0.1:8080)",
        Expected = "http://ADDRESS:PORT with an IP address or localhost, and nothing behind it")]
    [TypeConverter(typeof(EndpointsConverter)), MinLength(1)]
    public IReadOnlyList<IPEndPoint> Endpoints { get; set; } = [new IPEndPoint(IPAddress.Loopback, 8080)];

    /// <summary>The addresses on which the HTTP API listens for HTTP/2 without TLS; without TLS, one port cannot serve both versions.</summary>
    [NodeSetting(
        "http2-urls", "URL", "where the HTTP API listens for HTTP/2 without TLS, by prior knowledge; several separated by ';' (none)",
        Expected = "http://ADDRESS:PORT with an IP address or localhost, and nothing behind it")]
    [TypeConverter(typeof(EndpointsConverter)), Required]
    public IReadOnlyList<IPEndPoint> Http2Endpoints { get; set; } = [];

    /// <summary>The URL at which clients reach the HTTP API, as the list of brokers states it; null is the first of <see cref="Endpoints"/>.</summary>
    [NodeSetting(
        "advertised-url", "URL", "where clients reach the HTTP API, for the list of brokers (the first of --urls)",
        Expected = "an absolute URL with http or https")]
    [HttpUrl]
    public Uri? AdvertisedUrl { get; set; }

    /// <summary>
    /// The addresses on which clients of Kafka's protocol are served. A node that is started by its executable has <see cref="DefaultKafkaEndpoint"/> unless it is
    /// told otherwise; a host that embeds a node owns its ports, and there it is none.
    /// </summary>
    [NodeSetting(
        "kafka", "ADDRESS:PORT", "where clients of Kafka's protocol are served; several separated by ';', or none (127.0.0.1:9092)",
        Expected = "none, or IP addresses with ports such as 127.0.0.1:9092")]
    [TypeConverter(typeof(KafkaEndpointsConverter)), Required]
    public IReadOnlyList<IPEndPoint> KafkaEndpoints { get; set; } = [];

    /// <summary>Where Kafka's clients look for a broker of their own machine.</summary>
    public static IPEndPoint DefaultKafkaEndpoint => new(IPAddress.Loopback, 9092);

    /// <summary>
    /// Where clients reach each of <see cref="KafkaEndpoints"/>, in their order, as Metadata tells them; empty for the addresses themselves.
    /// </summary>
    [NodeSetting(
        "kafka-advertised", "HOST:PORT", "where clients of Kafka's protocol reach each address of --kafka, in the same order (the addresses themselves)",
        Expected = "names or addresses with ports such as broker-1:9092, as many as --kafka has")]
    [TypeConverter(typeof(AdvertisedAddressesConverter)), Required]
    public IReadOnlyList<AdvertisedAddress> KafkaAdvertised { get; set; } = [];

    /// <summary>Whether topics that clients of Kafka's protocol ask for are created (Kafka's <c>auto.create.topics.enable</c>).</summary>
    [NodeSetting(
        "auto-create-topics", "true|false", "create the topics that clients of Kafka's protocol ask for, if they allow it (true)", Expected = "true or false")]
    public bool AutoCreateTopics { get; set; } = true;

    /// <summary>The partitions of topics that are created without a number (Kafka's <c>num.partitions</c>), by clients of Kafka's protocol.</summary>
    [NodeSetting(
        "num-partitions", "N", "partitions of topics that clients of Kafka's protocol create without a number (1)", Expected = "a number from 1 to 10000")]
    [Range(1, 10_000)]
    public int NumPartitions { get; set; } = 1;

    /// <summary>Allows addresses other than loopback, although there is no authentication.</summary>
    [NodeSetting(
        "insecure", null,
        "allow URLs beyond this machine: there is no authentication yet, so anyone who reaches them can read, write and delete everything",
        Expected = "true or false")]
    public bool Insecure { get; set; }

    /// <summary>The store.</summary>
    [NodeSetting("storage", "file|azure", "the store (file)", Expected = "file or azure")]
    [TypeConverter(typeof(StorageConverter)), EnumDataType(typeof(StoreKind))]
    public StoreKind Storage { get; set; }

    /// <summary>Connection string of the storage account; only for <see cref="StoreKind.Azure"/>.</summary>
    [NodeSetting(
        "azure-connection", "STRING",
        "connection string of the storage account; prefer LOIRE_AZURE_CONNECTION, which no process list shows",
        Expected = "a connection string such as UseDevelopmentStorage=true")]
    [AzureConnectionString]
    public string? AzureConnection { get; set; }

    /// <summary>
    /// The account's service of blobs, reached with an identity that the environment grants instead of <see cref="AzureConnection"/>; only for
    /// <see cref="StoreKind.Azure"/>.
    /// </summary>
    [NodeSetting(
        "azure-account", "URL",
        "the storage account's service of blobs, reached with a managed identity or another one that the environment grants, instead of a connection string",
        Expected = "an https URL such as https://NAME.blob.core.windows.net")]
    [HttpsUrl]
    public Uri? AzureAccount { get; set; }

    /// <summary>Blob container; only for <see cref="StoreKind.Azure"/>.</summary>
    [NodeSetting("azure-container", "NAME", "blob container (loire)", Expected = "3 to 63 of a-z, 0-9 and single '-' between them")]
    [Required, RegularExpression("(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")]
    public string AzureContainer { get; set; } = "loire";

    /// <summary>Name of the cluster.</summary>
    [NodeSetting("cluster-id", "NAME", "name of the cluster (loire)", Expected = "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")]
    [Required, RegularExpression("[A-Za-z0-9._-]{1,64}")]
    public string ClusterId { get; set; } = "loire";

    /// <summary>Orleans' name of the service, which Redis keeps beside the cluster's; null is <see cref="ClusterId"/>.</summary>
    [NodeSetting(
        "service-id", "NAME", "Orleans' name of the service (the name of the cluster)", Expected = "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")]
    [RegularExpression("[A-Za-z0-9._-]{1,64}")]
    public string? ServiceId { get; set; }

    /// <summary>Where the nodes of the cluster find each other; with anything but <see cref="ClusteringKind.None"/> the store must be shared.</summary>
    [NodeSetting(
        "clustering", "none|postgres|azure|redis", "where the nodes of a cluster find each other; none for a single node (none)",
        Expected = "none, postgres, azure or redis")]
    [TypeConverter(typeof(ClusteringConverter)), EnumDataType(typeof(ClusteringKind))]
    public ClusteringKind Clustering { get; set; }

    /// <summary>
    /// Connection string of the database of <see cref="Clustering"/>; null for <see cref="ClusteringKind.Azure"/> is <see cref="AzureConnection"/>, or the
    /// tables of <see cref="AzureAccount"/>.
    /// </summary>
    [NodeSetting(
        "clustering-connection", "STRING",
        "connection string of the database that --clustering names; prefer LOIRE_CLUSTERING_CONNECTION, which no process list shows",
        Expected = "a connection string")]
    [MinLength(1)]
    public string? ClusteringConnection { get; set; }

    /// <summary>The broker's id, unique in its cluster. A file store belongs to the broker that created it.</summary>
    [NodeSetting("node-id", "N", "the broker's id, unique in its cluster (0)", Expected = "a whole number from 0 to 2147483647")]
    [Range(0, int.MaxValue)]
    public int NodeId { get; set; }

    /// <summary>Name of the rack or zone in which the node runs; null if there is none.</summary>
    [NodeSetting("rack", "NAME", "the rack or zone in which the node runs (none)", Expected = "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")]
    [RegularExpression("[A-Za-z0-9._-]{1,64}")]
    public string? Rack { get; set; }

    /// <summary>The address on which the silo and its gateway listen, and at which the other silos reach it.</summary>
    [NodeSetting(
        "silo-address", "ADDRESS", "address of this node for other silos and Orleans clients (127.0.0.1)",
        Expected = "an IP address that other nodes can reach, not a wildcard")]
    [TypeConverter(typeof(AddressConverter)), OneAddress]
    public IPAddress SiloAddress { get; set; } = IPAddress.Loopback;

    /// <summary>Port for other silos; 0 for any free one.</summary>
    [NodeSetting("silo-port", "PORT", "port for other silos; 0 for any free one (0)", Expected = "a whole number from 0 to 65535")]
    [Range(0, 65_535)]
    public int SiloPort { get; set; }

    /// <summary>Port for Orleans clients; 0 for none. A client that reaches it has the privileges of a silo.</summary>
    [NodeSetting("gateway-port", "PORT", "port for Orleans clients; 0 for none (0)", Expected = "a whole number from 0 to 65535")]
    [Range(0, 65_535)]
    public int GatewayPort { get; set; }

    /// <summary>
    /// File with the silo's certificate in PEM form. With it, silos and Orleans clients must prove by certificates of
    /// <see cref="TlsAuthority"/> that they belong to the cluster.
    /// </summary>
    [NodeSetting(
        "tls-cert", "FILE", "certificate of this silo, PEM, for TLS between silos and to Orleans clients, which must prove themselves too (none)",
        Expected = "a file")]
    [MinLength(1)]
    public string? TlsCertificate { get; set; }

    /// <summary>File with the private key of <see cref="TlsCertificate"/> in PEM form, not encrypted.</summary>
    [NodeSetting("tls-key", "FILE", "private key of --tls-cert, PEM", Expected = "a file")]
    [MinLength(1)]
    public string? TlsKey { get; set; }

    /// <summary>File with the certificates, in PEM form, of the authorities whose certificates silos and Orleans clients must have.</summary>
    [NodeSetting("tls-ca", "FILE", "the authorities that certify the silos and Orleans clients of the cluster, PEM", Expected = "a file")]
    [MinLength(1)]
    public string? TlsAuthority { get; set; }

    /// <summary>Allows a <see cref="SiloAddress"/> beyond loopback without TLS, although anyone who reaches it may call any grain.</summary>
    [NodeSetting(
        "insecure-silo", null, "allow a silo address beyond this machine without TLS: anyone who reaches it can call every grain",
        Expected = "true or false")]
    public bool InsecureSilo { get; set; }

    /// <summary>
    /// Declares a peer dead as soon as its connections have dropped and it refuses new ones, instead of after some missed probes. Off for silos
    /// behind proxies or address translation, which may refuse connections that their silo would accept.
    /// </summary>
    [NodeSetting(
        "peer-watch", "on|off", "declare a peer dead as soon as its process has ended; off behind proxies and address translation (on)",
        Expected = "on or off")]
    [TypeConverter(typeof(SwitchConverter))]
    public bool WatchPeers { get; set; } = true;

    /// <summary>The time between syncs, and so the writes that a power failure may lose; null syncs before every acknowledgement.</summary>
    [NodeSetting(
        "fsync", "always|MS",
        "sync before every acknowledgement, or only every MS milliseconds: a power cut may then lose that much (always)",
        Expected = "always, or milliseconds from 1 to 60000")]
    [TypeConverter(typeof(SyncIntervalConverter)), Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan? SyncInterval { get; set; }

    /// <summary>
    /// The node's memory budget in bytes, which its cache, requests, appends and reads share, at least 64 MiB: work that finds no room waits or is
    /// refused with a retriable error. Null is half of the memory that the process may use, and at most 4 GiB. The process takes more: half
    /// as much again is a safe limit for a container.
    /// </summary>
    [NodeSetting(
        "memory-mb", "MB", "the node's memory budget (half of what the process may use, at most 4096)",
        Expected = "a whole number from 64 to 1000000")]
    [TypeConverter(typeof(MegabytesConverter)), Range(NodeMemory.MinBudgetBytes, 1_000_000d * 1024 * 1024)]
    public long? MemoryBytes { get; set; }

    /// <summary>
    /// Size of the cache of stored objects for reads, in bytes, within the memory budget and at most three quarters of it. Null is a quarter.
    /// </summary>
    [NodeSetting("cache-mb", "MB", "memory for reads, of the budget (a quarter)", Expected = "a whole number from 0 to 1000000")]
    [TypeConverter(typeof(MegabytesConverter)), Range(0, 1_000_000d * 1024 * 1024)]
    public long? CacheBytes { get; set; }

    /// <summary>The least time between two durable writes of a partition.</summary>
    [NodeSetting(
        "commit-interval", "MS",
        "how long a partition that is being written gathers appends from one durable write to the next: fewer requests to a store that charges for them (0)",
        Expected = "milliseconds from 0 to 10000")]
    [TypeConverter(typeof(MillisecondsConverter)), Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan CommitInterval { get; set; }

    /// <summary>How long the first member of an empty group waits for others before anything is assigned.</summary>
    [NodeSetting(
        "group-initial-rebalance-delay", "MS",
        "how long the first member of an empty group waits for others before it is assigned anything (3000)", Expected = "milliseconds from 0 to 300000")]
    [TypeConverter(typeof(MillisecondsConverter)), Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan GroupInitialRebalanceDelay { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often partitions are searched for records that their topics no longer keep.</summary>
    [NodeSetting(
        "retention-check-interval", "MS", "how often partitions delete what their topics no longer keep (300000)",
        Expected = "milliseconds from 1 to 86400000")]
    [TypeConverter(typeof(MillisecondsConverter)), Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan RetentionCheckInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often open partitions of compacted topics are asked whether to compact.</summary>
    [NodeSetting(
        "compaction-check-interval", "MS", "how often partitions of compacted topics are asked whether to compact (15000)",
        Expected = "milliseconds from 1 to 86400000")]
    [TypeConverter(typeof(MillisecondsConverter)), Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan CompactionCheckInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes in which compaction remembers keys.</summary>
    [NodeSetting(
        "compaction-memory-mb", "MIB", "memory in which compaction remembers keys, about 30 bytes for each; more keys take more passes (64)",
        Expected = "megabytes from 1 to 65536")]
    [TypeConverter(typeof(MegabytesConverter)), Range(1d * 1024 * 1024, 65_536d * 1024 * 1024)]
    public long CompactionMemoryBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Bytes that compaction reads and writes in a second on average.</summary>
    [NodeSetting(
        "compaction-bytes-per-second", "BYTES", "what compaction reads and writes in a second on average (100000000)",
        Expected = "bytes from 1000000 to 1000000000000")]
    [Range(1_000_000d, 1_000_000_000_000d)]
    public long CompactionBytesPerSecond { get; set; } = 100_000_000;

    /// <summary>Bytes in which partitions remember where the last record of each key lies.</summary>
    [NodeSetting(
        "key-index-memory-mb", "MIB", "memory in which partitions of compacted topics that are asked for keys remember them, 30 to 60 bytes for each (64)",
        Expected = "megabytes from 1 to 65536")]
    [TypeConverter(typeof(MegabytesConverter)), Range(1d * 1024 * 1024, 65_536d * 1024 * 1024)]
    public long KeyIndexBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>How long partitions remember an idempotent producer that appends nothing.</summary>
    [NodeSetting(
        "producer-id-expiration", "MS", "how long partitions remember an idempotent producer that appends nothing (86400000)",
        Expected = "milliseconds from 1 to 2147483647")]
    [TypeConverter(typeof(MillisecondsConverter)), Range(typeof(TimeSpan), "00:00:00.001", "24.20:31:23.647")]
    public TimeSpan ProducerIdExpiration { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// The networks of proxies that may say how a client reached them, in the header that <see cref="ForwardedHeader"/> names; without any, no
    /// such header is read. A proxy must set or remove that header in every request.
    /// </summary>
    [NodeSetting(
        "trusted-proxies", "NETWORK",
        "proxies whose word on the client's scheme, host and path prefix is taken for links and base_uri; several separated by ';' (none)",
        Expected = "IP addresses or networks such as 10.0.0.0/8, separated by ';'")]
    [TypeConverter(typeof(NetworksConverter)), Required]
    public IReadOnlyList<IPNetwork> TrustedProxies { get; set; } = [];

    /// <summary>
    /// The header of <see cref="TrustedProxies"/>. Only one is read: a proxy that sets one may pass on the other as a client sent it.
    /// </summary>
    [NodeSetting(
        "forwarded-header", "x-forwarded|forwarded",
        "the header that the trusted proxies set: X-Forwarded-For, -Proto, -Host and -Prefix, or Forwarded of RFC 7239 (x-forwarded)",
        Expected = "x-forwarded or forwarded")]
    [TypeConverter(typeof(ForwardedHeaderConverter)), EnumDataType(typeof(ForwardedHeaderKind))]
    public ForwardedHeaderKind ForwardedHeader { get; set; }

    /// <summary>The origins whose pages browsers let use the HTTP API (CORS): <c>SCHEME://HOST[:PORT]</c>, or <c>*</c> for any.</summary>
    [NodeSetting(
        "cors-origins", "ORIGIN",
        "web origins whose pages may use the HTTP API, such as https://app.example; several separated by ';'; '*' for any, a stranger's too (none)",
        Expected = "SCHEME://HOST or SCHEME://HOST:PORT with http or https, separated by ';', or '*'")]
    [TypeConverter(typeof(OriginsConverter)), Required]
    public IReadOnlyList<string> CorsOrigins { get; set; } = [];

    /// <summary>The maximum number of open HTTP connections; further ones are refused.</summary>
    [NodeSetting("max-connections", "N", "open HTTP connections (20000)", Expected = "a whole number from 1 to 1000000")]
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>
    /// The meaning of a committed offset in the v2 dialect of REST proxies, which is served beside the native API; null disables the
    /// dialect.
    /// </summary>
    [NodeSetting(
        "v2-api", "last-read|next-to-read|off",
        "the v2 API of REST proxies, by what a committed offset means: the last record read, as Confluent's, or the next one (last-read)",
        Expected = "last-read, next-to-read or off")]
    [TypeConverter(typeof(CommitMeaningConverter)), EnumDataType(typeof(CommitMeaning))]
    public CommitMeaning? V2Commits { get; set; } = CommitMeaning.LastRead;

    /// <summary>Collector that receives metrics and traces over OTLP; null exports nothing over OTLP.</summary>
    [NodeSetting(
        "otlp-endpoint", "URL", "send metrics and traces to this OpenTelemetry collector (none)",
        Expected = "an absolute URL with http or https", StandardVariable = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [HttpUrl]
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>
    /// Propagates trace contexts through grain calls, for a host that exports traces with its own pipeline; always on with an
    /// <see cref="OtlpEndpoint"/>. Off by default, because it adds two filters to every grain call.
    /// </summary>
    public bool PropagateTraces { get; set; }

    /// <summary>
    /// Serves the dashboard of Orleans at <c>/orleans</c>. It shows the serialized state of grains and has no authentication, so HTTP must listen on
    /// loopback only.
    /// </summary>
    [NodeSetting(
        "orleans-dashboard", null, "serve Orleans' dashboard at /orleans, only if all URLs are of this machine; give it to every node",
        Expected = "true or false")]
    public bool OrleansDashboard { get; set; }

    /// <summary>Writes logs as JSON lines.</summary>
    [NodeSetting("log-format", "text|json", "form of the log on standard output (text)", Expected = "text or json")]
    [TypeConverter(typeof(LogFormatConverter))]
    public bool JsonLogs { get; set; }

    /// <summary>The minimum level that is logged.</summary>
    [NodeSetting(
        "log-level", "LEVEL", "trace, debug, information, warning, error or critical (information)",
        Expected = "trace, debug, information, warning, error or critical")]
    [TypeConverter(typeof(LogLevelConverter)), EnumDataType(typeof(LogLevel))]
    public LogLevel LogLevel { get; set; } = LogLevel.Information;
}
