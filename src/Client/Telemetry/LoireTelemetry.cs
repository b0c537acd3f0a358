using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Every name under which the client tells what it does: OpenTelemetry's conventions for messaging, which are still in development, so
/// they may change with them. Nothing is measured or traced while nobody listens.
/// </summary>
public static class LoireTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/>.</summary>
    public const string ActivitySourceName = "Loire.Client";

    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string MeterName = "Loire.Client";

    internal const string SendOperation = "send";
    internal const string PollOperation = "poll";
    internal const string ProcessOperation = "process";
    internal const string SendType = "send";
    internal const string ReceiveType = "receive";
    internal const string ProcessType = "process";

    internal const string System = "messaging.system";
    internal const string OperationName = "messaging.operation.name";
    internal const string OperationType = "messaging.operation.type";
    internal const string DestinationName = "messaging.destination.name";
    internal const string PartitionId = "messaging.destination.partition.id";
    internal const string ClientId = "messaging.client.id";
    internal const string ConsumerGroup = "messaging.consumer.group.name";
    internal const string MessageCount = "messaging.batch.message_count";
    internal const string Offset = "messaging.kafka.offset";
    internal const string Tombstone = "messaging.kafka.message.tombstone";
    internal const string ErrorType = "error.type";

    // What dashboards know, and what the semantics are.
    private const string SystemValue = "kafka";

    internal static readonly ActivitySource Activities = new(ActivitySourceName);
    internal static readonly Meter Meter = new(MeterName);

    internal static readonly Counter<long> SentMessages =
        Meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Records that ended: acknowledged, or with error.type.");

    internal static readonly Counter<long> ConsumedMessages =
        Meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Records handed to the application.");

    internal static readonly Histogram<double> OperationDuration = Meter.CreateHistogram(
        "messaging.client.operation.duration", "s", "Duration of an append or a fetch.", advice: Seconds);

    internal static readonly Histogram<double> ProcessDuration = Meter.CreateHistogram(
        "messaging.process.duration", "s", "Duration of the application's work on a record or a batch.", advice: Seconds);

    private static InstrumentAdvice<double> Seconds => new()
    {
        HistogramBucketBoundaries = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10],
    };

    /// <summary>Starts a span; null while nobody listens.</summary>
    internal static Activity? Start(string operation, string operationType, ActivityKind kind, string topic, string clientId) =>
        Activities.HasListeners() ? StartListened(operation, operationType, kind, topic, clientId) : null;

    /// <summary>Ends a span that failed.</summary>
    internal static void Fail(Activity? activity, Exception? exception)
    {
        if (activity is not null && exception is not null)
        {
            activity.SetTag(ErrorType, ErrorName(exception));
            activity.SetStatus(ActivityStatusCode.Error, exception.Message);
        }
    }

    /// <summary>Kafka's name of an error, or the type of an exception that has none.</summary>
    internal static string ErrorName(Exception exception) =>
        exception is LoireException loire ? ErrorCodes.Describe(loire.Code).Name : exception.GetType().FullName!;

    /// <summary>What each measurement about a topic's partition says.</summary>
    internal static TagList Tags(string operation, string operationType, string topic, int partition, ErrorCode error)
    {
        var tags = new TagList
        {
            { System, SystemValue },
            { OperationName, operation },
            { OperationType, operationType },
            { DestinationName, topic },
            { PartitionId, partition.ToString(CultureInfo.InvariantCulture) },
        };
        if (error != ErrorCode.None)
        {
            tags.Add(ErrorType, ErrorCodes.Describe(error).Name);
        }

        return tags;
    }

    private static Activity? StartListened(string operation, string operationType, ActivityKind kind, string topic, string clientId) =>
        Activities.StartActivity(
            kind,
            tags:
            [
                new(System, SystemValue),
                new(OperationName, operation),
                new(OperationType, operationType),
                new(DestinationName, topic),
                new(ClientId, clientId),
            ],
            name: $"{operation} {topic}");
}
