using Loire.Model;
using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Offsets;

internal static class Commit
{
    public static CommittedOffset Of(string topic, int partition, long offset, long at = 0, int epoch = -1, string metadata = "") =>
        new(Partition(topic, partition), new Offset(offset), new LeaderEpoch(epoch), metadata, new Timestamp(at));

    public static TopicPartition Partition(string topic, int partition) => new(TopicName.Parse(topic), partition);

    /// <summary>Offsets in order, as <c>topic-partition:offset</c>.</summary>
    public static string Text(OffsetsState state) =>
        string.Join(' ', state.All.OrderBy(offset => offset.Partition).Select(offset => $"{offset.Partition}:{offset.Offset}"));
}
