using System.ComponentModel.DataAnnotations;

namespace Loire.Kafka.Connections;

/// <summary>The bounds of connections.</summary>
public sealed class KafkaConnectionOptions
{
    /// <summary>Bytes of requests that a connection may have under way; a larger one comes alone.</summary>
    [Range(1, int.MaxValue)]
    public long ConnectionBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of requests that all connections together may have under way. Beyond it, connections are not read from.</summary>
    [Range(1, long.MaxValue)]
    public long ProcessBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Requests that a connection may have under way. Beyond it, it is not read from.</summary>
    [Range(1, 100_000)]
    public int ConnectionRequests { get; set; } = 256;

    /// <summary>After how long a connection without a request is closed (Kafka's <c>connections.max.idle.ms</c>).</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the rest of a request may take to arrive, and how long the client may read nothing of an answer. Then the connection is closed.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(1);
}
