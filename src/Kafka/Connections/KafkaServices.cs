using Loire.Kafka.Requests;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Connections;

/// <summary>What all connections of a process share.</summary>
/// <param name="Apis">Who serves what.</param>
/// <param name="Bytes">The bytes of requests under way.</param>
/// <param name="Options">The bounds of connections.</param>
/// <param name="Refusals">Logs what breaks the protocol.</param>
/// <param name="Metrics">The instruments.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Logs connections that are closed, and bugs.</param>
public sealed record KafkaServices(
    ServedApis Apis, RequestBytes Bytes, IOptions<KafkaConnectionOptions> Options, RefusedConnections Refusals, KafkaMetrics Metrics, TimeProvider Time,
    ILogger<KafkaServices> Logger);
