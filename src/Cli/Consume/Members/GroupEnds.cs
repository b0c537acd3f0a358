using System.Text.Json.Nodes;
using Loire.Cli.Groups;
using Loire.Cli.Node;

namespace Loire.Cli.Consume.Members;

/// <summary>
/// Determines when a member has read its partitions to their ends. The end of a partition is fixed when the member first owns it, so a busy
/// topic cannot keep the reader from stopping.
/// </summary>
internal sealed class GroupEnds(NodeClient node, GroupSubscription wanted)
{
    private readonly Dictionary<(string Topic, int Partition), long> _ends = [];
    private readonly Dictionary<(string Topic, int Partition), long> _next = [];

    /// <summary>Counts a record that has been written.</summary>
    public void Written(string topic, int partition, long offset) => _next[(topic, partition)] = offset + 1;

    /// <summary>
    /// Whether the member is done: the group has settled, and its own partitions are read to their ends, by it or by a previous owner.
    /// </summary>
    public async Task<bool> AreReachedAsync(string memberId, CancellationToken cancellation)
    {
        var group = await node.GetAsync(NodeClient.GroupPath(wanted.Group), cancellation) as JsonObject;
        var member = GroupOffsets.Objects(group?["members"]).FirstOrDefault(member => (string?)member["member_id"] == memberId);
        if (member is null || (string?)group!["phase"] != "STABLE")
        {
            return false;
        }

        var offsets = await GroupOffsets.ReadAsync(node, wanted.Group, cancellation);
        var committed = offsets.ToDictionary(GroupOffsets.KeyOf, row => (long)row["offset"]!);
        foreach (var partition in GroupOffsets.Objects(member["assigned"]).Select(GroupOffsets.KeyOf))
        {
            if (!_ends.TryGetValue(partition, out var end))
            {
                var bounds = await node.OffsetsAsync(partition.Topic, partition.Partition, cancellation);
                var (start, highWatermark) = ((long)bounds["log_start_offset"]!, (long)bounds["high_watermark"]!);
                var isBehind = !committed.ContainsKey(partition) && wanted.FromEnd;
                end = start == highWatermark || isBehind ? 0 : highWatermark;
                _ends[partition] = end;
            }

            if (Math.Max(_next.GetValueOrDefault(partition), committed.GetValueOrDefault(partition)) < end)
            {
                return false;
            }
        }

        return true;
    }
}
