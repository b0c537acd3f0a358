using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// The names of the client's spans and instruments: OpenTelemetry's conventions for messaging, which are still in development, so they may
/// change. Without a listener nothing is measured or traced. The meter belongs to the <see cref="IMeterFactory"/> that the client is given.
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

    // Kafka's: dashboards know it, and the semantics are the same.
    private const string SystemValue = "kafka";

    internal static readonly ActivitySource Activities = new(ActivitySourceName);

    /// <summary>Starts a span; null without a listener.</summary>
    internal static Activity? Start(string operation, string operationType, ActivityKind kind, TopicName topic, string clientId) =>
        Activities.HasListeners() ? StartListened(operation, operationType, kind, topic, clientId) : null;

    /// <summary>
    /// Starts the root span <c>poll {topic}</c> of one fetch; null without a listener. Fetches run ahead of the application, so none of its
    /// spans is their parent.
    /// </summary>
    internal static Activity? StartPoll(TopicPartition partition, string clientId)
    {
        if (!Activities.HasListeners())
        {
            return null;
        }

        Activity.Current = null;
        return StartListened(PollOperation, ReceiveType, ActivityKind.Client, partition.Topic, clientId)
            ?.SetTag(PartitionId, partition.Partition.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Completes a poll's span. One without records is not recorded: an idle consumer polls all the time.</summary>
    internal static void EndPoll(Activity? activity, long records, ErrorCode error)
    {
        if (activity is null)
        {
            return;
        }

        if (error != ErrorCode.None)
        {
            activity.SetTag(ErrorType, ErrorCodes.Describe(error).Name).SetStatus(ActivityStatusCode.Error);
        }
        else if (records > 0)
        {
            activity.SetTag(MessageCount, records);
        }
        else
        {
            activity.IsAllDataRequested = false;
            activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }

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

    /// <summary>The attributes of a measurement of one partition.</summary>
    internal static TagList Tags(string operation, string operationType, TopicName topic, int partition, ErrorCode error)
    {
        var tags = new TagList
        {
            { System, SystemValue },
            { OperationName, operation },
            { OperationType, operationType },
            { DestinationName, topic.Value },
            { PartitionId, partition.ToString(CultureInfo.InvariantCulture) },
        };
        if (error != ErrorCode.None)
        {
            tags.Add(ErrorType, ErrorCodes.Describe(error).Name);
        }

        return tags;
    }

    private static Activity? StartListened(string operation, string operationType, ActivityKind kind, TopicName topic, string clientId) =>
        Activities.StartActivity(
            kind,
            tags:
            [
                new(System, SystemValue),
                new(OperationName, operation),
                new(OperationType, operationType),
                new(DestinationName, topic.Value),
                new(ClientId, clientId),
            ],
            name: $"{operation} {topic}");
}
