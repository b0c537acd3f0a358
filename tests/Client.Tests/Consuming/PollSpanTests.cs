using System.Collections.Concurrent;
using System.Diagnostics;
using Loire.Client.Tests.Nodes;
using Loire.Model;

namespace Loire.Client.Tests.Consuming;

/// <summary>A listener to spans hears every test of the process, so it looks only at a client id of its own.</summary>
public sealed class PollSpanTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Fact]
    public async Task A_fetch_has_a_root_span_that_is_recorded_if_it_returned_records()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 5));
        var spans = new ConcurrentQueue<Activity>();
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LoireTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Tags!.Contains(new("messaging.client.id", "poller")) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.GetTagItem("messaging.client.id") is "poller")
                {
                    spans.Enqueue(span);
                    if (!span.Recorded)
                    {
                        idle.TrySetResult();
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var application = new Activity("application").Start();
        await using (var consumer = node.Client.CreateConsumer(new ConsumerOptions<string, string>
        {
            ClientId = "poller",
            AutoOffsetReset = OffsetSpec.Earliest,
            FetchMaxWait = TimeSpan.FromMilliseconds(1),
        }))
        {
            await consumer.AssignAsync([new TopicPartition(topic, 0)]);
            await foreach (var record in consumer.ConsumeAsync())
            {
                if (record.Offset == 4)
                {
                    break;
                }
            }

            // Fetches run ahead of the application: the next one finds nothing.
            await idle.Task;
        }

        var poll = Assert.Single(spans, span => span.Recorded);
        Assert.Equal(($"poll {topic}", ActivityKind.Client, null), (poll.DisplayName, poll.Kind, poll.Parent));
        Assert.Equal(
            ("receive", "0", "poller", 5L),
            (poll.GetTagItem("messaging.operation.type"), poll.GetTagItem("messaging.destination.partition.id"), poll.GetTagItem("messaging.client.id"),
                poll.GetTagItem("messaging.batch.message_count")));
    }
}
