using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>Checks the offsets that a body commits, each by itself and all together.</summary>
internal static class CommitBody
{
    public static (CommittedOffset[]? Offsets, ApiProblem? Problem) Read(CommitOffsetJson[] entries) =>
        PartitionEntries.Read("offsets", entries, entry => (entry.TopicName, entry.Partition), Read);

    private static (CommittedOffset Offset, ApiProblem? Problem) Read(CommitOffsetJson entry, TopicPartition partition)
    {
        var metadata = entry.Metadata ?? "";
        var epoch = entry.LeaderEpoch is { } number ? new LeaderEpoch(number) : LeaderEpoch.None;
        var problem = entry.Offset < 0 ? ApiProblem.BadRequest("an offset is a whole number from 0.")
            : entry.LeaderEpoch < 0 ? ApiProblem.BadRequest("a leader epoch is a whole number from 0, or absent.")
            : metadata.Length > Limits.OffsetMetadataLength
                ? new ApiProblem(ErrorCode.OffsetMetadataTooLarge, $"metadata has at most {Limits.OffsetMetadataLength} characters.")
            : null;
        return (new CommittedOffset(partition, new Offset(entry.Offset), epoch, metadata, Timestamp.None), problem);
    }
}
