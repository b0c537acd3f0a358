using System.Diagnostics;
using System.Globalization;

namespace Loire.WebApi.Operations;

/// <summary>
/// The spans of the HTTP API by OpenTelemetry's conventions for messaging: children of ASP.NET's span of the request, parents of the spans
/// of grain calls. Without a listener there is no span and no allocation.
/// </summary>
internal static class ApiTraces
{
    private static readonly ActivitySource Source = new("Loire.WebApi");

    /// <summary>Starts the span <c>send {topic}</c> of a request that appends records; a null partition means several.</summary>
    public static Activity? StartSend(string topic, int? partition) =>
        Source.HasListeners() ? Start("send", "send", ActivityKind.Producer, topic, partition) : null;

    /// <summary>Starts the span <c>poll {topic}</c> of one fetch.</summary>
    public static Activity? StartPoll(string topic, int partition) =>
        Source.HasListeners() ? Start("poll", "receive", ActivityKind.Client, topic, partition) : null;

    /// <summary>Sets the number of records of a span.</summary>
    public static void SetMessageCount(this Activity? activity, long records) => activity?.SetTag("messaging.batch.message_count", records);

    private static Activity? Start(string operation, string operationType, ActivityKind kind, string topic, int? partition)
    {
        // The system is Kafka's: dashboards know it, and the semantics are the same.
        var activity = Source.StartActivity($"{operation} {topic}", kind)
            ?.SetTag("messaging.system", "kafka")
            .SetTag("messaging.operation.name", operation)
            .SetTag("messaging.operation.type", operationType)
            .SetTag("messaging.destination.name", topic);
        return partition is { } one
            ? activity?.SetTag("messaging.destination.partition.id", one.ToString(CultureInfo.InvariantCulture))
            : activity;
    }
}
