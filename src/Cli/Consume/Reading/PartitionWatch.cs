using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume.Reading;

/// <summary>Detects partitions that are added while a topic is followed.</summary>
internal sealed class PartitionWatch(NodeClient node, string topic, Caller caller)
{
    /// <summary>The interval between requests for the number of partitions.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Waits until there are more partitions than <paramref name="known"/>. They are read from their first record, so none is missed
    /// meanwhile.
    /// </summary>
    public async Task<PartitionRange[]> MoreThanAsync(int known, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(Interval, caller.Time, cancellation);
            try
            {
                var count = await node.PartitionsCountAsync(topic, cancellation);
                if (count > known)
                {
                    caller.Terminal.Note($"the topic has {count} partitions now");
                    return [.. Enumerable.Range(known, count - known).Select(partition => new PartitionRange(partition, 0, null))];
                }
            }
            catch (NodeException)
            {
                // The readers of the partitions report failures.
            }
        }
    }
}
