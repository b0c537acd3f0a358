using System.Diagnostics;

namespace Loire.Client.Hosting;

/// <summary>The span <c>process {topic}</c> of a handler's call, linked to the span that produced the record, and its duration.</summary>
internal static class HandlerTelemetry
{
    public static Activity? Start(TopicPartitionOffset position, Headers headers, string consumer)
    {
        if (!LoireTelemetry.Activities.HasListeners())
        {
            return null;
        }

        var activity = LoireTelemetry.Start(
            LoireTelemetry.ProcessOperation, LoireTelemetry.ProcessType, ActivityKind.Consumer, position.Topic, consumer);
        DistributedContextPropagator.Current.ExtractTraceIdAndState(headers, Read, out var parent, out var state);
        if (ActivityContext.TryParse(parent, state, isRemote: true, out var producer))
        {
            activity?.AddLink(new ActivityLink(producer));
        }

        return activity?.SetTag(LoireTelemetry.PartitionId, position.Partition.ToString(System.Globalization.CultureInfo.InvariantCulture))
            .SetTag(LoireTelemetry.Offset, position.Offset);
    }

    public static void End(
        ClientMetrics metrics, Activity? activity, TopicPartitionOffset position, TimeSpan elapsed, Exception? failure)
    {
        if (failure is not null)
        {
            LoireTelemetry.Fail(activity, failure);
        }

        metrics.Processed(position.TopicPartition, elapsed, failure);
    }

    private static void Read(object? carrier, string name, out string? value, out IEnumerable<string>? values)
    {
        value = ((Headers)carrier!).TryGetLast(name, out var header) ? header.Text : null;
        values = null;
    }
}
